"""Footprints lie where their yaw turns them."""

from __future__ import annotations

import numpy as np

from driving.world.geometry.rectangles import make_footprints


def test_a_footprint_turned_right_by_a_quarter_reaches_along_y_as_it_did_along_x() -> None:
    place, half = np.array([[10.0, 20.0]]), np.array([[3.0, 1.0]])
    level = make_footprints(place, np.zeros(1), -half, half)[0]
    turned = make_footprints(place, np.array([np.pi / 2.0]), -half, half)[0]
    np.testing.assert_allclose(level, [[7.0, 19.0], [13.0, 19.0], [13.0, 21.0], [7.0, 21.0]])
    np.testing.assert_allclose(turned, [[11.0, 17.0], [11.0, 23.0], [9.0, 23.0], [9.0, 17.0]])
