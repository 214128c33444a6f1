"""Stations, resampling, directions and ribbons of lines whose answers are known."""

from __future__ import annotations

import numpy as np

from driving.world.geometry.polylines import resample, ribbon, right_of, stations, unit

CORNER = np.array([[0.0, 0.0, 1.0], [3.0, 4.0, 2.0], [3.0, 10.0, 5.0]])


def test_stations_are_distances_along_the_line_in_the_plane() -> None:
    np.testing.assert_array_equal(stations(CORNER), [0.0, 5.0, 11.0])


def test_a_resampled_line_passes_through_its_own_points_and_between_them() -> None:
    np.testing.assert_allclose(
        resample(np.array([0.0, 2.5, 5.0, 8.0]), stations(CORNER), CORNER), [CORNER[0], [1.5, 2.0, 1.5], CORNER[1], [3.0, 7.0, 3.5]]
    )


def test_right_is_clockwise_and_vectors_without_length_stay_zero() -> None:
    np.testing.assert_array_equal(right_of(np.array([[2.0, 0.0], [0.0, 2.0], [0.0, 0.0]])), [[0.0, 1.0], [-1.0, 0.0], [0.0, 0.0]])
    np.testing.assert_array_equal(unit(np.array([[0.0, 0.5]]), least_m=1.0), [[0.0, 0.5]])


def test_a_ribbon_covers_the_area_between_its_lines_once() -> None:
    across = np.array([2.0, 0.0, 0.0])
    left = np.array([[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 5.0, 0.0]])
    a, b = np.moveaxis(ribbon(left, left + across)[:, 1:] - ribbon(left, left + across)[:, :1], 1, 0)
    assert np.abs(np.cross(a, b)[:, 2]).sum() / 2.0 == 10.0
