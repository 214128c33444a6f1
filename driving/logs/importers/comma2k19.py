"""comma2k19: one-minute segments of highway driving with CAN, IMU and pose as .npy bytes, and the camera as raw HEVC.

Their steering is the steering wheel's angle in degrees, left positive. Here it is divided by the wheel's full lock, and right positive. The
gyro's third axis points down, so its rate is right positive already. Everything is interpolated at the camera's frame times.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import av.error
import numpy as np

from driving.logs import keys
from driving.logs.features import LogError
from driving.logs.importers.recording import Frame, Recording

RATE_HZ = 20.0
OUTSIDE_S = 0.05
SPEED, STEERING, GYRO = "processed_log/CAN/speed", "processed_log/CAN/steering_angle", "processed_log/IMU/gyro"
FRAME_TIMES = "global_pose/frame_times"
VIDEO = "video.hevc"


@dataclass(frozen=True)
class Options:
    """Facts that the source does not state.

    Args:
        full_lock_deg: the steering wheel's largest angle (deg), which becomes steer 1.
        labels_only: skips the videos, so that the log has no images.
    """

    full_lock_deg: float = 540.0
    labels_only: bool = False


def read(source: Path, options: Options) -> Recording:
    """Open a segment, or every segment below a folder. steer = -wheel angle / `full_lock_deg`.

    Raises LogError where there is no segment, or where an array or a video is missing or broken.
    """
    full_lock_deg, labels_only = options.full_lock_deg, options.labels_only
    if not full_lock_deg > 0.0:
        raise LogError(f"full_lock_deg is {full_lock_deg:g}, expected the wheel's largest angle in degrees, above 0")
    segments = _segments(source)
    without = [segment for segment in segments if not (segment / VIDEO).is_file()]
    if without and not labels_only:
        raise LogError(f"{len(without)} of {len(segments)} segments lack {VIDEO}, first {without[0]}: fetch it, or import with labels_only")
    skipped: Counter[str] = Counter()
    notes = [f"steer is the wheel's angle over {full_lock_deg:g} degrees; give full_lock_deg if the car's lock is another"]
    if labels_only:
        notes.append("labels only, as asked: the log has no images")
    names = {keys.ACTION: ("steer",), keys.STATE: keys.STATE_NAMES}
    frames = (frame for segment in segments for frame in _frames(segment, full_lock_deg, labels_only, skipped))
    return Recording(RATE_HZ, names, frames, "comma2k19", notes, skipped)


def _segments(source: Path) -> list[Path]:
    """Return every folder with frame times in or below `source`: routes in order, their segments by number."""
    found = [source] if (source / FRAME_TIMES).is_file() else [path.parents[1] for path in source.rglob(FRAME_TIMES)]
    if not found:
        raise LogError(f"{source} does not hold a comma2k19 segment: expected {FRAME_TIMES} in it or in a folder DONGLE|DATE/NUMBER below it")
    return sorted(found, key=lambda path: (str(path.parent), int(path.name) if path.name.isdecimal() else 0, path.name))


def _array(path: Path) -> np.ndarray:
    try:
        with path.open("rb") as file:
            return np.load(file, allow_pickle=False)
    except OSError as error:
        raise LogError(f"{path} is missing or cannot be read ({error.strerror}): fetch the segment again") from error
    except (ValueError, EOFError) as error:
        raise LogError(f"{path} is not a .npy array ({error}): fetch the segment again") from error


def _signal(segment: Path, name: str, times_s: np.ndarray, column: int = 0) -> np.ndarray:
    """Return a signal (T,) at the frame times; NaN where it was not measured."""
    at, values = _array(segment / name / "t"), _array(segment / name / "value")
    values = values.reshape(len(values), -1)
    if len(at) != len(values) or len(at) < 2 or column >= values.shape[1]:
        raise LogError(f"{segment / name} has {len(at)} times and values of shape {values.shape}: fetch the segment again")
    inside = (times_s >= at[0] - OUTSIDE_S) & (times_s <= at[-1] + OUTSIDE_S)
    return np.where(inside, np.interp(times_s, at, values[:, column]), np.nan)


def _frames(segment: Path, full_lock_deg: float, labels_only: bool, skipped: Counter[str]) -> Iterator[Frame]:
    times_s = _array(segment / FRAME_TIMES)
    steer = -_signal(segment, STEERING, times_s) / full_lock_deg
    speed_mps, yaw_rate_radps = _signal(segment, SPEED, times_s), _signal(segment, GYRO, times_s, column=2)
    images: Iterator[np.ndarray | None] = iter([None] * len(times_s)) if labels_only else _images(segment / VIDEO)
    known = np.isfinite(steer) & np.isfinite(speed_mps) & np.isfinite(yaw_rate_radps)
    shown = 0
    for k, image in enumerate(images):
        if k == len(times_s):
            skipped["image without a time"] += 1
            break
        shown += 1
        if not known[k]:
            skipped["no CAN or IMU data at the frame's time"] += 1
            continue
        wheel = min(1.0, max(-1.0, float(steer[k])))
        yield Frame(float(times_s[k]), segment, image, {keys.ACTION: (wheel,), keys.STATE: (float(speed_mps[k]), float(yaw_rate_radps[k]))})
    if shown < len(times_s):
        skipped["time without an image: the video ends early"] += len(times_s) - shown


def _images(path: Path) -> Iterator[np.ndarray]:
    """Yield the images of a raw HEVC stream, which does not carry times."""
    try:
        with av.open(str(path), format="hevc") as container:
            for frame in container.decode(video=0):
                yield frame.to_ndarray(format="rgb24")
    except (av.error.FFmpegError, IndexError) as error:
        raise LogError(f"video {path} is broken ({error}): fetch it again, or import with labels_only") from error
