"""Departures, interventions, autonomy and the place in the lane, on drives whose figures were computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from driving.evaluation.measures import lane_keeping
from driving.evaluation.measures.progress import completion, distance_km, mean_speed_mps, own_progress_m
from tests.evaluation.measures.drives import make_columns, mark


def test_what_a_car_skips_when_it_is_put_back_is_not_completed() -> None:
    s = np.concatenate([np.arange(0, 50.0), np.arange(70.0, 100.0)])
    drive = make_columns(80, s_m=s, departed=mark(80, 49))
    assert own_progress_m(drive) == pytest.approx(49 + 29)
    assert completion(drive, 100.0) == pytest.approx(0.78)


def test_driving_back_and_forth_is_not_progress() -> None:
    assert own_progress_m(make_columns(5, s_m=np.array([0.0, 10.0, 5.0, 10.0, 12.0]))) == pytest.approx(12.0)


def test_distance_is_speed_times_time_and_speed_is_distance_by_time() -> None:
    drive = make_columns(2, speed_mps=np.array([10.0, 4.0]), dt_s=np.array([0.1, 0.5]))
    assert distance_km(drive) == pytest.approx(0.003)
    assert mean_speed_mps(drive) == pytest.approx(5.0)


@pytest.mark.parametrize(("reason", "interventions"), [("finished", 2), ("time is up", 2), ("stuck", 3), ("collided", 3)])
def test_an_intervention_is_a_departure_or_an_end_that_someone_must_resolve(reason: str, interventions: int) -> None:
    drive = make_columns(departed=mark(101, 20, 60))
    assert lane_keeping.count_departures(drive) == 2
    assert lane_keeping.count_interventions(drive, reason) == interventions


def test_one_intervention_in_a_minute_costs_ten_percent_of_autonomy_and_ten_or_more_all_of_it() -> None:
    assert lane_keeping.autonomy_percent(1, 60.0) == pytest.approx(90.0)
    assert lane_keeping.autonomy_percent(12, 60.0) == 0.0
    assert math.isnan(lane_keeping.autonomy_percent(0, 0.0))


def test_the_time_to_departure_is_the_first_ones_and_nan_without_one() -> None:
    assert lane_keeping.time_to_departure_s(make_columns(departed=mark(101, 29, 60))) == pytest.approx(3.0)
    assert math.isnan(lane_keeping.time_to_departure_s(make_columns()))


def test_vista_ends_a_drive_at_two_metres_or_eighteen_degrees_and_ticks_in_a_row_count_once() -> None:
    heading = np.zeros(101)
    heading[10:20] = math.radians(18.5)
    heading[30:40] = math.radians(-17.5)
    lateral = np.zeros(101)
    lateral[50:53] = -2.1
    assert lane_keeping.count_vista_ends(make_columns(heading_error_rad=heading, lateral_m=lateral)) == 2
    # put back in between, the same state is another end
    assert lane_keeping.count_vista_ends(make_columns(heading_error_rad=heading, lateral_m=lateral, departed=mark(101, 51))) == 3


def test_a_car_on_one_side_has_a_signed_offset_and_one_that_weaves_has_none() -> None:
    weaving = np.tile([0.3, -0.3], 50)
    assert lane_keeping.mean_lateral_m(make_columns()) == pytest.approx(-0.2)
    assert lane_keeping.mean_lateral_m(make_columns(100, lateral_m=weaving)) == pytest.approx(0.0)
    assert lane_keeping.mean_abs_lateral_m(make_columns(100, lateral_m=weaving)) == pytest.approx(0.3)
    assert lane_keeping.max_abs_lateral_m(make_columns(3, lateral_m=np.array([0.1, -1.5, 0.9]))) == 1.5
    assert lane_keeping.mean_abs_heading_error_rad(make_columns(2, heading_error_rad=np.array([-0.1, 0.3]))) == pytest.approx(0.2)
