"""Features: what a log holds for every frame, as LeRobot's `meta/info.json` describes it.

A feature is a type of number (or `video`, `image`, `string`), a shape, and names for the elements of a vector.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from driving.logs import keys
from driving.quantities import CameraSpec, UserError
from driving.video import pixel_format
from policy.command import COMMAND_NAMES


class LogError(UserError):
    """A driving log, or a folder that should be one, that cannot be used."""


@dataclass(frozen=True)
class Feature:
    """One feature: `dtype` as NumPy spells it, or "video", "image" or "string"; its shape; the names of a vector's elements."""

    dtype: str
    shape: tuple[int, ...]
    names: tuple[str, ...] | None = None

    @property
    def is_video(self) -> bool:
        """Whether it is a camera whose images are stored as video, not as a column."""
        return self.dtype == "video"

    @property
    def is_camera(self) -> bool:
        """Whether it is a camera: stored as video, or as pictures in the table."""
        return self.dtype in ("video", "image")

    @property
    def element_type(self) -> pa.DataType:
        """The type of its parquet column's elements."""
        return pa.string() if self.dtype == "string" else pa.from_numpy_dtype(np.dtype(self.dtype))

    def to_json(self) -> dict[str, Any]:
        """Its entry in `meta/info.json`."""
        return {"dtype": self.dtype, "shape": list(self.shape), "names": list(self.names) if self.names else None}

    @staticmethod
    def from_json(entry: Mapping[str, Any]) -> Feature:
        """Read an entry of `meta/info.json`. Its names may be a list, a list or a dictionary of one list, or null.

        Some published logs give a vector of eight elements the single name `state`. Names that do not name each element are dropped.
        """
        dtype, shape, names = str(entry["dtype"]), tuple(int(n) for n in entry["shape"]), entry.get("names")
        if isinstance(names, Mapping):
            names = next((value for value in names.values() if isinstance(value, list)), list(names))
        if isinstance(names, list) and len(names) == 1 and isinstance(names[0], list):
            names = names[0]
        if not isinstance(names, list) or not names or (dtype not in ("video", "image") and (len(names),) != shape):
            return Feature(dtype, shape)
        return Feature(dtype, shape, tuple(map(str, names)))


Features = Mapping[str, Feature]

BOOKKEEPING: Features = {key: Feature("float32" if key == "timestamp" else "int64", (1,)) for key in keys.BOOKKEEPING}


def image(height_px: int, width_px: int) -> Feature:
    """Return the feature of a camera's RGB video."""
    return Feature("video", (height_px, width_px, 3), ("height", "width", "channels"))


def vector(names: Sequence[str], dtype: str = "float32") -> Feature:
    """Return the feature of a vector of named numbers."""
    return Feature(dtype, (len(names),), tuple(names))


def driving_features(camera: CameraSpec, commands: bool = False) -> dict[str, Feature]:
    """Return the features of a recorded drive: the camera's video, motion, lane, label and disturbance (see `driving.logs.keys`).

    With `commands` the navigation command is one more.
    """
    return {
        keys.IMAGE: image(camera.height_px, camera.width_px),
        keys.STATE: vector(keys.STATE_NAMES),
        keys.LANE: vector(keys.LANE_NAMES),
        keys.ACTION: vector(keys.ACTION_NAMES),
        keys.DISTURBANCE: vector(keys.DISTURBANCE_NAMES),
    } | ({keys.COMMAND: vector(COMMAND_NAMES)} if commands else {})


def video_info(height_px: int, width_px: int, fps: float) -> dict[str, Any]:
    """Return what `meta/info.json` says of a camera's video as `driving.video.VideoWriter` writes it."""
    return {
        "video.height": height_px,
        "video.width": width_px,
        "video.codec": "h264",
        "video.pix_fmt": pixel_format(height_px, width_px),
        "video.is_depth_map": False,
        "video.fps": fps,
        "video.channels": 3,
        "has_audio": False,
    }
