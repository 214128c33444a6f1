"""The ground under the wheels: its height and friction at N points at once, about 1 us per point.

On a road the height is that of its smooth patches. Where several levels lie above each other (bridges), the one nearest to `z_hint` counts.
Beside the roads lies the land of `terrain`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from driving.world.geometry.column_grid import Buckets, ColumnGrid, bounds_of, sort_into_columns
from driving.world.ground.patches import SEAM_M, Patches, find_height
from driving.world.ground.terrain import LEVEL_REACH_M, HeightGrid, Terrain, bilinear, make_terrain
from driving.world.maps.roads import RoadNetwork

CELL_M, MAX_CELLS = 6.0, 4_000_000
ROAD_FRICTION, GRASS_FRICTION = 1.0, 0.6


class Surfaces(NamedTuple):
    """All that `Ground.height` searches."""

    patches: Patches
    bounds: np.ndarray  # (Q, 4) of the patches in the plane: low x, low y, high x, high y (m)
    columns: ColumnGrid
    buckets: Buckets  # the patches in each column
    land: HeightGrid


class Ground:
    """The ground of one map."""

    def __init__(self, patches: Patches, terrain: Terrain) -> None:
        """Sort the roads' patches, and keep the land around them."""
        self.terrain = terrain
        bounds = bounds_of(patches.corners) + SEAM_M * np.array([-1.0, -1.0, 1.0, 1.0])
        columns = ColumnGrid.over(bounds[:, :2].min(axis=0) - SEAM_M, bounds[:, 2:].max(axis=0) + SEAM_M, CELL_M, MAX_CELLS)
        self._surfaces = Surfaces(patches, bounds, columns, sort_into_columns(columns, bounds), terrain.height_grid())

    @staticmethod
    def from_network(network: RoadNetwork) -> Ground:
        """Return the ground of a map's strips, with the terrain around them."""
        patches = Patches.join(Patches.between(strip.s_m, strip.left_xyz_m, strip.right_xyz_m) for strip in network.strips)
        return Ground(patches, make_terrain(network))

    def height(self, x: np.ndarray, y: np.ndarray, z_hint: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the height (N,) m and friction (N,) under N points (m), on the level nearest to `z_hint` (N,) m."""
        return _search(self._surfaces, x, y, z_hint)


@njit(cache=True)
def _search(surfaces, x, y, z_hint):  # type: ignore[no-untyped-def]
    """Return the height and friction of `Ground.height`."""
    bounds, columns, starts, items = surfaces.bounds, surfaces.columns, surfaces.buckets.starts, surfaces.buckets.items
    z, friction = bilinear(surfaces.land, x, y), np.full(x.shape[0], GRASS_FRICTION)
    for n in range(x.shape[0]):
        i, j = math.floor((x[n] - columns.x0_m) / columns.cell_m), math.floor((y[n] - columns.y0_m) / columns.cell_m)
        if not (0 <= i < columns.columns and 0 <= j < columns.rows):
            continue
        best = 1e18
        for k in range(starts[j * columns.columns + i], starts[j * columns.columns + i + 1]):
            f = items[k]
            if not (bounds[f, 0] <= x[n] <= bounds[f, 2] and bounds[f, 1] <= y[n] <= bounds[f, 3]):
                continue
            found, level = find_height(surfaces.patches.corners[f], surfaces.patches.rises[f], x[n], y[n])
            if not found:
                continue
            miss = abs(level - z_hint[n])
            if level - z_hint[n] > LEVEL_REACH_M:
                miss += 1e6
            if miss < best:
                best, z[n], friction[n] = miss, level, ROAD_FRICTION
    return z, friction
