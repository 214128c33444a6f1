"""Thinning of polylines: which points to keep so that the chords between them err by little. Compiled by numba.

Both functions go from a kept point to the furthest point whose chord is close enough to the line, and keep that point. `keep_bends` compares each
coordinate with the chord at the same share of its length, so that several lines stay joined. `keep_joints` measures the distance from the chord.
Shapes: K points of a line.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit


def keep_bends(lines: list[np.ndarray], error_m: float, longest_m: float) -> np.ndarray:
    """Return which points to keep of lines (K, 3) side by side, first and last included, as one array of indices for all.

    Each coordinate of an omitted point differs from its chord by less than `error_m`. A chord of the first line is at most `longest_m` long, unless
    two neighbouring points are further apart.
    """
    return np.asarray(_thin(np.ascontiguousarray(np.concatenate(lines, axis=1)), error_m, longest_m, True))


def keep_joints(line: np.ndarray, error_m: float, longest_m: float) -> np.ndarray:
    """Return which points to keep of a line (K, 3), first and last included, as indices.

    An omitted point is at most `error_m` away from its chord, in the plane and in height. A chord is at most `longest_m` long, unless two
    neighbouring points are further apart.
    """
    return np.asarray(_thin(np.ascontiguousarray(line), error_m, longest_m, False))


@njit(cache=True, nogil=True)
def _thin(lines, error_m, longest_m, by_share):  # type: ignore[no-untyped-def]
    """Return the kept indices of lines (K, 3 L); `by_share` chooses the rule of `keep_bends`."""
    count = lines.shape[0]
    kept = np.empty(count, np.int64)
    kept[0], found, start = 0, 1, 0
    while start < count - 1:
        end = start + 1
        while end + 1 < count and (
            _fits_by_share(lines, start, end + 1, error_m, longest_m) if by_share else _fits_by_distance(lines, start, end + 1, error_m, longest_m)
        ):
            end += 1
        kept[found], start = end, end
        found += 1
    return kept[:found]


@njit(cache=True, nogil=True)
def _fits_by_share(lines, first, last, error_m, longest_m):  # type: ignore[no-untyped-def]
    """Return whether every coordinate between two points is near to that of the chord at the point's share of its length."""
    length = math.hypot(lines[last, 0] - lines[first, 0], lines[last, 1] - lines[first, 1])
    if length > longest_m:
        return False
    for k in range(first, last + 1):
        along = math.hypot(lines[k, 0] - lines[first, 0], lines[k, 1] - lines[first, 1]) / max(length, 1e-9)
        for axis in range(lines.shape[1]):
            if not abs(lines[k, axis] - (lines[first, axis] + along * (lines[last, axis] - lines[first, axis]))) < error_m:
                return False
    return True


@njit(cache=True, nogil=True)
def _fits_by_distance(line, first, last, error_m, longest_m):  # type: ignore[no-untyped-def]
    """Return whether every point between two is near to their chord, and beside it rather than before or behind it."""
    ux, uy, uz = line[last, 0] - line[first, 0], line[last, 1] - line[first, 1], line[last, 2] - line[first, 2]
    size = max(ux * ux + uy * uy, 1e-12)
    if not size <= longest_m * longest_m:
        return False
    for k in range(first + 1, last):
        x, y, z = line[k, 0] - line[first, 0], line[k, 1] - line[first, 1], line[k, 2] - line[first, 2]
        along = (x * ux + y * uy) / size
        miss = max(abs(x * uy - y * ux) / math.sqrt(size), abs(z - along * uz))
        if not (miss <= error_m and -1e-6 <= along <= 1.0 + 1e-6):
            return False
    return True
