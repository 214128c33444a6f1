"""The land beside the roads as a height grid: it takes the height of the nearest road, and lies below every lane that crosses it.

Left to others: what lies under a wheel (`ground`), the land as triangles to draw (`surfaces`).
Shapes: a grid has Y rows and X columns; heights in metres. A cell's two triangles share the diagonal from its first corner to its last.
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
DROP_M, LAND_DROP_M = 0.05, 0.30  # below the roads: what wheels meet; and how much deeper it is drawn, so that none shows through a lane
CLEARANCE_M = 0.15  # between a lane and what is drawn of the land under it, at least
MAX_NODES = 400_000
NEIGHBOURS, LEVEL_SEARCH_M = 8, 12.0
LEVEL_REACH_M = 3.0  # a surface further above a body than this is a bridge, not its ground
POINTS_APART_M = 1.8
MOST_SINKINGS = 40


class HeightGrid(NamedTuple):
    """Heights on a grid of square cells, as compiled code takes it."""

    heights_m: np.ndarray  # (Y, X)
    x0_m: float  # the place of the first node
    y0_m: float
    cell_m: float


@dataclass(frozen=True)
class Terrain:
    """Heights (m) of the land beside the roads on a regular grid: heights[row, column] at (ys[row], xs[column])."""

    xs_m: np.ndarray
    ys_m: np.ndarray
    heights_m: np.ndarray

    def at(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Heights by bilinear interpolation, the border's beyond the grid."""
        return bilinear(self.height_grid(), np.atleast_1d(x), np.atleast_1d(y))

    def height_grid(self) -> HeightGrid:
        """Return the grid as compiled code takes it."""
        return HeightGrid(self.heights_m, float(self.xs_m[0]), float(self.ys_m[0]), float(self.xs_m[1] - self.xs_m[0]))

    def drawn(self, lanes: np.ndarray, every: int = 1) -> Terrain:
        """The grid to draw, each `every`-th node of this one: a little lower, coarser ones more, and below all `lanes` (N, 3)."""
        xs, ys = self.xs_m[::every], self.ys_m[::every]
        heights = self.heights_m[::every, ::every] - LAND_DROP_M - (0.3 if every > 1 else 0.0)
        return Terrain(xs, ys, sunk(xs, ys, heights, lanes, CLEARANCE_M))

    def drawn_at(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Heights on the triangles of this grid, the border's beyond it."""
        corners, weights = _triangle_of(self.xs_m, self.ys_m, np.clip(x, self.xs_m[0], self.xs_m[-1]), np.clip(y, self.ys_m[0], self.ys_m[-1]))
        return (self.heights_m.ravel()[corners] * weights).sum(1)


def make_terrain(network: RoadNetwork) -> Terrain:
    """A height grid around the roads: the nearest road's height, smoothed away from roads, a little lower than they are."""
    lines = [edge for strip in network.strips for edge in (strip.left_xyz_m, strip.right_xyz_m)]
    sparse, dense = np.concatenate(lines), np.concatenate([_denser(line) for line in lines])
    x0, y0, x1, y1 = network.bounds_xyxy_m
    cell = CELL_M
    while (x1 - x0 + 2 * MARGIN_M) * (y1 - y0 + 2 * MARGIN_M) / cell**2 > MAX_NODES:
        cell *= 1.5
    xs = np.arange(x0 - MARGIN_M, x1 + MARGIN_M + cell, cell)
    ys = np.arange(y0 - MARGIN_M, y1 + MARGIN_M + cell, cell)
    nodes = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    distance, nearest = _tree(dense).query(nodes)
    others, near = _tree(sparse).query(nodes, k=NEIGHBOURS)
    # the nearest height follows a slope; but land lies under a bridge, not on it
    height, padded = dense[nearest, 2], np.append(sparse[:, 2], np.inf)
    lowest = np.where(others < distance[:, None] + LEVEL_SEARCH_M, padded[near], np.inf).min(axis=1)
    base = np.where(height - lowest > LEVEL_REACH_M, lowest, height).reshape(len(ys), len(xs))
    far = np.clip((distance.reshape(base.shape) - 2.0 * cell) / 60.0, 0.0, 1.0)
    smooth = gaussian_filter(base, sigma=4.0, mode="nearest")
    heights = base * (1.0 - far) + smooth * far - DROP_M
    return Terrain(xs, ys, sunk(xs, ys, heights, lane_points(network), CLEARANCE_M - LAND_DROP_M))


def lane_points(network: RoadNetwork) -> np.ndarray:
    """Points (N, 3) on all lanes, at most 2 m apart along them and across."""
    parts = []
    for strip in network.strips:
        left, across = strip.left_xyz_m, strip.right_xyz_m - strip.left_xyz_m
        count = int(np.hypot(*across[:, :2].T).max() / POINTS_APART_M) + 2
        parts.append((left + across * np.linspace(0.0, 1.0, count)[:, None, None]).reshape(-1, 3))
    return np.concatenate(parts)


def sunk(xs: np.ndarray, ys: np.ndarray, heights: np.ndarray, points: np.ndarray, clearance_m: float) -> np.ndarray:
    """The grid (Y, X) with nodes lowered, by little more than they must be, until its triangles pass `clearance_m` below all points (N, 3)."""
    low, within = heights.ravel().copy(), np.all((points[:, :2] >= (xs[0], ys[0])) & (points[:, :2] <= (xs[-1], ys[-1])), axis=1)
    corners, weights = _triangle_of(xs, ys, *points[within, :2].T)
    allowed = points[within, 2] - clearance_m
    for turn in range(MOST_SINKINGS + 1):
        excess = (low[corners] * weights).sum(1) - allowed
        bad = excess > 1e-3
        if not bad.any():
            break
        corners, weights, allowed, excess = corners[bad], weights[bad], allowed[bad], excess[bad]  # who is below stays below
        share = weights / (weights**2).sum(1, keepdims=True) if turn < MOST_SINKINGS else np.ones_like(weights)
        lower = np.zeros_like(low)
        np.maximum.at(lower, corners, share * excess[:, None])
        low -= lower
    return low.reshape(heights.shape)


def _triangle_of(xs: np.ndarray, ys: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nodes (N, 3) of the triangle that each point is in, as places in the flat grid, and the point's weights (N, 3) there."""
    u, v = (x - xs[0]) / (xs[1] - xs[0]), (y - ys[0]) / (ys[1] - ys[0])
    i, j = np.clip(u.astype(np.int64), 0, len(xs) - 2), np.clip(v.astype(np.int64), 0, len(ys) - 2)
    u, v = u - i, v - j
    first, side = j * len(xs) + i, u >= v
    corners = np.stack([first, np.where(side, first + 1, first + len(xs)), first + len(xs) + 1], 1)
    return corners, np.stack([1.0 - np.maximum(u, v), np.abs(u - v), np.minimum(u, v)], 1)


def _tree(points: np.ndarray) -> cKDTree:
    """The points' places, to be searched. Neighbouring lanes share an edge: of many equal points a balanced tree takes ten times as long."""
    return cKDTree(points[:, :2], balanced_tree=False, compact_nodes=False)


def _denser(edge: np.ndarray) -> np.ndarray:
    """An edge (K, 3) with three points put between every two, so that the nearest one is at the right height on a slope."""
    k = np.arange(len(edge))
    at = np.linspace(0.0, len(edge) - 1.0, 4 * len(edge) - 3)
    return resample(at, k, edge)


@njit(cache=True)
def bilinear(grid, x, y):  # type: ignore[no-untyped-def]
    """Heights (N,) of a grid (Y, X) with square cells from (x0, y0) on, the border's beyond it."""
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
