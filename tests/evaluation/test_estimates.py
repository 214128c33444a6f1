"""Figures with intervals from the rows of drives, and what they show in words."""

from __future__ import annotations

from typing import Any

import pytest

from driving.evaluation.estimates import Estimate, choose_headline, describe, make_estimates
from driving.evaluation.table import MOST_DRIVES, choose_drives, describe_not_driven, print_comparison, print_summary


def make_row(number: int, departures: int = 0, **changed: Any) -> dict[str, Any]:
    """Return the row of a drive of 1 km on a road of its own."""
    measures = {"km": 1.0, "length_m": 1000.0, "ticks": 1000, "elapsed_s": 100.0, "departures": departures, "completion": 1.0}
    measures |= {"mean_lateral_m": 0.1, "mean_abs_lateral_m": 0.2, "max_abs_lateral_m": 0.5, "comfortable_share": 1.0, "driving_score": 100.0}
    measures |= {"steering_smoothness": 0.1, "mean_speed_mps": 10.0}
    about = {"name": f"track_{number}", "map": f"track_{number}", "route": {"road": 0, "lane": -1, "start_m": 0.0, "length_m": 1000.0}}
    return about | {"weather": "ClearNoon", "end_reason": "finished"} | measures | changed


def make_summary(rows: list[dict[str, Any]], **changed: Any) -> dict[str, Any]:
    """Return the summary of some rows."""
    wall_clock = {"latency_p50_ms": 0.9, "latency_p99_ms": 2.0}
    return {"driver": "ltc", "suite": "made", "overall": rows[0], "routes": rows, "not_driven": [], "wall_clock": wall_clock} | changed


def by_name(rows: list[dict[str, Any]]) -> dict[str, Estimate]:
    return {estimate.figure.name: estimate for estimate in make_estimates(rows)}


def test_no_departure_is_a_bound_and_not_a_zero() -> None:
    rows = [make_row(number) for number in range(11)]
    rate = by_name(rows)["departures_per_km"]
    assert rate.text == "0.00 (below 0.27)"
    assert describe(rows)[0] == "No departure in 11.0 km: this bounds the rate at 0.27 per km (one-sided 95 %), not at zero."


def test_departures_that_spread_evenly_have_the_exact_poisson_interval_and_clustered_ones_the_bootstrap() -> None:
    even = by_name([make_row(number, departures=number % 2) for number in range(20)])["departures_per_km"]
    assert (even.value, even.interval.low, even.interval.high) == (0.5, pytest.approx(0.240, abs=0.001), pytest.approx(0.920, abs=0.001))
    clustered = by_name([make_row(number, departures=20 * (number == 0)) for number in range(20)])["departures_per_km"]
    assert "cluster" in clustered.interval.basis
    assert describe([make_row(0, departures=1), make_row(1)])[0] == "1 departure in 2.0 km."


def test_drives_of_one_route_are_one_unit_whatever_the_weather() -> None:
    drives = [make_row(route, mean_abs_lateral_m=0.1 * route + 0.01 * drive) for route in range(3) for drive in range(4)]
    assert "3 routes" in by_name(drives)["mean_abs_lateral_m"].interval.basis


def test_means_are_weighted_and_a_missing_measure_is_left_out() -> None:
    rows = [make_row(0, mean_abs_lateral_m=0.1, ticks=300), make_row(1, mean_abs_lateral_m=0.5, ticks=100), make_row(2, comfortable_share=None)]
    figures = by_name(rows[:2])
    assert figures["mean_abs_lateral_m"].value == pytest.approx(0.2)
    assert by_name(rows)["comfortable_share"].value == pytest.approx(100.0)
    assert by_name([make_row(0, departures=1), make_row(1)])["clean_share"].text == "50 (9 to 91)"


def test_a_car_that_keeps_to_one_side_is_told_from_one_that_does_not() -> None:
    left = [make_row(number, mean_lateral_m=-0.1 - 0.01 * number) for number in range(8)]
    assert describe(left)[1] == "The car keeps to the left: on average it is 0.135 m left of the centre."
    both = [make_row(number, mean_lateral_m=0.1 * (-1) ** number) for number in range(9)]
    assert describe(both)[1].startswith("The car is not shown to keep to one side")
    assert describe(left[:1])[1].startswith("One route does not show")


def test_of_many_drives_the_worst_are_listed() -> None:
    rows = [make_row(number, departures=number % 7) for number in range(MOST_DRIVES + 20)]
    assert choose_drives(rows[:3]) == rows[:3]
    shown = choose_drives(rows)
    assert len(shown) == MOST_DRIVES
    assert min(row["departures"] for row in shown) >= 2


def test_the_table_shows_sides_intervals_and_what_was_not_driven(capsys: pytest.CaptureFixture[str]) -> None:
    missing = [{"name": "track_9", "reason": "the server died 3 times", "length_m": 1000.0}]
    print_summary(make_summary([make_row(0), make_row(1, mean_lateral_m=-0.3, completion=0.5)], not_driven=missing))
    shown = capsys.readouterr().out
    assert "-0.300" in shown
    assert "0.00 (below 1.50)" in shown
    assert "exact Poisson over 2 km" in shown
    assert "Not driven: track_9 (the server died 3 times)." in shown
    assert "50.0 to 83.3 % is driven by itself" in shown
    assert "0.90 ms in the median" in shown
    assert describe_not_driven(make_summary([make_row(0)])) == []


def test_an_evaluation_in_which_nothing_was_driven_has_a_table_too(capsys: pytest.CaptureFixture[str]) -> None:
    missing = [{"name": "track_9", "reason": "the server died 3 times", "length_m": 1000.0}]
    nothing = make_summary([make_row(0)]) | {"routes": [], "overall": {}, "not_driven": missing, "wall_clock": {"latency_p50_ms": None}}
    print_summary(nothing)
    print_comparison({"a": nothing, "b": make_summary([make_row(0)])})
    assert "0.0 to 100.0 % is driven by itself" in capsys.readouterr().out


def test_policies_stand_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    summaries = {label: make_summary([make_row(number, departures=count) for number in range(4)]) for label, count in (("seed0", 0), ("seed1", 1))}
    print_comparison(summaries)
    shown = capsys.readouterr().out
    line = next(line for line in shown.splitlines() if "departures per km" in line)
    assert "0.00 (below 0.75)" in line
    assert "1.00 (" in line
    assert "seed1: 4 departures in 4.0 km." in shown


def test_disturbed_drives_do_not_count_in_the_drivers_figures_and_stand_in_a_table_by_severity(capsys: pytest.CaptureFixture[str]) -> None:
    calm = [make_row(number) for number in range(3)]
    noisy = [make_row(number, departures=4, disturbance="image_noise", severity=0.2) for number in range(3)]
    assert choose_headline(calm + noisy) == calm
    assert choose_headline(noisy) == noisy
    print_summary(make_summary(calm + noisy))
    printed = capsys.readouterr().out
    assert "No departure in 3.0 km" in printed
    assert "undisturbed" in printed
    (line,) = (line for line in printed.splitlines() if "image_noise, 0.2" in line)
    assert "4.00 (" in line
