"""Cars start on driving lanes, in the direction of traffic, a little above the road, clear of each other."""

from __future__ import annotations

import math

import carla
import numpy as np
import pytest

from driving.quantities import wrap_angle
from driving.world.maps.spawn_points import ABOVE_ROAD_M, find_spawn_poses
from tests.world.networks import EVERY, ground, network


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
