"""All measures of a drive in one row, and of several drives together."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from driving.evaluation.measures.latency import Latency, combine_latencies, measure_latency
from driving.evaluation.measures.summary import Measures, combine, measure
from driving.quantities import UserError
from tests.evaluation.measures.drives import make_columns, make_trace, mark


def test_a_straight_drive_has_the_figures_computed_by_hand() -> None:
    figures = measure(make_trace())
    assert figures.km == pytest.approx(0.101)
    assert figures.completion == pytest.approx(1.0)
    assert (figures.mean_lateral_m, figures.mean_abs_lateral_m) == (pytest.approx(-0.2), pytest.approx(0.2))
    assert figures.autonomy_percent == 100.0
    assert figures.driving_score == pytest.approx(100.0)
    assert math.isnan(figures.time_to_departure_s)


def test_a_bad_drive_loses_on_every_measure_that_it_should() -> None:
    columns = make_columns(departed=mark(101, 49), lateral_m=np.where(np.arange(101) == 49, 2.6, 0.0))
    figures = measure(make_trace(columns, end_reason="collided", collisions=[{"tick": 90, "with": "vehicle.audi.tt"}]))
    assert (figures.departures, figures.interventions, figures.vehicle_collisions, figures.vista_ends) == (1, 2, 1, 1)
    assert figures.departures_per_km == pytest.approx(1 / 0.101)
    assert figures.interventions_per_km == pytest.approx(2 / 0.101)
    assert figures.outside_lane_share == pytest.approx(1 / 101)
    assert figures.driving_score == pytest.approx(99.0 * 0.6 * 100 / 101)  # the put-back skips one of 100 m
    assert figures.time_to_departure_s == pytest.approx(5.0)


def test_drives_are_weighted_by_their_ticks_and_lengths() -> None:
    short, long = (measure(make_trace(make_columns(ticks, lateral_m=np.full(ticks, side)))) for ticks, side in ((11, 1.0), (101, -0.1)))
    total = combine([short, long])
    assert total.mean_abs_lateral_m == pytest.approx((11 * 1.0 + 101 * 0.1) / 112)
    assert total.mean_lateral_m == pytest.approx((11 * 1.0 - 101 * 0.1) / 112)
    assert total.max_abs_lateral_m == 1.0
    assert total.completion == pytest.approx(0.55)
    assert total.driving_score == pytest.approx(55.0)


def test_events_and_kilometres_add_up_before_they_are_divided() -> None:
    clean, bad = measure(make_trace()), measure(make_trace(make_columns(51, departed=mark(51, 9, 39))))
    total = combine([clean, bad, clean])
    assert total.departures == 2
    assert total.departures_per_km == pytest.approx(2 / 0.253)
    assert total.time_to_departure_s == pytest.approx(10.1 + 1.0 + 10.1)  # of three drives one departed
    assert total.ticks == 253


def test_combining_one_drive_changes_nothing_and_a_row_gives_the_figures_back() -> None:
    columns = make_columns(steer=np.random.default_rng(0).normal(size=101), departed=mark(101, 50))
    figures = measure(make_trace(columns))
    assert combine([figures]).as_dict() == pytest.approx(figures.as_dict())
    row = json.loads(json.dumps({"name": "track_1", "weather": "ClearNoon"} | figures.as_dict()))
    assert Measures.from_row(row) == figures
    del row["km"]
    with pytest.raises(UserError, match=r"'track_1' lacks \['km'\].*evaluate again"):
        Measures.from_row(row)


def test_an_empty_drive_gives_nulls_rather_than_a_crash() -> None:
    figures = measure(make_trace(make_columns(0)))
    assert figures.as_dict()["mean_speed_mps"] is None
    assert figures.completion == 0.0
    json.dumps(combine([figures]).as_dict(), allow_nan=False)
    assert measure_latency(make_columns(0)).as_dict() == {"latency_p50_ms": None, "latency_p99_ms": None}


def test_no_drives_at_all_are_refused() -> None:
    with pytest.raises(UserError, match="no drive to combine"):
        combine([])


def test_latency_is_the_drivers_time_and_over_drives_the_usual_median_and_the_worst_tail() -> None:
    one = measure_latency(make_columns())
    assert one.latency_p50_ms == pytest.approx(1.5)
    assert one.latency_p99_ms == pytest.approx(1.99)
    assert combine_latencies([one, Latency(4.0, 9.0), Latency(None, None), Latency(2.0, 3.0)]) == Latency(2.0, 9.0)
