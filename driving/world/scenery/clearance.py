"""How far things are from the lanes, in the plane and level by level, so that nothing stands on a lane, hangs over one, or closes its open end.

Distances are to the lanes' own surfaces, of whatever type; where a driving lane ends and none goes on, its mouth counts as lane too.
Shapes: F triangles of lanes, N points or footprints. Metres.
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

CELL_M = 8.0
LEVEL_M = 2.5  # a lane further above or below than this is another level's
HEADROOM_M = 5.0  # what hangs higher than this over a lane is out of its traffic's way
MOUTH_M = 9.0  # how much is kept free where a lane ends
MARGIN_M = 0.5


class Grid(NamedTuple):
    """Triangles (F, 3, 3) sorted into square columns of ground."""

    triangles: np.ndarray
    columns: ColumnGrid
    buckets: Buckets

    @staticmethod
    def of(triangles: np.ndarray) -> Grid:
        """Sorts triangles."""
        bounds = bounds_of(triangles)
        columns = ColumnGrid.over(bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0), CELL_M)
        return Grid(np.ascontiguousarray(triangles), columns, sort_into_columns(columns, bounds))

    def free(self, corners: np.ndarray, bottom_m: np.ndarray, top_m: np.ndarray, margin_m: float) -> np.ndarray:
        """Which footprints, convex (N, K, 2) corners in turn, keep `margin_m` from every triangle that has something of them in its headroom.

        bottom_m, top_m (N,): between which heights each thing is.
        """
        corners, bottom_m, top_m = (np.ascontiguousarray(part, np.float64) for part in (corners, bottom_m, top_m))
        return np.asarray(_free(self, corners, bottom_m, top_m, margin_m))


class Clearance:
    """The lanes of one map, to measure from."""

    def __init__(self, network: RoadNetwork, driving_only: bool = False) -> None:
        """With `driving_only` pavements, shoulders and the like are no lanes."""
        strips = [strip for strip in network.strips if not driving_only or OF_LANE.get(strip.kind) == DRIVING]
        lanes = np.concatenate([np.zeros((0, 3, 3)), *(ribbon(strip.left_xyz_m, strip.right_xyz_m) for strip in strips)])
        self._lanes = Grid.of(lanes)
        mouths = self._mouths([strip for strip in network.strips if OF_LANE.get(strip.kind) == DRIVING])
        self._all = Grid.of(np.concatenate([lanes, mouths])) if len(mouths) else self._lanes

    def _mouths(self, strips: list[Strip]) -> np.ndarray:
        ends = [(strip.left_xyz_m[list(pair)], strip.right_xyz_m[list(pair)]) for strip in strips for pair in ((0, 1), (-1, -2))]
        left, right = (np.stack([end[side] for end in ends]) for side in (0, 1))  # (N, 2, 3): the end itself, the point before it
        middle = (left + right) / 2.0
        away = middle[:, 0, :2] - middle[:, 1, :2]
        away = np.column_stack([unit(away), np.zeros(len(ends))])
        is_open = self._measured(self._lanes, middle[:, 0] + away, 2.0) > MARGIN_M
        at = [
            ribbon(np.stack([left[n, 0], left[n, 0] + MOUTH_M * away[n]]), np.stack([right[n, 0], right[n, 0] + MOUTH_M * away[n]]))
            for n in np.flatnonzero(is_open)
        ]
        return np.concatenate(at) if at else np.zeros((0, 3, 3))

    def distance(self, points: np.ndarray, reach_m: float) -> np.ndarray:
        """How far (N,) points (N, 3) are from the lanes and mouths of their own level, in the plane; `reach_m` where none is within it."""
        return self._measured(self._all, points, reach_m)

    @staticmethod
    def _measured(grid: Grid, points: np.ndarray, reach_m: float) -> np.ndarray:
        return np.asarray(_distances(grid, np.ascontiguousarray(points, np.float64), reach_m))

    def free(self, corners: np.ndarray, bottom_m: np.ndarray, top_m: np.ndarray, margin_m: float = MARGIN_M) -> np.ndarray:
        """Which footprints (N,) keep `margin_m` from all lanes and mouths; see `Grid.free`."""
        return self._all.free(corners, bottom_m, top_m, margin_m)


def make_footprints(xy: np.ndarray, yaw: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Corners (N, 4, 2) of rectangles: places (N, 2), yaw (N,), extents from `low` to `high` (N, 2) along their forward and right axes."""
    x = np.stack([low[:, 0], high[:, 0], high[:, 0], low[:, 0]], 1)
    y = np.stack([low[:, 1], low[:, 1], high[:, 1], high[:, 1]], 1)
    cos, sin = np.cos(yaw)[:, None], np.sin(yaw)[:, None]
    return np.stack([xy[:, :1] + cos * x - sin * y, xy[:, 1:] + sin * x + cos * y], axis=2)


@njit(cache=True, nogil=True)
def _to_segment(px, py, ax, ay, bx, by):  # type: ignore[no-untyped-def]
    ux, uy = bx - ax, by - ay
    share = min(max(((px - ax) * ux + (py - ay) * uy) / max(ux * ux + uy * uy, 1e-12), 0.0), 1.0)
    return math.hypot(px - ax - share * ux, py - ay - share * uy)


@njit(cache=True, nogil=True)
def _to_triangle(px, py, t):  # type: ignore[no-untyped-def]
    """Distance in the plane to a triangle (3, 3), 0 within."""
    within, best, turn = True, 1e18, 0.0
    for k in range(3):
        a, b = t[k], t[(k + 1) % 3]
        side = (b[0] - a[0]) * (py - a[1]) - (b[1] - a[1]) * (px - a[0])
        within = within and side * turn >= 0.0
        turn = turn if side == 0.0 else side
        best = min(best, _to_segment(px, py, a[0], a[1], b[0], b[1]))
    return 0.0 if within else best


@njit(cache=True, nogil=True)
def _columns(grid, low_x, low_y, high_x, high_y):  # type: ignore[no-untyped-def]
    x0, y0, cell = grid.columns.x0_m, grid.columns.y0_m, grid.columns.cell_m
    i0, i1 = max(0, math.floor((low_x - x0) / cell)), min(grid.columns.columns - 1, math.floor((high_x - x0) / cell))
    j0, j1 = max(0, math.floor((low_y - y0) / cell)), min(grid.columns.rows - 1, math.floor((high_y - y0) / cell))
    return i0, i1, j0, j1


@njit(cache=True, nogil=True)
def _distances(grid, points, reach):  # type: ignore[no-untyped-def]
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
def _apart(one, two):  # type: ignore[no-untyped-def]
    """How far two convex polygons (K, >= 2) are apart along the best of their sides' normals: at most their distance, negative if they meet."""
    best = -1e18
    for turn in range(2):
        a, b = (one, two) if turn == 0 else (two, one)
        for k in range(a.shape[0]):
            ux, uy = a[(k + 1) % a.shape[0], 1] - a[k, 1], a[k, 0] - a[(k + 1) % a.shape[0], 0]
            size = math.hypot(ux, uy)
            if size < 1e-9:
                continue
            low_a, high_a, low_b, high_b = 1e18, -1e18, 1e18, -1e18
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
                    out[n] = _apart(own, t) >= margin
    return out
