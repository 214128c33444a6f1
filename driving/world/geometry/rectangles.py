"""Rectangles on the ground that are turned by a yaw."""

from __future__ import annotations

import numpy as np


def make_footprints(xy: np.ndarray, yaw: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return the corners (N, 4, 2) m of rectangles, in turn.

    Args:
        xy: (N, 2) m, origins of the rectangles' frames.
        yaw: (N,) rad, directions of their forward axes.
        low: (N, 2) m, lowest forward and right coordinate in their frames.
        high: (N, 2) m, greatest forward and right coordinate in their frames.
    """
    x = np.stack([low[:, 0], high[:, 0], high[:, 0], low[:, 0]], 1)
    y = np.stack([low[:, 1], low[:, 1], high[:, 1], high[:, 1]], 1)
    cos, sin = np.cos(yaw)[:, None], np.sin(yaw)[:, None]
    return np.stack([xy[:, :1] + cos * x - sin * y, xy[:, 1:] + sin * x + cos * y], axis=2)
