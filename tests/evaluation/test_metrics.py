"""Each measure on a drive whose figures were computed by hand."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from driving.evaluation.metrics import WALL_CLOCK_MEASURES, combine, measure, own_progress_m
from driving.quantities import UserError


def make_drive(ticks: int = 101, speed: float = 10.0, dt: float = 0.1, **changed: np.ndarray) -> dict[str, np.ndarray]:
    columns = {
        "dt_s": np.full(ticks, dt),
        "speed_mps": np.full(ticks, speed),
        "s_m": np.arange(ticks) * speed * dt,
        "lateral_m": np.full(ticks, -0.2),
        "heading_error_rad": np.full(ticks, 0.01),
        "steer": np.zeros(ticks),
        "departed": np.zeros(ticks, dtype=bool),
        "act_s": np.linspace(0.001, 0.002, ticks),
    }
    return columns | changed


def test_a_straight_drive_has_the_figures_computed_by_hand() -> None:
    figures = measure(make_drive(), 100.0)
    assert figures.km == pytest.approx(0.101)
    assert figures.completion == pytest.approx(1.0)
    assert figures.mean_abs_lateral_m == pytest.approx(0.2)
    assert figures.autonomy_percent == 100.0
    assert figures.latency_p50_ms == pytest.approx(1.5)
    assert figures.steering_smoothness == 0.0


def test_what_a_car_skips_when_it_is_put_back_is_not_completed() -> None:
    s = np.concatenate([np.arange(0, 50.0), np.arange(70.0, 100.0)])
    departed = np.zeros(80, dtype=bool)
    departed[49] = True
    drive = make_drive(80, s_m=s, departed=departed)
    assert own_progress_m(drive) == pytest.approx(49 + 29)
    assert measure(drive, 100.0).departures == 1


def test_driving_back_and_forth_is_not_progress() -> None:
    assert own_progress_m(make_drive(5, s_m=np.array([0.0, 10.0, 5.0, 10.0, 12.0]))) == pytest.approx(12.0)


def test_one_departure_in_a_minute_costs_ten_percent_of_autonomy() -> None:
    departed = np.zeros(600, dtype=bool)
    departed[100] = True
    assert measure(make_drive(600, departed=departed), 1e4).autonomy_percent == pytest.approx(90.0)


def test_smoothness_is_the_rms_steering_rate_whatever_the_tick() -> None:
    for dt in (0.05, 0.1):
        times = np.arange(0, 10, dt)
        drive = make_drive(len(times), dt=dt, steer=0.1 * np.sin(2 * math.pi * times))
        assert measure(drive, 100.0).steering_smoothness == pytest.approx(0.1 * 2 * math.pi / math.sqrt(2), rel=0.03)


def test_routes_are_weighted_by_their_ticks_and_lengths() -> None:
    short, long = make_drive(11, lateral_m=np.full(11, 1.0)), make_drive(101, lateral_m=np.full(101, 0.1))
    total = combine([(short, 100.0), (long, 100.0)])
    assert total.mean_abs_lateral_m == pytest.approx((11 * 1.0 + 101 * 0.1) / 112)
    assert total.max_abs_lateral_m == 1.0
    assert total.completion == pytest.approx(0.55)


def test_combining_one_drive_changes_nothing() -> None:
    drive = make_drive(steer=np.random.default_rng(0).normal(size=101))
    assert combine([(drive, 80.0)]).as_dict() == pytest.approx(measure(drive, 80.0).as_dict())


def test_an_empty_drive_gives_nulls_rather_than_a_crash() -> None:
    figures = measure(make_drive(0), 100.0).as_dict()
    assert figures["mean_speed_mps"] is None
    assert figures["completion"] == 0.0
    json.dumps(figures, allow_nan=False)
    assert set(WALL_CLOCK_MEASURES) < set(figures)


def test_no_drives_at_all_are_refused() -> None:
    with pytest.raises(UserError, match="no drive to combine"):
        combine([])
