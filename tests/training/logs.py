"""Small logs for the training tests, written by the real writer. A bright line on dark ground shows the steer by its place in the image."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from driving.logs import keys
from driving.logs.features import driving_features
from driving.logs.writer import LogWriter
from driving.quantities import CameraSpec

CAMERA = CameraSpec(width_px=96, height_px=64)
FPS = 10.0


def line_image(steer: float, noise: np.random.Generator) -> np.ndarray:
    """Return the camera image that shows this steer."""
    image = noise.integers(60, 90, (CAMERA.height_px, CAMERA.width_px, 3), dtype=np.uint8)
    column = round((0.5 + 0.4 * steer) * (CAMERA.width_px - 1))
    image[20:, max(0, column - 3) : column + 4] = (240, 240, 200)
    return image


def steers(length: int, seed: int) -> np.ndarray:
    """Return a smooth steer in [-1, 1] for each frame."""
    rng = np.random.default_rng(seed)
    phase, frequency = rng.uniform(0, 6.28), rng.uniform(0.05, 0.2)
    return 0.9 * np.sin(phase + frequency * np.arange(length))


def write_log(root: Path, lengths: Sequence[int] = (60, 60, 60), seed: int = 0, times_s: Sequence[np.ndarray] | None = None) -> Path:
    """Write or continue a log, with episodes of these lengths. Times are 0.1 s apart unless they are given."""
    with LogWriter(root, driving_features(CAMERA), FPS) as writer:
        for index, length in enumerate(lengths):
            rng = np.random.default_rng([seed, index])
            times = np.arange(length) / FPS if times_s is None else times_s[index]
            with writer.episode() as episode:
                for time, steer in zip(times, steers(length, 100 * seed + index), strict=True):
                    values = {
                        keys.IMAGE: line_image(steer, rng),
                        keys.STATE: np.array([8.0, 0.0], np.float32),
                        keys.LANE: np.zeros(3, np.float32),
                        keys.ACTION: np.array([steer, 0.3, 0.0], np.float32),
                        keys.DISTURBANCE: np.zeros(1, np.float32),
                    }
                    episode.add(float(time), values)
    return root
