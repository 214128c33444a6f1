"""The doctor: what is wrong with a driving log, one line per problem with its remedy.

It reads every row and counts every frame of the videos. It decodes the first and the last image of each episode, or all on request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from driving.logs import keys, layout, metadata
from driving.logs.features import LogError
from driving.logs.metadata import EpisodeInfo
from driving.logs.reader import Log
from driving.video import VideoError, frame_times

TIMESTAMP_TOLERANCE_S = 1e-3
LIMITS = {"steer": (-1.0, 1.0), "throttle": (0.0, 1.0), "brake": (0.0, 1.0)}


def examine(root: Path, decode_all: bool = False) -> list[str]:
    """Return the log's problems, in order; none where it is sound. A log that cannot be read is a problem too, not an exception."""
    try:
        info = metadata.read_info(root)
        log = Log(root)
        tasks = metadata.read_tasks(root) if info["codebase_version"] == layout.CODEBASE else None
    except LogError as error:
        return [str(error)]
    problems = list(_totals(log, info))
    shown: dict[Path, np.ndarray | str] = {}
    first = 0
    for episode in log.episodes:
        problems += [f"episode {episode.index}: {problem}" for problem in _rows(log, episode, first, tasks)]
        for key in episode.videos:
            problems += [f"episode {episode.index}: {problem}" for problem in _video(log, episode, key, shown, decode_all)]
        first += episode.length
    return problems + list(_leftovers(log))


def _totals(log: Log, info: Mapping[str, Any]) -> Iterator[str]:
    """Yield the problems of `meta/info.json`: totals that the episodes do not have, missing statistics."""
    if not log.episodes:
        yield "it has no episode: record one into it, or remove the folder"
    if info["total_episodes"] != len(log.episodes):
        yield f"{layout.INFO} says {info['total_episodes']} episodes, {len(log.episodes)} are described: copy the log again from its source"
    if info["total_frames"] != log.frame_count:
        yield f"{layout.INFO} says {info['total_frames']} frames, the episodes have {log.frame_count}: copy the log again from its source"
    if info["codebase_version"] == layout.CODEBASE and log.episodes and not (log.root / layout.STATS).is_file():
        yield f"{layout.STATS} is missing, so lerobot cannot normalise: record one more episode with LogWriter, which writes the file again"


def _leftovers(log: Log) -> Iterator[str]:
    """Yield files that no finished episode uses. Our reader skips them, but lerobot's reads every file that it finds."""
    used = {episode.data_path for episode in log.episodes} | {video.path for episode in log.episodes for video in episode.videos.values()}
    for path in sorted(path for folder, kind in (("data", "parquet"), ("videos", "mp4")) for path in (log.root / folder).rglob(f"*.{kind}")):
        if path not in used:
            yield f"{path} belongs to no finished episode, a writer was killed there: record into the log again, which drops it, or delete the file"


def _rows(log: Log, episode: EpisodeInfo, first: int, tasks: list[str] | None) -> Iterator[str]:
    """Yield the problems of an episode's table; `first` is the number of frames before it."""
    try:
        columns, times_s = log.columns(episode.index), log.timestamps(episode.index)
    except LogError as error:
        yield str(error)
        return
    except (KeyError, TypeError, ValueError) as error:
        yield f"its table is not what {layout.INFO} describes ({type(error).__name__}: {error}): copy the log again from its source"
        return
    missing = [key for key in (*keys.BOOKKEEPING, *log.features) if key not in columns and key not in log.image_keys]
    if missing:
        yield f"its table lacks {', '.join(dict.fromkeys(missing))}: copy the log again from its source"
        return
    count = np.arange(episode.length)
    for key, expected in (("frame_index", count), ("index", count + first)):
        if not np.array_equal(columns[key], expected):
            yield f"{key} does not count from {expected[0]} to {expected[-1]}: rows are lost or in disorder; copy it again, or record it again"
    late_s = float(np.abs(columns["timestamp"] - count / log.fps).max())
    if late_s > TIMESTAMP_TOLERANCE_S + 1e-6 * episode.length / log.fps:
        yield f"timestamp is {late_s:.3f} s off frame_index / fps ({log.fps:g}), so images and rows do not match: set fps to the rate that wrote it"
    if not np.isfinite(times_s).all() or (np.diff(times_s) <= 0.0).any():
        yield "its times do not grow from frame to frame, so dt would be 0 or less: record it again"
    if tasks is not None and not np.isin(columns["task_index"], np.arange(len(tasks))).all():
        yield f"task_index is outside 0 to {len(tasks) - 1}: {layout.TASKS} is older than the rows; copy the log again from its source"
    yield from _values(log, columns)


def _values(log: Log, columns: Mapping[str, np.ndarray]) -> Iterator[str]:
    """Yield the problems of an episode's numbers: not finite, or outside the limits of our units."""
    for key, values in columns.items():
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            frame = int(np.argwhere(~np.isfinite(values))[0][0])
            yield f"{key} is not finite in {int((~np.isfinite(values)).sum())} places, first in frame {frame}: leave the episode out of training"
    names = log.features[keys.ACTION].names if keys.ACTION in log.features else None
    for element, name in enumerate(names or ()):
        least, most = LIMITS.get(name, (-np.inf, np.inf))
        column = columns[keys.ACTION][:, element]
        outside = (column < least) | (column > most)
        if outside.any():
            worst, bounds = column[outside][np.abs(column[outside]).argmax()], f"expected {least:g} to {most:g}"
            yield f"{keys.ACTION} {name} reaches {worst:.3g} ({outside.sum()} frames outside), {bounds}: bring it to our units"


def _video(log: Log, episode: EpisodeInfo, key: str, shown: dict[Path, np.ndarray | str], decode_all: bool) -> Iterator[str]:
    """Yield the problems of an episode's video. `shown` keeps what `_read_times` returned for each file."""
    video = episode.videos[key]
    if video.path not in shown:
        shown[video.path] = _read_times(video.path)
    times = shown[video.path]
    if isinstance(times, str):
        yield times
        return
    half_s, shape = 0.5 / log.fps, log.features[key].shape
    until_s = video.from_s + episode.length / log.fps
    count = int(((times > video.from_s - half_s) & (times < until_s - half_s)).sum())
    if count != episode.length:
        yield f"video {video.path} has {count} of its {episode.length} frames: copy it again from its source, or record the episode again"
        return
    parts = [(0, episode.length)] if decode_all else [(k, k + 1) for k in {0, episode.length - 1}]
    try:
        for start, stop in parts:
            for image in log.frames(episode.index, key, start, stop):
                if sorted(image.shape) != sorted(shape):
                    yield f"video {video.path} has images of {image.shape}, {layout.INFO} says {shape}: correct the shape there"
                    return
    except LogError as error:
        yield str(error)


def _read_times(path: Path) -> np.ndarray | str:
    """Return when each frame of a video is shown (s), or what is wrong with the file."""
    try:
        return frame_times(path)
    except VideoError as error:
        return str(error)
