"""Routes follow lanes with the road's curvature, and a tracker locates a car along a route. Right is positive."""

from __future__ import annotations

import math
from functools import lru_cache

import carla
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driving.quantities import Pose, UserError
from driving.world.maps.route import LaneTracker, Route
from driving.world.maps.routes import follow_lane, spread_routes
from driving.world.maps.tracks import TrackConfig, generate_track
from tests.world.networks import EVERY, network

TIGHT = TrackConfig(length_m=500.0, radius_m=(40.0, 40.0), turn_deg=(60.0, 90.0))


@lru_cache
def track_route() -> Route:
    """Return the route along the first lane of a generated track, to its end."""
    carla_map = network("track:3").map
    return follow_lane(carla_map, carla_map.get_waypoint_xodr(0, -1, 1.0), 1000.0)


@lru_cache
def loop() -> Route:
    """Return a closed route through Town02's streets and junctions."""
    return next(route for route in spread_routes(network("Town02").map, 3, 3000.0, 1) if route.closed)


def beside(route: Route, s_m: float, lateral_m: float, heading_error_rad: float) -> Pose:
    """Return a pose beside the route's centre line."""
    pose = route.pose_at(s_m)
    x, y = pose.x_m - math.sin(pose.yaw_rad) * lateral_m, pose.y_m + math.cos(pose.yaw_rad) * lateral_m
    return Pose(x, y, pose.z_m, 0.0, pose.yaw_rad + heading_error_rad)


@pytest.mark.parametrize(("lane", "curvature"), [(-1, -1.0 / 101.535), (1, 1.0 / 98.465)])
def test_an_arc_of_known_radius_has_its_curvature_negative_to_the_left(lane: int, curvature: float) -> None:
    carla_map = network("curve_r100").map
    route = follow_lane(carla_map, carla_map.get_waypoint_xodr(0, lane, 450.0 if lane < 0 else 700.0), 300.0)
    inside = route.curvature_per_m[100:150] if lane < 0 else route.curvature_per_m[60:130]
    np.testing.assert_allclose(inside, curvature, rtol=0.02)
    np.testing.assert_allclose(route.curvature_per_m[5:30], 0.0, atol=1e-4)


def test_the_curvature_of_a_track_reaches_that_of_its_radius_and_turns_the_heading() -> None:
    carla_map = carla.Map("tight", generate_track(5, TIGHT))
    route = follow_lane(carla_map, carla_map.get_waypoint_xodr(0, -1, 1.0), 400.0)
    width = route.lane_width_m[0]
    assert 1.0 / (40.0 + 2 * width) < np.abs(route.curvature_per_m).max() < 1.05 / (40.0 - 2 * width)
    turned = np.concatenate([[0.0], np.cumsum(route.curvature_per_m[:-1] * np.diff(route.s_m))])
    np.testing.assert_allclose(turned, route.yaw_rad - route.yaw_rad[0], atol=0.05)


@pytest.mark.parametrize("name", EVERY)
def test_routes_run_on_driving_lanes_in_short_even_steps(name: str) -> None:
    carla_map = network(name).map
    for route in spread_routes(carla_map, 2, 400.0, seed=4):
        steps = np.diff(route.s_m)
        assert steps.min() > 0.04
        assert steps.max() < 3.5
        assert route.length_m == pytest.approx(np.hypot(np.diff(route.x_m), np.diff(route.y_m)).sum())
        assert np.abs(np.diff(route.yaw_rad)).max() < 0.4
        for k in range(0, len(route.s_m), 9):
            at = carla.Location(float(route.x_m[k]), float(route.y_m[k]), float(route.z_m[k]))
            point = carla_map.get_waypoint(at, project_to_road=False, lane_type=carla.LaneType.Driving)
            assert point is not None
            middle = point.transform.location
            if not point.is_junction:
                assert math.hypot(middle.x - at.x, middle.y - at.y) < 0.3


