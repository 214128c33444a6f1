"""The ground under the wheels: its height, normal and friction at N points at once, about 1 us per point.

On a road the height is that of its strips, triangle by triangle. Where several levels lie above each other (bridges), the one nearest to
`z_hint` counts. Beside the roads lies the land of `terrain`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from driving.world.geometry.column_grid import Buckets, ColumnGrid, bounds_of, sort_into_columns
from driving.world.geometry.polylines import ribbon
from driving.world.ground.terrain import LEVEL_REACH_M, HeightGrid, Terrain, bilinear, make_terrain
from driving.world.maps.roads import RoadNetwork

CELL_M, MAX_CELLS = 6.0, 4_000_000
ROAD_FRICTION, GRASS_FRICTION = 1.0, 0.6
SEAM_M = 0.005  # neighbouring sections may leave a gap from rounding: a point this close to a strip is on it


class Surfaces(NamedTuple):
    """All that `Ground.height` searches."""

    triangles: np.ndarray  # (F, 3, 3) m, the corners of the roads' triangles
    columns: ColumnGrid
    buckets: Buckets  # the triangles in each column
    land: HeightGrid


class Ground:
    """The ground of one map."""

    def __init__(self, triangles: np.ndarray, terrain: Terrain) -> None:
        """Sort the roads' triangles (F, 3, 3), corners in world coordinates (m), and keep the land around them."""
        self.terrain = terrain
        triangles = np.ascontiguousarray(triangles, dtype=np.float64)
        bounds = bounds_of(triangles) + SEAM_M * np.array([-1.0, -1.0, 1.0, 1.0])
        low, high = triangles[:, :, :2].min(axis=(0, 1)) - 2 * SEAM_M, triangles[:, :, :2].max(axis=(0, 1)) + 2 * SEAM_M
        columns = ColumnGrid.over(low, high, CELL_M, MAX_CELLS)
        self._surfaces = Surfaces(triangles, columns, sort_into_columns(columns, bounds), terrain.height_grid())

    @staticmethod
    def from_network(network: RoadNetwork) -> Ground:
        """Return the ground of a map's strips, with the terrain around them."""
        return Ground(np.concatenate([ribbon(strip.left_xyz_m, strip.right_xyz_m) for strip in network.strips]), make_terrain(network))

    def height(self, x: np.ndarray, y: np.ndarray, z_hint: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the height (N,) m, unit normal (N, 3) and friction (N,) under N points (m), on the level nearest to `z_hint` (N,) m."""
        return _search(self._surfaces, x, y, z_hint)


@njit(cache=True)
def _search(surfaces, x, y, z_hint):  # type: ignore[no-untyped-def]
    """Return the height, normal and friction of `Ground.height`."""
    triangles, columns, starts, items = surfaces.triangles, surfaces.columns, surfaces.buckets.starts, surfaces.buckets.items
    count = x.shape[0]
    z, normal, friction = np.empty(count), np.zeros((count, 3)), np.full(count, GRASS_FRICTION)
    for n in range(count):
        i, j = math.floor((x[n] - columns.x0_m) / columns.cell_m), math.floor((y[n] - columns.y0_m) / columns.cell_m)
        best, found = 1e18, -1
        if 0 <= i < columns.columns and 0 <= j < columns.rows:
            for k in range(starts[j * columns.columns + i], starts[j * columns.columns + i + 1]):
                f = items[k]
                a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
                det = (b[1] - c[1]) * (a[0] - c[0]) + (c[0] - b[0]) * (a[1] - c[1])
                if abs(det) < 1e-12:
                    continue
                seam = SEAM_M / abs(det)
                u = ((b[1] - c[1]) * (x[n] - c[0]) + (c[0] - b[0]) * (y[n] - c[1])) / det
                v = ((c[1] - a[1]) * (x[n] - c[0]) + (a[0] - c[0]) * (y[n] - c[1])) / det
                if u < -seam * math.hypot(b[0] - c[0], b[1] - c[1]) or v < -seam * math.hypot(c[0] - a[0], c[1] - a[1]):
                    continue
                if u + v > 1.0 + seam * math.hypot(a[0] - b[0], a[1] - b[1]):
                    continue
                level = u * a[2] + v * b[2] + (1.0 - u - v) * c[2]
                miss = abs(level - z_hint[n])
                if level - z_hint[n] > LEVEL_REACH_M:
                    miss += 1e6
                if miss < best:
                    best, found, z[n] = miss, f, level
        if found >= 0:
            a, b, c = triangles[found, 0], triangles[found, 1], triangles[found, 2]
            px, py, pz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
            qx, qy, qz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
            nx, ny, nz = py * qz - pz * qy, pz * qx - px * qz, px * qy - py * qx
            friction[n] = ROAD_FRICTION
        else:
            xs, ys = np.array([x[n], x[n] + 1.0, x[n]]), np.array([y[n], y[n], y[n] + 1.0])
            land = bilinear(surfaces.land, xs, ys)
            z[n] = land[0]
            nx, ny, nz = land[0] - land[1], land[0] - land[2], 1.0
        size = math.sqrt(nx * nx + ny * ny + nz * nz)
        sign = 1.0 if nz > 0 else -1.0
        normal[n, 0], normal[n, 1], normal[n, 2] = sign * nx / size, sign * ny / size, sign * nz / size
    return z, normal, friction
