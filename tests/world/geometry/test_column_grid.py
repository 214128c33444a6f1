"""Every column of a grid lists exactly the items whose bounds touch it."""

from __future__ import annotations

import numpy as np

from driving.world.geometry.column_grid import ColumnGrid, bounds_of, sort_into_columns


def test_columns_list_the_items_that_touch_them_in_rising_order() -> None:
    random = np.random.default_rng(0)
    corners = random.uniform(0.0, 50.0, (200, 1, 2)) + random.uniform(0.0, 9.0, (200, 3, 2))
    bounds = bounds_of(corners)
    grid = ColumnGrid.over(bounds[:, :2].min(0), bounds[:, 2:].max(0), 7.0)
    starts, items = sort_into_columns(grid, bounds)
    for j in range(grid.rows):
        for i in range(grid.columns):
            low = np.array([grid.x0_m + i * grid.cell_m, grid.y0_m + j * grid.cell_m])
            touching = np.flatnonzero(np.all((bounds[:, :2] < low + grid.cell_m) & (bounds[:, 2:] >= low), axis=1))
            k = j * grid.columns + i
            np.testing.assert_array_equal(items[starts[k] : starts[k + 1]], touching)


def test_a_grid_over_a_large_area_has_wider_columns() -> None:
    grid = ColumnGrid.over(np.zeros(2), np.array([1000.0, 1000.0]), 1.0, most_cells=100)
    assert grid.cell_m == 100.0
    assert (grid.columns, grid.rows) == (11, 11)