def test_the_same_seed_gives_the_same_routes_and_starts_lie_apart() -> None:
    carla_map = network("Town01").map
    routes = spread_routes(carla_map, 5, 300.0, seed=2)
    for one, other in zip(routes, spread_routes(carla_map, 5, 300.0, seed=2), strict=True):
        np.testing.assert_array_equal(one.x_m, other.x_m)
    assert len({route.name for route in routes}) == len(routes) == 5
    starts = np.array([[route.x_m[0], route.y_m[0]] for route in routes])
    apart = np.hypot(*(starts[:, None] - starts[None]).transpose(2, 0, 1))
    assert apart[~np.eye(5, dtype=bool)].min() > 3.0
    other_starts = [route.x_m[0] for route in spread_routes(carla_map, 5, 300.0, seed=3)]
    assert other_starts != [route.x_m[0] for route in routes]


def test_a_route_ends_where_the_lane_does_and_none_is_made_of_its_last_metre() -> None:
    carla_map = network("curve_r100").map
    assert follow_lane(carla_map, carla_map.get_waypoint_xodr(0, -1, 700.0), 1000.0).length_m < 60.0
    with pytest.raises(UserError, match="no lane to follow from"):
        follow_lane(carla_map, carla_map.get_waypoint_xodr(0, -1, 756.5), 100.0)


@settings(max_examples=150, deadline=None)
@given(s_m=st.floats(10.0, 900.0), lateral_m=st.floats(-3.0, 3.0), heading_rad=st.floats(-1.0, 1.0))
def test_a_tracker_gives_back_offset_and_heading_to_the_right(s_m: float, lateral_m: float, heading_rad: float) -> None:
    state = LaneTracker(track_route(), s_m).locate(beside(track_route(), s_m, lateral_m, heading_rad))
    assert state.s_m == pytest.approx(s_m, abs=0.15)
    assert state.lateral_m == pytest.approx(lateral_m, abs=0.03)
    assert state.heading_error_rad == pytest.approx(heading_rad, abs=0.02)
    assert state.curvature_per_m == pytest.approx(float(track_route().curvature_at(s_m)), abs=2e-3)
    assert 2.9 < state.lane_width_m < 4.1


def test_a_tracker_follows_a_drive_round_a_loop_and_counts_on() -> None:
    route = loop()
    tracker = LaneTracker(route)
    for s_m in np.arange(0.0, 2.3 * route.length_m, 1.7):
        state = tracker.locate(beside(route, float(s_m), 0.4, 0.0))
        assert state.s_m == pytest.approx(s_m, abs=0.6)
        assert state.lateral_m == pytest.approx(0.4, abs=0.2)
    for s_m in np.arange(2.3 * route.length_m, 1.6 * route.length_m, -1.7):
        assert tracker.locate(beside(route, float(s_m), 0.4, 0.0)).s_m == pytest.approx(s_m, abs=0.6)


def test_a_tracker_is_set_anywhere_on_a_loop() -> None:
    route = loop()
    tracker = LaneTracker(route)
    for s_m in (0.0, 3.0, route.length_m - 2.0, route.length_m + 5.0, 2.5 * route.length_m):
        tracker.reset(s_m)
        assert tracker.locate(beside(route, s_m, -0.3, 0.0)).s_m == pytest.approx(s_m, abs=0.5)


def test_a_closed_route_has_no_kink_where_it_closes() -> None:
    route = loop()
    turned = route.yaw_rad[-1] - route.yaw_rad[0]
    assert turned / (2.0 * math.pi) == pytest.approx(round(turned / (2.0 * math.pi)), abs=0.02)
    ends, inside = route.curvature_per_m[[0, -1]], np.abs(np.diff(route.curvature_per_m)).max()
    assert abs(ends[1] - ends[0]) <= inside
    before, after = route.pose_at(route.length_m - 0.01), route.pose_at(0.01)
    assert math.hypot(after.x_m - before.x_m, after.y_m - before.y_m) < 0.1


def test_poses_on_a_slope_point_up_it() -> None:
    (route,) = spread_routes(network("curves_elevation").map, 1, 1000.0, seed=0)
    rising = np.gradient(route.z_m, route.s_m)
    steepest = int(np.argmax(rising))
    assert rising[steepest] > 0.005
    assert route.pose_at(float(route.s_m[steepest])).pitch_rad == pytest.approx(math.atan(rising[steepest]), abs=2e-3)
