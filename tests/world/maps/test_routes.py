"""Routes follow lanes with the road's curvature, in even steps, from starts that a seed spreads over the map. Right is positive."""

from __future__ import annotations

import math

import carla
import numpy as np
import pytest

from driving.quantities import UserError
from driving.world.generated.tracks import TrackConfig, generate_track
from driving.world.maps.routes import follow_lane, spread_routes
from tests.world.networks import EVERY, network

TIGHT = TrackConfig(length_m=500.0, radius_m=(40.0, 40.0), turn_deg=(60.0, 90.0))


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
            if not (point.is_junction or route.in_junction[k]):
                assert (point.road_id, point.lane_id) == (route.road[k], route.lane[k])
                assert point.s == pytest.approx(route.road_s_m[k], abs=0.3)


def test_a_route_knows_how_many_lanes_go_its_way_and_where_it_crosses_junctions() -> None:
    carla_map = network("track:1").map
    track = spread_routes(carla_map, 1, 400.0, seed=0)[0]
    assert not track.in_junction.any()
    for k in range(0, len(track.s_m), 40):
        own = int(np.sign(track.lane[k]))
        beside = [carla_map.get_waypoint_xodr(int(track.road[k]), own * number, float(track.road_s_m[k])) for number in range(1, 6)]
        assert track.lane_count[k] == sum(point is not None and point.lane_type == carla.LaneType.Driving for point in beside)
    town = spread_routes(network("Town02").map, 1, 400.0, seed=0)[0]
    assert 0.0 < town.in_junction.mean() < 1.0
    assert len(set(town.road.tolist())) > 3


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
