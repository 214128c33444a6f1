"""How far places are from the lanes, so that nothing stands on a lane, hangs over one, or closes its open end.

Distances are measured in the plane, on each level by itself, to the surfaces of lanes of every type. Where a driving lane ends and no lane follows,
the area in front of its end, its mouth, counts as lane too. Shapes: F triangles of lanes, N points or footprints. Metres.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from driving.world.geometry.column_grid import Buckets, ColumnGrid, bounds_of, sort_into_columns
from driving.world.geometry.polylines import ribbon, unit
from driving.world.maps.roads import RoadNetwork, Strip
from driving.world.meshes.materials import DRIVING, OF_LANE

CELL_M = 8.0  # side of a column of ground
LEVEL_M = 2.5  # a lane that is further above or below belongs to another level
HEADROOM_M = 5.0  # what hangs higher over a lane does not hinder its traffic
MOUTH_M = 9.0  # length of a mouth
MARGIN_M = 0.5  # usual free distance to lanes
FAR = 1e18  # beyond all distances


class Grid(NamedTuple):
    """Triangles sorted into square columns of ground."""

    triangles: np.ndarray  # (F, 3, 3) m
    columns: ColumnGrid
    buckets: Buckets  # numbers of the triangles of each column

    @staticmethod
    def of(triangles: np.ndarray) -> Grid:
        """Sort triangles (F, 3, 3), at least one."""
        bounds = bounds_of(triangles)
        columns = ColumnGrid.over(bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0), CELL_M)
        return Grid(np.ascontiguousarray(triangles), columns, sort_into_columns(columns, bounds))

    def free(self, corners: np.ndarray, bottom_m: np.ndarray, top_m: np.ndarray, margin_m: float) -> np.ndarray:
        """Return which footprints (N,) are free: they keep `margin_m` from every triangle whose headroom they reach into.

        Args:
            corners: (N, K, 2) m, corners of convex footprints in turn.
            bottom_m: (N,) lowest height above each footprint.
            top_m: (N,) greatest height above each footprint.
            margin_m: least distance in the plane.
        """
        corners, bottom_m, top_m = (np.ascontiguousarray(part, np.float64) for part in (corners, bottom_m, top_m))
        return np.asarray(_free(self, corners, bottom_m, top_m, margin_m))


class Clearance:
    """The lanes of one map, to measure distances from."""

    def __init__(self, network: RoadNetwork, driving_only: bool = False) -> None:
        """Sort the lanes of `network`. With `driving_only`, pavements, shoulders and other lanes without driving traffic do not count."""
        strips = [strip for strip in network.strips if not driving_only or OF_LANE.get(strip.kind) == DRIVING]
        lanes = np.concatenate([np.zeros((0, 3, 3)), *(ribbon(strip.left_xyz_m, strip.right_xyz_m) for strip in strips)])
        self._lanes = Grid.of(lanes)
        mouths = self._mouths([strip for strip in network.strips if OF_LANE.get(strip.kind) == DRIVING])
        self._all = Grid.of(np.concatenate([lanes, mouths])) if len(mouths) else self._lanes

    def _mouths(self, strips: list[Strip]) -> np.ndarray:
        """Return the triangles (F, 3, 3) of the mouths at the open ends of driving lanes."""
        ends = [(strip.left_xyz_m[list(pair)], strip.right_xyz_m[list(pair)]) for strip in strips for pair in ((0, 1), (-1, -2))]
        left, right = (np.stack([end[side] for end in ends]) for side in (0, 1))  # (N, 2, 3): the end itself, and the point before it
        middle = (left + right) / 2.0
        away = middle[:, 0, :2] - middle[:, 1, :2]
        away = np.column_stack([unit(away), np.zeros(len(ends))])
        is_open = _distances(self._lanes, middle[:, 0] + away, 2.0) > MARGIN_M
        at = [
            ribbon(np.stack([left[n, 0], left[n, 0] + MOUTH_M * away[n]]), np.stack([right[n, 0], right[n, 0] + MOUTH_M * away[n]]))
            for n in np.flatnonzero(is_open)
        ]
        return np.concatenate(at) if at else np.zeros((0, 3, 3))

    def distance(self, points: np.ndarray, reach_m: float) -> np.ndarray:
        """Return the distance (N,) in the plane from points (N, 3) to the nearest lane or mouth of their level, `reach_m` if that is further."""
        return np.asarray(_distances(self._all, np.ascontiguousarray(points, np.float64), reach_m))

    def free(self, corners: np.ndarray, bottom_m: np.ndarray, top_m: np.ndarray, margin_m: float = MARGIN_M) -> np.ndarray:
        """Return which footprints (N,) keep `margin_m` from all lanes and mouths; see `Grid.free`."""
        return self._all.free(corners, bottom_m, top_m, margin_m)


@njit(cache=True, nogil=True)
def _to_segment(px, py, ax, ay, bx, by):  # type: ignore[no-untyped-def]
    """Return the distance in the plane from a point p to the segment from a to b."""
    ux, uy = bx - ax, by - ay
    share = min(max(((px - ax) * ux + (py - ay) * uy) / max(ux * ux + uy * uy, 1e-12), 0.0), 1.0)
    return math.hypot(px - ax - share * ux, py - ay - share * uy)


@njit(cache=True, nogil=True)
def _to_triangle(px, py, triangle):  # type: ignore[no-untyped-def]
    """Return the distance in the plane from a point p to a triangle (3, 3); it is 0 inside."""
    within, best, turn = True, FAR, 0.0
    for k in range(3):
        a, b = triangle[k], triangle[(k + 1) % 3]
        side = (b[0] - a[0]) * (py - a[1]) - (b[1] - a[1]) * (px - a[0])
        within = within and side * turn >= 0.0
        turn = turn if side == 0.0 else side
        best = min(best, _to_segment(px, py, a[0], a[1], b[0], b[1]))
    return 0.0 if within else best


@njit(cache=True, nogil=True)
def _columns(grid, low_x, low_y, high_x, high_y):  # type: ignore[no-untyped-def]
    """Return the first and last column along x and along y that a rectangle touches."""
    x0, y0, cell = grid.columns.x0_m, grid.columns.y0_m, grid.columns.cell_m
    i0, i1 = max(0, math.floor((low_x - x0) / cell)), min(grid.columns.columns - 1, math.floor((high_x - x0) / cell))
    j0, j1 = max(0, math.floor((low_y - y0) / cell)), min(grid.columns.rows - 1, math.floor((high_y - y0) / cell))
    return i0, i1, j0, j1


@njit(cache=True, nogil=True)
def _distances(grid, points, reach):  # type: ignore[no-untyped-def]
    """Return the distances (N,) from points (N, 3) to the triangles of their level, at most `reach` (m)."""
    columns, starts, items = grid.columns.columns, grid.buckets.starts, grid.buckets.items
    out = np.full(points.shape[0], reach)
    for n in range(points.shape[0]):
        x, y, z = points[n]
        i0, i1, j0, j1 = _columns(grid, x - reach, y - reach, x + reach, y + reach)
        for j in range(j0, j1 + 1):
            for i in range(i0, i1 + 1):
                for k in range(starts[j * columns + i], starts[j * columns + i + 1]):
                    t = grid.triangles[items[k]]
                    if min(t[0, 2], t[1, 2], t[2, 2]) - LEVEL_M > z or max(t[0, 2], t[1, 2], t[2, 2]) + LEVEL_M < z:
                        continue
                    if min(t[0, 0], t[1, 0], t[2, 0]) - out[n] > x or max(t[0, 0], t[1, 0], t[2, 0]) + out[n] < x:
                        continue
                    out[n] = min(out[n], _to_triangle(x, y, t))
    return out


@njit(cache=True, nogil=True)
def _gap(one, two):  # type: ignore[no-untyped-def]
    """Return the gap (m) between two convex polygons (K, 2 or more) along the normal of a side where it is widest.

    This is at most their distance, and negative if they overlap.
    """
    best = -FAR
    for turn in range(2):
        a, b = (one, two) if turn == 0 else (two, one)
        for k in range(a.shape[0]):
            ux, uy = a[(k + 1) % a.shape[0], 1] - a[k, 1], a[k, 0] - a[(k + 1) % a.shape[0], 0]
            size = math.hypot(ux, uy)
            if size < 1e-9:
                continue
            low_a, high_a, low_b, high_b = FAR, -FAR, FAR, -FAR
            for m in range(a.shape[0]):
                at = (a[m, 0] * ux + a[m, 1] * uy) / size
                low_a, high_a = min(low_a, at), max(high_a, at)
            for m in range(b.shape[0]):
                at = (b[m, 0] * ux + b[m, 1] * uy) / size
                low_b, high_b = min(low_b, at), max(high_b, at)
            best = max(best, low_b - high_a, low_a - high_b)
    return best


@njit(cache=True, nogil=True)
def _free(grid, corners, bottom, top, margin):  # type: ignore[no-untyped-def]
    """Return which footprints (N,) are free; see `Grid.free`."""
    columns, starts, items = grid.columns.columns, grid.buckets.starts, grid.buckets.items
    out = np.ones(corners.shape[0], np.bool_)
    for n in range(corners.shape[0]):
        own = corners[n]
        low_x, high_x = own[:, 0].min() - margin, own[:, 0].max() + margin
        low_y, high_y = own[:, 1].min() - margin, own[:, 1].max() + margin
        i0, i1, j0, j1 = _columns(grid, low_x, low_y, high_x, high_y)
        for j in range(j0, j1 + 1):
            for i in range(i0, i1 + 1):
                for k in range(starts[j * columns + i], starts[j * columns + i + 1]):
                    t = grid.triangles[items[k]]
                    if not out[n] or min(t[0, 2], t[1, 2], t[2, 2]) - MARGIN_M > top[n] or max(t[0, 2], t[1, 2], t[2, 2]) + HEADROOM_M < bottom[n]:
                        continue
                    out[n] = _gap(own, t) >= margin
    return out
