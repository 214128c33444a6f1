"""The land beside the roads as a grid of heights. It follows the height of the nearest road and lies below every lane that crosses it.

Left to others: the ground under a wheel (`contact`), the land as triangles to draw (`meshes.surfaces`).
Shapes: a grid has Y rows and X columns; heights in metres. The two triangles of a cell share the diagonal from its first corner to its last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from driving.world.geometry.polylines import resample
from driving.world.maps.roads import RoadNetwork

CELL_M = 10.0
MARGIN_M = 300.0
DROP_M = 0.05  # how far the land under wheels lies below the roads
LAND_DROP_M = 0.30  # how much deeper it is drawn, so that it does not show through a lane
CLEARANCE_M = 0.15  # least distance between a lane and the drawn land under it
MAX_NODES = 400_000
NEIGHBOURS, LEVEL_SEARCH_M = 8, 12.0
LEVEL_REACH_M = 3.0  # a surface further above a body than this is a bridge over it, not its ground
POINTS_APART_M = 1.8
MOST_STEPS = 40


class HeightGrid(NamedTuple):
    """Heights on a grid of square cells, as compiled code takes it."""

    heights_m: np.ndarray  # (Y, X)
    x0_m: float  # the place of the first node
    y0_m: float
    cell_m: float


@dataclass(frozen=True)
class Terrain:
    """Heights of the land on a regular grid of nodes."""

    xs_m: np.ndarray  # (X,)
    ys_m: np.ndarray  # (Y,)
    heights_m: np.ndarray  # (Y, X), at (ys_m[row], xs_m[column])

    def at(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return heights (N,) at N points by bilinear interpolation; beyond the grid that of its border."""
        return bilinear(self.height_grid(), np.atleast_1d(x), np.atleast_1d(y))

    def height_grid(self) -> HeightGrid:
        """Return the grid as compiled code takes it."""
        return HeightGrid(self.heights_m, float(self.xs_m[0]), float(self.ys_m[0]), float(self.xs_m[1] - self.xs_m[0]))

    def lower_for_drawing(self, lanes: np.ndarray, every: int = 1) -> Terrain:
        """Return the grid to draw: every `every`-th node, a little lower, more so for coarse grids, and below all points `lanes` (N, 3) on lanes."""
        xs, ys = self.xs_m[::every], self.ys_m[::every]
        heights = self.heights_m[::every, ::every] - LAND_DROP_M - (0.3 if every > 1 else 0.0)
        return Terrain(xs, ys, sink_below(xs, ys, heights, lanes, CLEARANCE_M))

    def at_triangles(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return heights (N,) on the triangles of this grid; beyond it that of its border."""
        corners, weights = _triangle_of(self.xs_m, self.ys_m, np.clip(x, self.xs_m[0], self.xs_m[-1]), np.clip(y, self.ys_m[0], self.ys_m[-1]))
        return (self.heights_m.ravel()[corners] * weights).sum(1)


def make_terrain(network: RoadNetwork) -> Terrain:
    """Return the land around a map's roads: the height of the nearest road, smoothed away from roads, and a little lower."""
    lines = [edge for strip in network.strips for edge in (strip.left_xyz_m, strip.right_xyz_m)]
    sparse, dense = np.concatenate(lines), np.concatenate([_densify(line) for line in lines])
    x0, y0, x1, y1 = network.bounds_xyxy_m
    cell = CELL_M
    while (x1 - x0 + 2 * MARGIN_M) * (y1 - y0 + 2 * MARGIN_M) / cell**2 > MAX_NODES:
        cell *= 1.5
    xs = np.arange(x0 - MARGIN_M, x1 + MARGIN_M + cell, cell)
    ys = np.arange(y0 - MARGIN_M, y1 + MARGIN_M + cell, cell)
    nodes = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    distance, nearest = _tree(dense).query(nodes)
    others, near = _tree(sparse).query(nodes, k=NEIGHBOURS)
    # the nearest road gives the height, except where another road passes below it: land lies under a bridge, not on it
    height, padded = dense[nearest, 2], np.append(sparse[:, 2], np.inf)
    lowest = np.where(others < distance[:, None] + LEVEL_SEARCH_M, padded[near], np.inf).min(axis=1)
    base = np.where(height - lowest > LEVEL_REACH_M, lowest, height).reshape(len(ys), len(xs))
    far = np.clip((distance.reshape(base.shape) - 2.0 * cell) / 60.0, 0.0, 1.0)
    smooth = gaussian_filter(base, sigma=4.0, mode="nearest")
    heights = base * (1.0 - far) + smooth * far - DROP_M
    return Terrain(xs, ys, sink_below(xs, ys, heights, lane_points(network), CLEARANCE_M - LAND_DROP_M))


def lane_points(network: RoadNetwork) -> np.ndarray:
    """Return points (N, 3) on all lanes, at most 2 m apart along and across them."""
    parts = []
    for strip in network.strips:
        left, across = strip.left_xyz_m, strip.right_xyz_m - strip.left_xyz_m
        count = int(np.hypot(*across[:, :2].T).max() / POINTS_APART_M) + 2
        parts.append((left + across * np.linspace(0.0, 1.0, count)[:, None, None]).reshape(-1, 3))
    return np.concatenate(parts)


def sink_below(xs: np.ndarray, ys: np.ndarray, heights: np.ndarray, points: np.ndarray, clearance_m: float) -> np.ndarray:
    """Lower nodes of a grid (Y, X), by little more than necessary, until its triangles pass `clearance_m` below all points (N, 3).

    Each step lowers the nodes of a point's triangle in the proportion of their weights. The last step lowers all three by the full excess.
    Return the new heights (Y, X).
    """
    low, within = heights.ravel().copy(), np.all((points[:, :2] >= (xs[0], ys[0])) & (points[:, :2] <= (xs[-1], ys[-1])), axis=1)
    corners, weights = _triangle_of(xs, ys, *points[within, :2].T)
    allowed = points[within, 2] - clearance_m
    for step in range(MOST_STEPS + 1):
        excess = (low[corners] * weights).sum(1) - allowed
        bad = excess > 1e-3
        if not bad.any():
            break
        corners, weights, allowed, excess = (
            corners[bad],
            weights[bad],
            allowed[bad],
            excess[bad],
        )  # nodes only sink: a point that is clear stays clear
        share = weights / (weights**2).sum(1, keepdims=True) if step < MOST_STEPS else np.ones_like(weights)
        lower = np.zeros_like(low)
        np.maximum.at(lower, corners, share * excess[:, None])
        low -= lower
    return low.reshape(heights.shape)


def _triangle_of(xs: np.ndarray, ys: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the nodes (N, 3) of the triangle around each point, as indices into the flat grid, and the point's barycentric weights (N, 3)."""
    u, v = (x - xs[0]) / (xs[1] - xs[0]), (y - ys[0]) / (ys[1] - ys[0])
    i, j = np.clip(u.astype(np.int64), 0, len(xs) - 2), np.clip(v.astype(np.int64), 0, len(ys) - 2)
    u, v = u - i, v - j
    first, side = j * len(xs) + i, u >= v
    corners = np.stack([first, np.where(side, first + 1, first + len(xs)), first + len(xs) + 1], 1)
    return corners, np.stack([1.0 - np.maximum(u, v), np.abs(u - v), np.minimum(u, v)], 1)


def _tree(points: np.ndarray) -> cKDTree:
    """Return a search tree of points (N, 3) in the plane. It is not balanced: neighbouring lanes share points, and balancing equal points is slow."""
    return cKDTree(points[:, :2], balanced_tree=False, compact_nodes=False)


def _densify(edge: np.ndarray) -> np.ndarray:
    """Return an edge (K, 3) with three more points between every two, so that the nearest point has the right height on a slope."""
    k = np.arange(len(edge))
    at = np.linspace(0.0, len(edge) - 1.0, 4 * len(edge) - 3)
    return resample(at, k, edge)


@njit(cache=True)
def bilinear(grid, x, y):  # type: ignore[no-untyped-def]
    """Return the heights (N,) at points x, y (N,) on a `HeightGrid`; beyond it that of its border."""
    heights, x0, y0, cell = grid.heights_m, grid.x0_m, grid.y0_m, grid.cell_m
    out = np.empty(x.shape[0])
    for n in range(x.shape[0]):
        u = min(max((x[n] - x0) / cell, 0.0), heights.shape[1] - 1.001)
        v = min(max((y[n] - y0) / cell, 0.0), heights.shape[0] - 1.001)
        i, j = int(u), int(v)
        a, b = u - i, v - j
        top = heights[j, i] * (1 - a) + heights[j, i + 1] * a
        bottom = heights[j + 1, i] * (1 - a) + heights[j + 1, i + 1] * a
        out[n] = top * (1 - b) + bottom * b
    return out
