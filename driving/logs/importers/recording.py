"""What every importer returns, and how it becomes a log.

An importer yields frames in our units and signs, in order. Here they are split into episodes, at the end of a session, at gaps in time, and
where the clock goes back. What is left out, clipped or bridged is counted, told, and kept in `meta/import.json` for the doctor.
"""

from __future__ import annotations

import itertools
import math
import shutil
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from driving.logs import keys, layout
from driving.logs.features import Feature, LogError, image, vector
from driving.logs.importers.tally import Tally
from driving.logs.writer import LogWriter

GAP_FRAMES = 4.0
LEAST_GAP_S = 0.5
LEAST_FRAMES = 2
WRITTEN = ("meta", "data", "videos", layout.UNFINISHED)  # the folders of a log


@dataclass(frozen=True)
class Frame:
    """One frame of a source, in our units and signs."""

    time_s: float  # any origin; not finite where it is unknown
    session: Hashable  # frames of different sessions do not follow each other
    image: np.ndarray | None  # (Y, X, 3) uint8 RGB
    values: Mapping[str, Sequence[float]]  # vectors by feature


@dataclass
class Recording:
    """A source that an importer has opened. `notes` and `tally` grow while `frames` are read; the user gets both."""

    rate_hz: float  # the nominal frame rate
    names: Mapping[str, Sequence[str]]  # the elements of each vector, by feature
    frames: Iterator[Frame]
    robot_type: str
    notes: list[str] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)


@dataclass(frozen=True)
class ImportReport:
    """What an import made, and notes for the user, one line each."""

    episodes: int
    frames: int
    duration_s: float
    notes: tuple[str, ...]


def write_recording(recording: Recording, out: Path, width_px: int | None = None, task: str = "keep the lane") -> ImportReport:
    """Write a new log, whole or not at all.

    Args:
        recording: the opened source.
        out: folder for the log; new or empty.
        width_px: makes wider images this wide, in proportion.
        task: the text that each episode gets.

    Raises LogError where no frame is usable.
    """
    first = next(recording.frames, None)
    if first is None:
        raise LogError(f"nothing to import into {out}: {'; '.join(_notes(recording, 0)) or 'the source is empty'}")
    features: dict[str, Feature] = {key: vector(names) for key, names in recording.names.items()}
    if first.image is not None:
        height, width, _ = _narrow(first.image, width_px).shape
        features = {keys.IMAGE: image(height, width), **features}
    fresh = not out.exists()
    with LogWriter(out, features, recording.rate_hz, recording.robot_type, resume=False) as writer:
        try:
            frames = _keep_usable(recording, itertools.chain([first], recording.frames), first.image, width_px)
            count, duration_s = _write_episodes(writer, recording, frames, task)
            if not count:
                raise LogError(f"nothing to import into {out}: no two frames follow each other; {'; '.join(_notes(recording, 0))}")
            notes = _notes(recording, count)
            _keep_notes(out, recording.robot_type, notes)
            return ImportReport(writer.episode_count, count, duration_s, tuple(notes))
        except BaseException:
            for path in [out] if fresh else [out / folder for folder in WRITTEN]:
                shutil.rmtree(path, ignore_errors=True)
            raise


def _narrow(picture: np.ndarray, width_px: int | None) -> np.ndarray:
    """Return the image, not wider than `width_px`; a narrowed one has an even width and height."""
    height, width = picture.shape[:2]
    if width_px is None or width_px >= width:
        return picture
    if width_px < 8:
        raise LogError(f"width_px is {width_px}, expected at least 8 pixels")
    size = (width_px - width_px % 2, max(2, round(height * width_px / width / 2) * 2))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _keep_usable(recording: Recording, frames: Iterator[Frame], sample: np.ndarray | None, width_px: int | None) -> Iterator[Frame]:
    """Yield the frames that have a time of their own and an image of the size of the `sample`, made narrower."""
    before = None
    for frame in frames:
        if not math.isfinite(frame.time_s):
            recording.tally.skip("without a time")
        elif before == (frame.session, frame.time_s):
            recording.tally.skip("the same time as the frame before", f"{frame.time_s:.3f} s")
        elif frame.image is not None and sample is not None and frame.image.shape != sample.shape:
            recording.tally.skip("image of another size than the first one's", f"{frame.image.shape}, expected {sample.shape}")
        else:
            before = (frame.session, frame.time_s)
            yield frame if frame.image is None else Frame(frame.time_s, frame.session, _narrow(frame.image, width_px), frame.values)


def _number_episodes(frames: Iterator[Frame], gap_s: float, notes: list[str]) -> Iterator[tuple[int, Frame]]:
    """Yield each frame with the number of its episode. An episode ends with the session, at a gap, and where the clock goes back.

    When the frames end, `notes` gets a line for gaps and one for a clock that went back.
    """
    number, before = 0, None
    gaps_s: list[float] = []
    for frame in frames:
        if before is not None and frame.session != before.session:
            number += 1
        elif before is not None and not 0.0 < frame.time_s - before.time_s <= gap_s:
            number += 1
            gaps_s.append(frame.time_s - before.time_s)
        yield number, frame
        before = frame
    pauses, returns = [gap for gap in gaps_s if gap > 0.0], [gap for gap in gaps_s if gap < 0.0]
    if pauses:
        notes.append(f"pauses longer than {gap_s:g} s: {len(pauses)}, the longest {max(pauses):.2f} s; an episode ends at each")
    if returns:
        notes.append(f"times that the clock goes back: {len(returns)}, at most by {-min(returns):.2f} s; an episode ends at each")


def _write_episodes(writer: LogWriter, recording: Recording, frames: Iterator[Frame], task: str) -> tuple[int, float]:
    """Write the episodes and return the number of frames and the duration (s) of all."""
    gap_s = max(LEAST_GAP_S, GAP_FRAMES / recording.rate_hz)
    count, duration_s = 0, 0.0
    for _, group in itertools.groupby(_number_episodes(frames, gap_s, recording.notes), key=lambda pair: pair[0]):
        start = [frame for _, frame in itertools.islice(group, LEAST_FRAMES)]
        if len(start) < LEAST_FRAMES:
            recording.tally.skip("alone between two gaps", f"{start[0].time_s:.3f} s")
            continue
        with writer.episode(task) as episode:
            for frame in itertools.chain(start, (frame for _, frame in group)):
                values = frame.values if frame.image is None else {keys.IMAGE: frame.image, **frame.values}
                episode.add(frame.time_s, values)
        count += episode.length
        duration_s += frame.time_s - start[0].time_s
    return count, duration_s


def _notes(recording: Recording, count: int) -> list[str]:
    """Return what to tell after an import of `count` frames."""
    recording.tally.totals["frames"] = count + recording.tally.skipped
    return [*recording.notes, *recording.tally.lines()]


def _keep_notes(out: Path, robot_type: str, notes: Sequence[str]) -> None:
    """Keep what the import told beside the log's metadata, where other readers do not look."""
    staging = layout.Staging(out)
    staging.write_json(layout.IMPORT, {"source": robot_type, "notes": list(notes)})
    staging.commit()
