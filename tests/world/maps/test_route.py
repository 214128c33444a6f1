"""A tracker locates a car along a route, also on loops, and a route gives the pose at any distance along it. Right is positive."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driving.quantities import Pose
from driving.world.maps.route import LaneTracker, Route
from driving.world.maps.routes import follow_lane, spread_routes
from tests.world.networks import network


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
