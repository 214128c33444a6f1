"""A grid of square columns of ground, and the items that touch each column. Compiled by numba.

Shapes: F items, K = columns * rows. Column (i, j), seen along x and along y, has the number k = j * columns + i.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit


class ColumnGrid(NamedTuple):
    """Where the columns lie."""

    x0_m: float  # the corner with the lowest x and y
    y0_m: float
    cell_m: float  # the side of a column
    columns: int  # how many along x
    rows: int  # how many along y

    @staticmethod
    def over(low: np.ndarray, high: np.ndarray, cell_m: float, most_cells: float = math.inf) -> ColumnGrid:
        """Return the grid that covers a rectangle with corners `low` (2,) and `high` (2,) in m.

        Columns are wider than `cell_m` where there would be many more than `most_cells`.
        """
        cell_m = max(cell_m, math.sqrt(float(np.prod(high - low)) / most_cells))
        columns, rows = (int(n) for n in (high - low) // cell_m + 1)
        return ColumnGrid(float(low[0]), float(low[1]), cell_m, columns, rows)


class Buckets(NamedTuple):
    """The items of each column: those of column k are items[starts[k]:starts[k + 1]], in rising order."""

    starts: np.ndarray  # (K + 1,) int64
    items: np.ndarray  # int32, numbers of items; an item is listed once per column that it touches


def bounds_of(corners: np.ndarray) -> np.ndarray:
    """Return the bounds (F, 4) float64 in the plane, low x, low y, high x, high y, of items with corners (F, C, 2 or more)."""
    return np.concatenate([corners[..., :2].min(axis=1), corners[..., :2].max(axis=1)], axis=1).astype(np.float64)


def sort_into_columns(grid: ColumnGrid, bounds: np.ndarray) -> Buckets:
    """Return which of the items with `bounds` (F, 4) touch each column; see `bounds_of`."""
    return Buckets(*_sort(grid, np.ascontiguousarray(bounds)))


@njit(cache=True, nogil=True)
def _sort(grid, bounds):  # type: ignore[no-untyped-def]
    """Return the starts and items of `Buckets`: one pass counts, the other fills."""
    x0, y0, cell, columns, rows = grid.x0_m, grid.y0_m, grid.cell_m, grid.columns, grid.rows
    counts = np.zeros(columns * rows + 1, np.int64)
    items = np.zeros(0, np.int32)
    for fill in range(2):
        if fill == 1:
            counts = np.cumsum(counts)
            at = counts.copy()
            items = np.zeros(counts[-1], np.int32)
        for f in range(bounds.shape[0]):
            for j in range(max(0, int((bounds[f, 1] - y0) / cell)), min(rows - 1, int((bounds[f, 3] - y0) / cell)) + 1):
                for i in range(max(0, int((bounds[f, 0] - x0) / cell)), min(columns - 1, int((bounds[f, 2] - x0) / cell)) + 1):
                    if fill == 0:
                        counts[j * columns + i + 1] += 1
                    else:
                        items[at[j * columns + i]] = f
                        at[j * columns + i] += 1
    return counts, items
