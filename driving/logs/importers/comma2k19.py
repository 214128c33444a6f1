"""comma2k19: one-minute segments of highway driving with CAN, IMU and pose as .npy bytes, and the camera as raw HEVC.

Their steering is the steering wheel's angle in degrees, left positive. Here it is divided by the wheel's full lock, and right positive. The
gyro's third axis points down, so its rate is right positive already. Everything is interpolated at the camera's frame times, across short
gaps only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import av.error
import numpy as np

from driving.logs import keys
from driving.logs.features import LogError
from driving.logs.importers import clock
from driving.logs.importers.bus import Signal, sample_at
from driving.logs.importers.options import full_lock_scale
from driving.logs.importers.recording import Frame, Recording
from driving.logs.importers.scales import Scale
from driving.logs.importers.tally import Tally

RATE_HZ = 20.0
SPEED, STEERING, GYRO = "processed_log/CAN/speed", "processed_log/CAN/steering_angle", "processed_log/IMU/gyro"
FRAME_TIMES = "global_pose/frame_times"
VIDEO = "video.hevc"
FASTEST_MPS, FASTEST_RADPS = 120.0, 10.0
STEERING_JUMP_DEG, SPEED_JUMP_MPS, GYRO_JUMP_RADPS = 45.0, 5.0, 1.0  # within a few hundredths of a second no car does this


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

    Raises LogError where there is no segment, where an array or a video is missing or broken, or where the angles exceed the full lock.
    """
    full_lock_deg, labels_only = options.full_lock_deg, options.labels_only
    steering = full_lock_scale(STEERING, full_lock_deg, -1.0)
    segments = _segments(source)
    without = [segment for segment in segments if not (segment / VIDEO).is_file()]
    if without and not labels_only:
        raise LogError(f"{len(without)} of {len(segments)} segments lack {VIDEO}, first {without[0]}: fetch it, or import with labels_only")
    tally = Tally()
    notes = [f"steer is the wheel's angle over {full_lock_deg:g} degrees; give full_lock_deg if the car's lock is another"]
    if labels_only:
        notes.append("labels only, as asked: the log has no images")
    names = {keys.ACTION: ("steer",), keys.STATE: keys.STATE_NAMES}
    labels = {segment: _read_labels(segment, steering, tally) for segment in segments}
    frames = (frame for segment, (times_s, values) in labels.items() for frame in _frames(segment, times_s, values, labels_only, tally))
    return Recording(RATE_HZ, names, frames, "comma2k19", notes, tally)


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


def _signal(segment: Path, signal: Signal, times_s: np.ndarray, tally: Tally, column: int = 0) -> np.ndarray:
    """Return a signal (T,) at the frame times; NaN where it was not measured."""
    folder = segment / signal.scale.source
    at, values = _array(folder / "t"), _array(folder / "value")
    values = values.reshape(len(values), -1)
    if len(at) != len(values) or len(at) < 2 or column >= values.shape[1]:
        raise LogError(f"{folder} has {len(at)} times and values of shape {values.shape}: fetch the segment again")
    try:
        return sample_at(signal, at, values[:, column], times_s, tally)
    except LogError as error:
        raise LogError(f"segment {segment}: {error}") from error


def _read_labels(segment: Path, steering: Scale, tally: Tally) -> tuple[np.ndarray, np.ndarray]:
    """Return a segment's frame times (T,), and steer, speed (m/s) and yaw rate (rad/s) there (T, 3); NaN where one was not measured."""
    times_s = _array(segment / FRAME_TIMES)
    fault = clock.find_fault(times_s.tolist())
    if fault:
        raise LogError(f"{segment / FRAME_TIMES} cannot be a camera's clock, {fault}: fetch the segment again")
    speed = Signal(Scale(SPEED, least=-FASTEST_MPS, most=FASTEST_MPS, remedy="expected m/s; fetch the segment again"), SPEED_JUMP_MPS)
    gyro = Signal(Scale(GYRO, least=-FASTEST_RADPS, most=FASTEST_RADPS, remedy="expected rad/s; fetch the segment again"), GYRO_JUMP_RADPS)
    signals = ((Signal(steering, STEERING_JUMP_DEG), 0), (speed, 0), (gyro, 2))
    values = np.stack([_signal(segment, signal, times_s, tally, column) for signal, column in signals], axis=1)
    return times_s, values


def _frames(segment: Path, times_s: np.ndarray, values: np.ndarray, labels_only: bool, tally: Tally) -> Iterator[Frame]:
    images: Iterator[np.ndarray | None] = iter([None] * len(times_s)) if labels_only else _images(segment / VIDEO)
    shown = 0
    for k, image in enumerate(images):
        if k == len(times_s):
            tally.skip("image without a time", f"{segment / VIDEO} has more images than {FRAME_TIMES}")
            break
        shown += 1
        steer, speed_mps, yaw_rate_radps = values[k].tolist()
        if not np.isfinite(values[k]).all():
            lacking = ", ".join(name for name, value in zip((STEERING, SPEED, GYRO), values[k], strict=True) if np.isnan(value))
            tally.skip("no CAN or IMU data at the frame's time", f"segment {segment.name}, frame {k} at {times_s[k]:.3f} s, {lacking}")
            continue
        yield Frame(float(times_s[k]), segment, image, {keys.ACTION: (steer,), keys.STATE: (speed_mps, yaw_rate_radps)})
    if shown < len(times_s):
        tally.skip("time without an image: the video ends early", f"{segment / VIDEO} has {shown} images", len(times_s) - shown)


def _images(path: Path) -> Iterator[np.ndarray]:
    """Yield the images of a raw HEVC stream, which does not carry times."""
    try:
        with av.open(str(path), format="hevc") as container:
            for frame in container.decode(video=0):
                yield frame.to_ndarray(format="rgb24")
    except (av.error.FFmpegError, IndexError) as error:
        raise LogError(f"video {path} is broken ({error}): fetch it again, or import with labels_only") from error
