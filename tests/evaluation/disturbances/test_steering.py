"""Disturbances of the control, on controls made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from driving.evaluation.disturbances.kinds import make_disturbance
from driving.quantities import Control

DT_S = 0.1
WANTED = np.sin(0.7 * np.arange(60))


def apply(kind: str, severity: float, wanted: np.ndarray, throttle: float = 0.5) -> list[Control]:
    """Return the controls that act, for steers that are wanted."""
    disturbance = make_disturbance(kind, severity, 0)
    return [disturbance.change_control(Control(float(steer), throttle), DT_S * tick) for tick, steer in enumerate(wanted)]


def steers(kind: str, severity: float, wanted: np.ndarray) -> np.ndarray:
    return np.array([control.steer for control in apply(kind, severity, wanted)])


@pytest.mark.parametrize(("delay_ms", "ticks"), [(100.0, 1), (300.0, 3)])
def test_a_delay_of_whole_ticks_shifts_the_steer_by_them_and_the_wheels_are_straight_at_first(delay_ms: float, ticks: int) -> None:
    acting = steers("steering_delay", delay_ms, WANTED)
    np.testing.assert_allclose(acting[ticks:], WANTED[:-ticks], atol=1e-9)
    assert not acting[:ticks].any()


def test_a_delay_between_two_ticks_gives_the_mean_over_the_tick() -> None:
    acting = steers("steering_delay", 130.0, WANTED)
    np.testing.assert_allclose(acting[2:], 0.7 * WANTED[1:-1] + 0.3 * WANTED[:-2], atol=1e-9)
    half = steers("steering_delay", 50.0, WANTED)
    np.testing.assert_allclose(half[1:], 0.5 * WANTED[1:] + 0.5 * WANTED[:-1], atol=1e-9)


def test_latency_delays_the_pedals_too_and_a_steering_delay_does_not() -> None:
    late, steering = apply("latency", 200.0, WANTED), apply("steering_delay", 200.0, WANTED)
    assert [control.throttle for control in late[:4]] == pytest.approx([0.0, 0.0, 0.5, 0.5])
    assert {control.throttle for control in steering} == {0.5}
    assert [control.steer for control in late] == pytest.approx([control.steer for control in steering])


def test_a_slow_steering_motor_needs_its_time_from_lock_to_lock() -> None:
    wanted = np.concatenate([np.full(40, 1.0), np.full(60, -1.0)])
    acting = steers("slow_steering", 4.0, wanted)
    assert np.abs(np.diff(acting)).max() == pytest.approx(2.0 / 4.0 * DT_S)
    assert acting[39] == pytest.approx(1.0)
    assert acting[39 + 40] == pytest.approx(-1.0)
    assert acting[39 + 39] > -1.0 + 1e-6


def test_a_dead_zone_is_missing_from_the_steer_and_a_ratio_scales_it_up_to_full_lock() -> None:
    small = np.array([-0.3, -0.04, 0.0, 0.02, 0.05, 0.2])
    np.testing.assert_allclose(steers("steering_dead_zone", 0.05, small), [-0.25, 0.0, 0.0, 0.0, 0.0, 0.15], atol=1e-12)
    np.testing.assert_allclose(steers("steering_ratio", 50.0, np.array([-0.9, 0.2])), [-1.0, 0.3])
    np.testing.assert_allclose(steers("steering_ratio", -25.0, small), 0.75 * small)
