"""Cars start on driving lanes, in the direction of traffic, a little above the road, clear of each other."""

from __future__ import annotations

import math

import carla
import numpy as np
import pytest

from driving.quantities import wrap_angle
from driving.world.maps.map_text import mend_opendrive
from driving.world.maps.roads import RoadNetwork
from driving.world.maps.spawn_points import ABOVE_ROAD_M, find_spawn_poses
from tests.world.networks import EVERY, ground, network

TAPER_M, WIDTH_M = 25.5, 3.75


def narrowing_road() -> str:
    """Return a straight road whose inner lane narrows to nothing, so that the outer lane slants, as on a public junction map."""
    inner = f'<width sOffset="0" a="{WIDTH_M}" b="0" c="0" d="0"/>'
    inner += f'<width sOffset="33.5" a="{WIDTH_M}" b="0" c="{-3 * WIDTH_M / TAPER_M**2}" d="{2 * WIDTH_M / TAPER_M**3}"/>'
    inner += '<width sOffset="59" a="0" b="0" c="0" d="0"/>'
    lanes = f'<lane id="2" type="driving"><width sOffset="0" a="{WIDTH_M}" b="0" c="0" d="0"/></lane><lane id="1" type="driving">{inner}</lane>'
    section = f'<laneSection s="0"><left>{lanes}</left><center><lane id="0" type="none"/></center></laneSection>'
    plan = '<planView><geometry s="0" x="279" y="0" hdg="3.141592653589793" length="109"><line/></geometry></planView>'
    return f'<OpenDRIVE><header revMajor="1" revMinor="4"/><road length="109" id="1" junction="-1">{plan}<lanes>{section}</lanes></road></OpenDRIVE>'


def test_cars_start_only_where_the_client_finds_a_lane() -> None:
    road = RoadNetwork.from_opendrive("narrowing", mend_opendrive(narrowing_road()))
    lost = [point for point in road.map.generate_waypoints(2.0) if road.map.get_waypoint(point.transform.location, project_to_road=False) is None]
    assert lost
    poses = find_spawn_poses(road, 5.0)
    assert len(poses) > 20
    assert all(road.map.get_waypoint(carla.Location(at.x_m, at.y_m, at.z_m), project_to_road=False) for at in poses)


@pytest.mark.parametrize("name", EVERY)
def test_cars_start_on_driving_lanes_facing_their_traffic(name: str) -> None:
    poses = find_spawn_poses(network(name))
    assert len(poses) > 10
    for pose in poses:
        at = carla.Location(pose.x_m, pose.y_m, pose.z_m)
        point = network(name).map.get_waypoint(at, project_to_road=False, lane_type=carla.LaneType.Driving)
        assert point is not None
        assert not point.is_junction
        assert abs(wrap_angle(math.radians(point.transform.rotation.yaw) - pose.yaw_rad)) < 0.05
        assert point.next(2.0)


@pytest.mark.parametrize("name", EVERY)
def test_cars_start_a_hands_breadth_above_the_ground(name: str) -> None:
    xyz = np.array([[pose.x_m, pose.y_m, pose.z_m] for pose in find_spawn_poses(network(name))])
    z, _ = ground(name).height(*xyz.T)
    np.testing.assert_allclose(xyz[:, 2] - z, ABOVE_ROAD_M, atol=0.02)


@pytest.mark.parametrize("name", EVERY)
def test_cars_start_clear_of_each_other(name: str) -> None:
    xy = np.array([[pose.x_m, pose.y_m] for pose in find_spawn_poses(network(name))])
    apart = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    assert apart[~np.eye(len(xy), dtype=bool)].min() > 2.5


def test_the_spacing_is_followed_and_the_order_is_always_the_same() -> None:
    wide, close = (find_spawn_poses(network("track:3"), spacing) for spacing in (40.0, 10.0))
    assert 3 * len(wide) < len(close)
    assert find_spawn_poses(network("track:3"), 10.0) == close
