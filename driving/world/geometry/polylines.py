"""Polylines: stations along them, resampling, directions across them, and the ribbon between two of them.

A line is an array (K, 2 or more) of points; x and y (m) come first. K points, N samples. Right is clockwise seen from above.
"""

from __future__ import annotations

import numpy as np


def stations(line: np.ndarray) -> np.ndarray:
    """Return the distance (K,) m in the plane from the first point to each point, measured along the line."""
    return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line[:, :2], axis=0).T))])


def resample(at: np.ndarray, s: np.ndarray, line: np.ndarray) -> np.ndarray:
    """Return all columns of a line at other stations: `at` (N,), the line's own stations `s` (K,), the line (K, C); the result is (N, C)."""
    return np.stack([np.interp(at, s, column) for column in line.T], axis=1)


def unit(vectors: np.ndarray, least_m: float = 1e-9) -> np.ndarray:
    """Return vectors (N, 2) scaled to length 1; those shorter than `least_m` stay shorter than 1."""
    return vectors / np.maximum(np.hypot(*vectors.T), least_m)[:, None]


def right_of(along: np.ndarray) -> np.ndarray:
    """Return unit vectors (N, 2) to the right of directions `along` (N, 2) of any length."""
    return unit(np.stack([-along[:, 1], along[:, 0]], axis=1))


def ribbon(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the triangles (2 (K - 1), 3, 3) between two lines (K, 3): first all that have two corners on the left, then the others."""
    return np.concatenate([np.stack([left[:-1], left[1:], right[1:]], 1), np.stack([left[:-1], right[1:], right[:-1]], 1)])
