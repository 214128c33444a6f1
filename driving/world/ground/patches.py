"""Lanes as a smooth surface: patches between two edges, with heights that bend as the road does instead of by flat facets.

Each patch lies between two stations of a lane. Along each edge the height is the cubic Hermite curve through the heights and slopes at both
stations, and across the lane it is linear. So height and slope are continuous along a lane, and height is continuous across lanes.
A point is found on its patch by inverse bilinear interpolation: t runs along the lane from 0 to 1, u from the left edge to the right one.
Shapes: Q patches; the corners of a patch are left start, left end, right end, right start. Metres.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

import numpy as np
from numba import njit

SEAM_M = 0.005  # neighbouring sections may leave a gap from rounding: a point this close to a patch is on it
NEWTON_STEPS = 3
FARTHEST_SHARE = 0.1  # a solution this far outside of its patch belongs to a folded one: the point's place in its triangle then counts


class Patches(NamedTuple):
    """Patches of one or many lanes."""

    corners: np.ndarray  # (Q, 4, 3)
    rises: np.ndarray  # (Q, 4) the slope along the lane at each corner, as rise over the whole patch (m)

    @staticmethod
    def between(s_m: np.ndarray, left: np.ndarray, right: np.ndarray) -> Patches:
        """Return the patches between two edges (K, 3) of a lane with rising stations (K,)."""
        order: Literal[1, 2] = 2 if len(s_m) > 2 else 1
        slope_left, slope_right = (np.gradient(edge[:, 2], s_m, edge_order=order) for edge in (left, right))
        corners = np.stack([left[:-1], left[1:], right[1:], right[:-1]], axis=1)
        slopes = np.stack([slope_left[:-1], slope_left[1:], slope_right[1:], slope_right[:-1]], axis=1)
        return Patches(corners, slopes * np.diff(s_m)[:, None])

    @staticmethod
    def join(parts: Iterable[Patches]) -> Patches:
        """Return the patches of several lanes as one record."""
        return Patches(*(np.ascontiguousarray(np.concatenate(arrays), np.float64) for arrays in zip(*parts, strict=True)))


@njit(cache=True)
def find_height(corners, rises, x, y):  # type: ignore[no-untyped-def]
    """Return whether a point lies on a patch, with corners (4, 3) and rises (4,), and the height there (m)."""
    for second in range(2):
        a, b, c = corners[0], corners[1 + second], corners[2 + second]
        det = (b[1] - c[1]) * (a[0] - c[0]) + (c[0] - b[0]) * (a[1] - c[1])
        if abs(det) < 1e-12:
            continue
        p = ((b[1] - c[1]) * (x - c[0]) + (c[0] - b[0]) * (y - c[1])) / det
        q = ((c[1] - a[1]) * (x - c[0]) + (a[0] - c[0]) * (y - c[1])) / det
        seam = SEAM_M / abs(det)
        if (
            p >= -seam * np.hypot(b[0] - c[0], b[1] - c[1])
            and q >= -seam * np.hypot(c[0] - a[0], c[1] - a[1])
            and p + q <= 1.0 + seam * np.hypot(a[0] - b[0], a[1] - b[1])
        ):
            return True, _height_at(corners, rises, x, y, q if second else 1.0 - p)
    return False, 0.0


@njit(cache=True)
def _height_at(corners, rises, x, y, guess):  # type: ignore[no-untyped-def]
    """Return the height at a point on a patch; `guess` is its share t of the way along, by the triangle that it lies in."""
    start, end = corners[0], corners[1]
    dx, dy = x - start[0], y - start[1]
    along_x, along_y = end[0] - start[0], end[1] - start[1]
    wide_x, wide_y = corners[3, 0] - start[0], corners[3, 1] - start[1]
    grow_x, grow_y = corners[2, 0] - end[0] - wide_x, corners[2, 1] - end[1] - wide_y
    # (point - left edge) x (right edge - left edge) = 0, a quadratic in t
    zero, one, two = (
        dx * wide_y - dy * wide_x,
        dx * grow_y - dy * grow_x - along_x * wide_y + along_y * wide_x,
        -(along_x * grow_y - along_y * grow_x),
    )
    t = guess
    for _ in range(NEWTON_STEPS):
        slope = one + 2.0 * two * t
        if abs(slope) > 1e-12:
            t -= (zero + t * (one + t * two)) / slope
    if not -FARTHEST_SHARE <= t <= 1.0 + FARTHEST_SHARE:
        t = guess
    t = min(max(t, 0.0), 1.0)
    across_x, across_y = wide_x + t * grow_x, wide_y + t * grow_y
    width_2 = across_x * across_x + across_y * across_y
    u = ((dx - t * along_x) * across_x + (dy - t * along_y) * across_y) / width_2 if width_2 > 1e-12 else 0.0
    u = min(max(u, 0.0), 1.0)
    left = _bend(start[2], end[2], rises[0], rises[1], t)
    right = _bend(corners[3, 2], corners[2, 2], rises[3], rises[2], t)
    return left + u * (right - left)


@njit(cache=True)
def _bend(z0, z1, rise0, rise1, t):  # type: ignore[no-untyped-def]
    """Return the cubic with the heights z0, z1 and the slopes rise0, rise1 at t = 0 and 1."""
    s = 1.0 - t
    return s * s * ((1.0 + 2.0 * t) * z0 + t * rise0) + t * t * ((3.0 - 2.0 * t) * z1 - s * rise1)
