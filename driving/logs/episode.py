"""One episode while it is recorded: images go into the video encoder at once, numbers wait in memory until the episode ends.

Every value is checked when it arrives, so that an error names the right frame. `driving.logs.writer` puts the files in place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from driving.logs import keys, statistics
from driving.logs.features import Feature, Features, LogError
from driving.video import VideoWriter


class Episode:
    """An episode that `add` appends frames to.

    Args:
        features: the features that each frame brings.
        fps: the nominal frame rate (Hz).
        new_path: returns the path for the next video.
    """

    def __init__(self, features: Features, fps: float, new_path: Callable[[], Path]) -> None:
        self._fps, self._new_path = fps, new_path
        self._numbers = {key: feature for key, feature in features.items() if not feature.is_video}
        self._cameras = {key: feature for key, feature in features.items() if feature.is_video}
        self._keys = features.keys()
        self._times_s: list[float] = []
        self._rows: dict[str, list[Any]] = {key: [] for key in self._numbers}
        self._encoders: dict[str, VideoWriter] = {}
        self._pixels = {key: statistics.PixelStatistics() for key in self._cameras}
        self.videos: dict[str, Path] = {}
        """The file to which each camera's video is written."""

    @property
    def length(self) -> int:
        """The number of frames."""
        return len(self._times_s)

    def add(self, time_s: float, values: Mapping[str, Any]) -> None:
        """Append a frame: its time (s, increasing; any origin) and a value for every feature. Raises LogError for a wrong value."""
        where = f"frame {self.length}"
        if values.keys() != self._keys:
            missing, unknown = sorted(self._keys - values.keys()), sorted(values.keys() - self._keys)
            raise LogError(f"{where} lacks {missing} and has unknown {unknown}: give a value for each feature of the log, and no other")
        if not math.isfinite(time_s) or (self._times_s and time_s <= self._times_s[-1]):
            raise LogError(f"{where} has time {time_s} s after {self._times_s[-1:]}: times must grow from frame to frame")
        numbers = {key: check_number(values[key], feature, f"{where}: {key}") for key, feature in self._numbers.items()}
        images = {key: check_image(values[key], feature, f"{where}: {key}") for key, feature in self._cameras.items()}
        for key, number in numbers.items():
            self._rows[key].append(number)
        for key, image in images.items():
            self._encoder(key).write(image)
            self._pixels[key].add(image)
        self._times_s.append(float(time_s))

    def columns(self) -> dict[str, np.ndarray]:
        """Return the numbers of all frames, (T, n) per feature, and `keys.TIME` (T,) in s since the first frame."""
        types = {key: object if feature.dtype == "string" else feature.dtype for key, feature in self._numbers.items()}
        columns = {key: np.array(self._rows[key], dtype=dtype) for key, dtype in types.items()}
        return {**columns, keys.TIME: np.array(self._times_s) - self._times_s[0]}

    def pixel_statistics(self) -> dict[str, statistics.Statistics]:
        """Return the statistics of each camera's images."""
        return {key: pixels.result() for key, pixels in self._pixels.items()}

    def close(self) -> None:
        """End the videos. No frame can follow."""
        for encoder in self._encoders.values():
            encoder.close()
        self._encoders.clear()

    def _encoder(self, key: str) -> VideoWriter:
        if key not in self._encoders:
            height_px, width_px, _ = self._cameras[key].shape
            self.videos[key] = self._new_path()
            self._encoders[key] = VideoWriter(self.videos[key], height_px, width_px, self._fps)
        return self._encoders[key]


def check_number(value: Any, feature: Feature, where: str) -> Any:
    """Return `value` as an array (n,) of the feature's type, or the text itself. Raises LogError where it is neither, or not finite."""
    if feature.dtype == "string":
        if not isinstance(value, str):
            raise LogError(f"{where} is {type(value).__name__} {value!r}, expected a text")
        return value
    array = np.asarray(value)
    if array.size != feature.shape[0] or not np.can_cast(array.dtype, feature.dtype, "same_kind"):
        raise LogError(f"{where} has shape {array.shape} of {array.dtype}, expected {feature.shape} of {feature.dtype}")
    if not np.isfinite(array).all():
        raise LogError(f"{where} is {array.tolist()}, expected finite numbers: correct what computes it, or leave the frame out")
    return array.reshape(feature.shape).astype(feature.dtype, copy=True)


def check_image(value: Any, feature: Feature, where: str) -> np.ndarray:
    """Return `value` as a contiguous image. Raises LogError where it is not uint8 of the feature's shape (Y, X, 3)."""
    if not isinstance(value, np.ndarray) or value.dtype != np.uint8 or value.shape != feature.shape:
        got = f"{value.shape} of {value.dtype}" if isinstance(value, np.ndarray) else type(value).__name__
        raise LogError(f"{where} is {got}, expected an RGB image {feature.shape} of uint8")
    return np.ascontiguousarray(value)
