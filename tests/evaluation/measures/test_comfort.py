"""Comfort and steering on rides whose derivatives are known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from driving.evaluation.measures.comfort import comfortable_share, steering_jerk, steering_smoothness
from tests.evaluation.measures.drives import make_columns, mark

T = np.arange(100) * 0.1
TURN = math.tau / 20.0  # rad/s of a slow swing


@pytest.mark.parametrize(
    ("columns", "is_comfortable"),
    [
        ({}, True),
        ({"speed_mps": 5.0 + 2.3 * T}, True),
        ({"speed_mps": 5.0 + 2.5 * T}, False),  # more than 2.40 m/s2 of acceleration
        ({"speed_mps": 50.0 - 3.9 * T}, True),
        ({"speed_mps": 50.0 - 4.2 * T}, False),  # more than 4.05 m/s2 of braking
        ({"yaw_rate_radps": np.full(100, 0.48)}, True),
        ({"yaw_rate_radps": np.full(100, -0.5)}, False),  # 5 m/s2 to the side
        ({"yaw_rate_radps": np.full(100, 0.9), "speed_mps": np.full(100, 2.0)}, True),
        ({"yaw_rate_radps": np.full(100, 1.0), "speed_mps": np.full(100, 2.0)}, False),  # more than 0.95 rad/s
    ],
)
def test_a_steady_ride_is_comfortable_up_to_each_bound(columns: dict[str, Any], is_comfortable: bool) -> None:
    assert comfortable_share(make_columns(100, **columns)) == float(is_comfortable)


@pytest.mark.parametrize("dt", [0.05, 0.1, 0.2])
def test_a_jolt_spoils_its_own_two_seconds_only_whatever_the_tick(dt: float) -> None:
    times = np.arange(round(10.0 / dt)) * dt
    speed = 8.0 + np.where((times > 4.3) & (times < 5.7), 2.0 * np.sin(3.0 * (times - 4.3)), 0.0)  # 18 m/s3 at its most
    assert comfortable_share(make_columns(len(times), dt=dt, speed_mps=speed)) == pytest.approx(0.8)


def test_a_yaw_acceleration_beyond_its_bound_is_uncomfortable() -> None:
    for amplitude, is_comfortable in ((1.5, True), (2.4, False)):
        yaw_rate = amplitude / 3.0 * np.sin(3.0 * T)
        assert (comfortable_share(make_columns(100, speed=1.0, yaw_rate_radps=yaw_rate)) > 0.5) == is_comfortable


def test_pieces_do_not_reach_across_a_put_back_and_rests_are_left_out() -> None:
    speed = np.where(np.arange(100) < 50, 10.0, 3.0)
    assert comfortable_share(make_columns(100, speed_mps=speed)) == pytest.approx(0.8)
    assert comfortable_share(make_columns(100, speed_mps=speed, departed=mark(100, 49))) == 1.0
    assert math.isnan(comfortable_share(make_columns(19)))


def test_smoothness_and_jerk_are_root_mean_squares_of_the_steers_derivatives_whatever_the_tick() -> None:
    for dt in (0.05, 0.1):
        times = np.arange(0, 40, dt)
        drive = make_columns(len(times), dt=dt, steer=0.1 * np.sin(TURN * times))
        assert steering_smoothness(drive) == pytest.approx(0.1 * TURN / math.sqrt(2), rel=0.03)
        assert steering_jerk(drive) == pytest.approx(0.1 * TURN**2 / math.sqrt(2), rel=0.03)


def test_the_jump_of_the_steer_at_a_put_back_is_not_the_drivers() -> None:
    drive = make_columns(100, steer=np.where(np.arange(100) < 50, 0.5, -0.5), departed=mark(100, 49))
    assert steering_smoothness(drive) == 0.0
    assert steering_jerk(drive) == 0.0
    assert math.isnan(steering_smoothness(make_columns(1)))
