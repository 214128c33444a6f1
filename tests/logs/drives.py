"""Small driving logs for tests, with smoothly moving images and values that differ in every frame."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from driving.logs import keys
from driving.logs.features import Feature, driving_features
from driving.logs.writer import LogWriter
from driving.quantities import CameraSpec

CAMERA = CameraSpec(width_px=64, height_px=48)
FEATURES: Mapping[str, Feature] = driving_features(CAMERA)
FPS = 20.0


def picture(t: int, height: int = CAMERA.height_px, width: int = CAMERA.width_px, seed: int = 0) -> np.ndarray:
    """Return image `t` of a smooth scene, as colourful as a road, that moves to the left."""
    random = np.random.default_rng(seed)
    small = random.integers(40, 216, (height // 8 + 2, width // 8 + 60, 1)) + random.integers(-30, 31, (height // 8 + 2, width // 8 + 60, 3))
    wide = cv2.resize(small.astype(np.uint8), None, fx=8, fy=8, interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(wide[:height, 3 * (t % 100) : 3 * (t % 100) + width])


def values(t: int, seed: int = 0) -> dict[str, Any]:
    """Return the values of frame `t` of episode `seed`."""
    random = np.random.default_rng([seed, t])
    return {
        keys.IMAGE: picture(t, seed=seed),
        keys.STATE: random.uniform(0.0, 9.0, 2).astype(np.float32),
        keys.LANE: random.normal(size=3).astype(np.float32),
        keys.ACTION: random.uniform(0.0, 1.0, 3).astype(np.float32),
        keys.DISTURBANCE: np.float32(random.normal()),
    }


def time_s(t: int) -> float:
    """Return the time (s) of frame `t` on an uneven clock that does not begin at 0."""
    return 31.7 + t / FPS + 0.004 * np.sin(1.7 * t)


def record(writer: LogWriter, frames: int, seed: int = 0, task: str = "keep the lane") -> None:
    """Add an episode of `frames` frames."""
    with writer.episode(task) as episode:
        for t in range(frames):
            episode.add(time_s(t), values(t, seed))


def small_log(root: Path, lengths: tuple[int, ...] = (5, 8)) -> Path:
    """Write a log whose episode k has seed k, and return its folder."""
    with LogWriter(root, FEATURES, FPS) as writer:
        for seed, frames in enumerate(lengths):
            record(writer, frames, seed)
    return root
