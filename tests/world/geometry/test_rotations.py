"""Rotations follow the frames of `driving.quantities`: yaw turns right, positive pitch lifts the nose, positive roll lowers the right side."""

from __future__ import annotations

import numpy as np
import pytest

from driving.quantities import Pose
from driving.world.geometry.rotations import pose_of, rotation, rotation_of, row_of, turn


def test_a_pose_survives_the_way_to_a_row_and_back() -> None:
    pose = Pose(1.0, -2.0, 3.0, 0.1, -0.2, 0.3)
    assert pose_of(row_of(pose)) == pose


def test_positive_angles_turn_right_lift_the_nose_and_lower_the_right_side() -> None:
    assert rotation(0.0, 0.1, 0.0)[1, 0] > 0.0  # forward has moved to the right
    assert rotation(0.1, 0.0, 0.0)[2, 0] > 0.0  # forward has moved up
    assert rotation(0.0, 0.0, 0.1)[2, 1] < 0.0  # right has moved down


def test_the_axes_of_any_pose_are_orthonormal() -> None:
    for angles in np.random.default_rng(0).uniform(-3.0, 3.0, (20, 3)):
        axes = rotation_of(Pose(0.0, 0.0, 0.0, *angles))
        np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)


@pytest.mark.parametrize("shape", [(4, 3), (4, 2, 3), (4, 5, 2, 3)])
def test_turning_points_agrees_with_the_matrix_for_any_number_of_axes(shape: tuple[int, ...]) -> None:
    random = np.random.default_rng(1)
    points, yaw = random.normal(size=shape), random.uniform(-3.0, 3.0, shape[0])
    expected = np.stack([part @ rotation(0.0, angle, 0.0).T for part, angle in zip(points, yaw, strict=True)])
    np.testing.assert_allclose(turn(points, yaw), expected, atol=1e-12)
