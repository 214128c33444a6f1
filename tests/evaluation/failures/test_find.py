"""Each cause on a drive made by hand, whose road and path leave no doubt."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from driving.evaluation.failures.failure import Failure
from driving.evaluation.failures.find import find_failures, find_onset
from driving.quantities import UserError
from driving.rollout.trace import Trace
from driving.world.maps.route import Route
from tests.evaluation.measures.drives import make_columns, make_trace, mark

LENGTH_M = 400


def make_route(closed: bool = False, **changed: np.ndarray) -> Route:
    """Return a straight road of 400 m with one lane of 3.5 m; the arrays that are given replace the usual ones."""
    s = np.arange(LENGTH_M + 1.0)
    arrays: dict[str, Any] = {name: np.zeros(len(s)) for name in ("y_m", "z_m", "yaw_rad", "curvature_per_m")}
    arrays |= {"s_m": s, "x_m": s, "lane_width_m": np.full(len(s), 3.5), "road_s_m": s, "in_junction": np.zeros(len(s), dtype=bool)}
    arrays |= {"painted": np.ones(len(s), dtype=bool), "road": np.full(len(s), 7), "lane": np.full(len(s), -2), "lane_count": np.full(len(s), 1)}
    return Route("made", **(arrays | changed), closed=closed)


def between(start: int, end: int, value: float, usual: float = 0.0) -> np.ndarray:
    """Return an array over the route that has one value between two distances, and the usual value elsewhere."""
    at = np.arange(LENGTH_M + 1)
    return np.where((at >= start) & (at < end), value, usual)


def depart(route: Route, side: float = 1.0, at: int = 150) -> Trace:
    """Return a drive at 10 m/s that moves to one side within the last 2 s before it departs at tick `at`, where s is `at` metres."""
    ticks = np.arange(301)
    lateral = side * np.clip((ticks - at + 20) / 20 * 2.1, 0.0, None) * (ticks <= at)
    trace = make_trace(make_columns(301, s_m=ticks.astype(float), x_m=ticks + 0.0, y_m=lateral, lateral_m=lateral, departed=mark(301, at)))
    trace.route = route
    return trace


def only(trace: Trace) -> Failure:
    """Return the only failure of a drive."""
    (failure,) = find_failures(trace)
    return failure


@pytest.mark.parametrize(
    ("changed", "side", "cause", "words"),
    [
        ({}, 1.0, "drifted out on a straight", "drifted out to the right on a straight"),
        ({"curvature_per_m": between(100, 200, 1 / 500)}, -1.0, "drifted out on a straight", "to the left on a straight"),
        ({"curvature_per_m": between(100, 200, 1 / 50)}, -1.0, "ran wide in a bend", "ran wide in a bend to the right of 50 m radius"),
        ({"curvature_per_m": between(100, 200, 1 / 50)}, 1.0, "cut a bend", "cut a bend to the right of 50 m radius"),
        ({"curvature_per_m": between(140, 200, -1 / 25)}, 1.0, "ran wide in a bend", "to the left of 25 m radius"),
        ({"curvature_per_m": between(156, 200, -1 / 25)}, 1.0, "drifted out on a straight", ""),  # the bend comes after the departure
        ({"in_junction": between(145, 160, True).astype(bool)}, 1.0, "at a junction", "left its lane to the right at a junction, on a straight"),
        ({"in_junction": between(170, 190, True).astype(bool)}, 1.0, "drifted out on a straight", ""),
        ({"lane_count": between(140, 400, 2, 1)}, -1.0, "at a change of lane count", "to the left where the number of lanes changes from 1 to 2"),
        ({"lane_width_m": between(140, 400, 4.1, 3.5)}, -1.0, "at a change of lane width", "between 3.5 and 4.1 m"),
        ({"in_junction": between(140, 160, True).astype(bool), "lane_count": between(140, 160, 2, 1)}, 1.0, "at a junction", ""),
    ],
)
def test_a_departure_is_explained_by_the_road_around_it(changed: dict[str, np.ndarray], side: float, cause: str, words: str) -> None:
    failure = only(depart(make_route(**changed), side))
    assert failure.cause == cause
    assert words in failure.words
    assert failure.side == ("right" if side > 0 else "left")
    assert (failure.radius_m is None) == ("straight" in failure.words)


def test_a_failure_has_its_place_its_time_and_the_tick_at_which_it_began() -> None:
    failure = only(depart(make_route()))
    assert (failure.tick, failure.onset_tick, failure.time_s) == (150, 134, pytest.approx(15.0))
    assert (failure.road, failure.lane, failure.road_s_m) == (7, -2, 150.0)
    assert (failure.s_m, failure.x_m, failure.lateral_m, failure.speed_mps) == (150.0, 150.0, pytest.approx(2.1), 10.0)
    row = json.loads(json.dumps(failure.as_dict()))
    assert Failure.from_row(row) == failure
    del row["cause"]
    with pytest.raises(UserError, match=r"lacks 'cause'.*evaluate again"):
        Failure.from_row(row)


def test_at_once_after_a_put_back_that_is_the_cause_and_later_the_road_is() -> None:
    for since, cause, mention in (
        (9, "after a put-back", ", 0.9 s after it was put back"),
        (25, "drifted out on a straight", ", 2.5 s after it was put back"),
        (60, "drifted out on a straight", "straight"),
    ):
        trace = depart(make_route())
        trace.columns["departed"] = mark(301, 150 - since, 150)
        trace.columns["lateral_m"][150 - since] = 2.2
        first, second = find_failures(trace)
        assert (first.cause, second.cause) == ("drifted out on a straight", cause)
        assert second.words.endswith(mention)


def test_a_departure_begins_where_the_car_was_last_in_the_middle_but_not_long_ago() -> None:
    dt = np.full(100, 0.1)
    assert find_onset(np.concatenate([np.zeros(95), np.linspace(0.6, 2.1, 5)]), dt) == 94
    assert find_onset(np.concatenate([np.zeros(10), np.full(90, 1.0)]), dt) == pytest.approx(39, abs=1)
    assert find_onset(np.full(20, 1.0), dt[:20]) == 0


def test_a_closed_route_goes_on_around_its_end() -> None:
    failure = only(depart(make_route(closed=True, in_junction=between(0, 6, True).astype(bool)), at=299))
    assert failure.cause == "drifted out on a straight"
    trace = depart(make_route(closed=True, in_junction=between(0, 6, True).astype(bool)), at=150)
    trace.columns["s_m"] += 245.0  # the departure is 5 m before the end of the first lap
    assert only(trace).cause == "at a junction"


def test_a_car_that_is_stuck_or_runs_into_something_has_failed_without_a_departure() -> None:
    trace = make_trace(make_columns(x_m=np.zeros(101), y_m=np.zeros(101)), end_reason="stuck", collisions=[{"tick": 90, "with": "vehicle.audi.tt"}])
    trace.route = make_route()
    hit, stuck = find_failures(trace)
    assert (hit.tick, hit.cause, hit.words) == (90, "collided with a vehicle", "ran into vehicle.audi.tt")
    assert (stuck.tick, stuck.cause) == (100, "stuck")
    good = make_trace()
    good.route = make_route()
    assert find_failures(good) == []
