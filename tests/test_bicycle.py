"""The bicycle model: curvature and steer turn into each other, for one number and for arrays."""

from __future__ import annotations

import numpy as np
import pytest

from driving.bicycle import Bicycle


@pytest.mark.parametrize("speed_mps", [0.0, 8.0, 30.0])
def test_steer_and_curvature_turn_into_each_other(speed_mps: float) -> None:
    bicycle = Bicycle(2.875, 69.9, ((0.0, 1.0), (60.0, 0.8), (120.0, 0.7)))
    for curvature in (-0.1, 0.0, 0.02):
        assert bicycle.curvature_per_m(bicycle.steer(curvature, speed_mps), speed_mps) == pytest.approx(curvature)
    assert bicycle.steer(10.0, speed_mps) == 1.0
    for steer in (0.3, -0.2, 0.05):
        assert Bicycle().steer(Bicycle().curvature_per_m(steer, speed_mps), speed_mps) == pytest.approx(steer)


def test_a_wheel_angle_of_45_degrees_turns_in_the_wheelbase() -> None:
    assert Bicycle(wheelbase_m=2.0, max_steer_deg=45.0).curvature_per_m(np.array([1.0, -1.0])) == pytest.approx([0.5, -0.5])


def test_arrays_and_single_numbers_give_the_same_bits() -> None:
    random = np.random.default_rng(0)
    steers, speeds = random.uniform(-1, 1, 500), random.uniform(0, 40, 500)
    curvatures = Bicycle().curvature_per_m(steers, speeds)
    assert [Bicycle().curvature_per_m(*pair) for pair in zip(steers.tolist(), speeds.tolist(), strict=True)] == curvatures.tolist()
    assert [Bicycle().steer(*pair) for pair in zip(curvatures.tolist(), speeds.tolist(), strict=True)] == Bicycle().steer(curvatures, speeds).tolist()


def test_less_angle_is_allowed_at_speed() -> None:
    bicycle = Bicycle(2.5, 40.0, ((0.0, 1.0), (57.6, 0.5)))
    assert np.arctan(bicycle.curvature_per_m(0.5, 8.0) * 2.5) == pytest.approx(0.5 * np.deg2rad(40.0) * 0.75)
