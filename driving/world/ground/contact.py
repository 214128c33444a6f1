"""What lies under the wheels: height, normal and friction at any point, for N points at once (about 1 us each).

On a road the height is that of its strips, triangle by triangle; of several levels (bridges) the one nearest to `z_hint`.
Beside the roads lies the land (`terrain`).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from driving.world.ground.terrain import LEVEL_REACH_M, Terrain, bilinear, make_terrain
from driving.world.maps.roads import RoadNetwork

CELL_M, MAX_CELLS = 6.0, 4_000_000
ROAD_FRICTION, GRASS_FRICTION = 1.0, 0.6
SEAM_M = 0.005  # sections end where floats end: a point this close to a strip is on it


class Ground:
    """The ground of one map. See the module's head."""

    def __init__(self, triangles: np.ndarray, terrain: Terrain) -> None:
        """triangles (F, 3, 3): corners in world coordinates (m)."""
        self.terrain = terrain
        triangles = np.ascontiguousarray(triangles, dtype=np.float64)
        low = triangles[:, :, :2].min(axis=(0, 1)) - 2 * SEAM_M
        high = triangles[:, :, :2].max(axis=(0, 1)) + 2 * SEAM_M
        cell_m = max(CELL_M, math.sqrt(float(np.prod(high - low)) / MAX_CELLS))
        columns, rows = (int(n) for n in np.ceil((high - low) / cell_m).astype(int) + 1)
        starts, items = _bucket(triangles, low[0], low[1], cell_m, columns, rows)
        land = terrain.heights_m, float(terrain.xs_m[0]), float(terrain.ys_m[0]), float(terrain.xs_m[1] - terrain.xs_m[0])
        self._sought_in = (triangles, float(low[0]), float(low[1]), cell_m, columns, rows, starts, items, *land)

    @staticmethod
    def from_network(network: RoadNetwork) -> Ground:
        """The ground of a map's strips, with the terrain around them."""
        return Ground(strip_triangles(network), make_terrain(network))

    def height(self, x: np.ndarray, y: np.ndarray, z_hint: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Height (N,) m, unit normal (N, 3) and friction (N,) under N points; the level nearest to `z_hint` counts."""
        return _height(*self._sought_in, x, y, z_hint)


def strip_triangles(network: RoadNetwork) -> np.ndarray:
    """All strips of a map as triangles (F, 3, 3)."""
    parts = []
    for strip in network.strips:
        left, right = strip.left_xyz_m, strip.right_xyz_m
        parts.append(np.stack([left[:-1], left[1:], right[1:]], axis=1))
        parts.append(np.stack([left[:-1], right[1:], right[:-1]], axis=1))
    return np.concatenate(parts)


@njit(cache=True)
def _bucket(triangles, x0, y0, side, columns, rows):  # type: ignore[no-untyped-def]
    """Which triangles touch each cell, as offsets and items."""
    counts = np.zeros(columns * rows + 1, dtype=np.int64)
    for fill in range(2):
        if fill == 1:
            for k in range(columns * rows):
                counts[k + 1] += counts[k]
            starts = counts.copy()
            items = np.zeros(counts[-1], dtype=np.int64)
        for f in range(triangles.shape[0]):
            low_x, high_x = triangles[f, :, 0].min() - SEAM_M, triangles[f, :, 0].max() + SEAM_M
            low_y, high_y = triangles[f, :, 1].min() - SEAM_M, triangles[f, :, 1].max() + SEAM_M
            for i in range(int((low_x - x0) / side), int((high_x - x0) / side) + 1):
                for j in range(int((low_y - y0) / side), int((high_y - y0) / side) + 1):
                    cell = j * columns + i
                    if fill == 0:
                        counts[cell + 1] += 1
                    else:
                        items[starts[cell]] = f
                        starts[cell] += 1
    return counts, items


@njit(cache=True)
def _height(triangles, x0, y0, side, columns, rows, starts, items, heights, tx0, ty0, cell, x, y, z_hint):  # type: ignore[no-untyped-def]
    count = x.shape[0]
    z, normal, friction = np.empty(count), np.zeros((count, 3)), np.full(count, GRASS_FRICTION)
    for n in range(count):
        i, j = math.floor((x[n] - x0) / side), math.floor((y[n] - y0) / side)
        best, found = 1e18, -1
        if 0 <= i < columns and 0 <= j < rows:
            for k in range(starts[j * columns + i], starts[j * columns + i + 1]):
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
            land = bilinear(heights, tx0, ty0, cell, xs, ys)
            z[n] = land[0]
            nx, ny, nz = land[0] - land[1], land[0] - land[2], 1.0
        size = math.sqrt(nx * nx + ny * ny + nz * nz)
        sign = 1.0 if nz > 0 else -1.0
        normal[n, 0], normal[n, 1], normal[n, 2] = sign * nx / size, sign * ny / size, sign * nz / size
    return z, normal, friction
