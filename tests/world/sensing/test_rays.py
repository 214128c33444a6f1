"""Rays hit the ground where the map has it, cars where their boxes are, and otherwise what a depth picture shows."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import pytest

from driving.quantities import Pose
from driving.world.maps.routes import spread_routes
from driving.world.rendering.boxes import NO_BOXES, Boxes
from driving.world.rendering.camera import Lens
from driving.world.rendering.renderer import Renderer
from driving.world.rendering.scene import Scene, build_scene
from driving.world.sensing.lidar_radar import Lidar, Losses, angles_of, draw_radar_rays
from driving.world.sensing.rays import Hits, RayCaster
from driving.world.weather import PRESETS
from tests.world.networks import ground, network

DOWN, AHEAD = np.array([[0.0, 0.0, -1.0]]), np.array([[1.0, 0.0, 0.0]])


@lru_cache
def scene(name: str) -> Scene:
    return build_scene(network(name), ground(name), 5)


@lru_cache
def caster(name: str) -> RayCaster:
    return RayCaster(scene(name))


def car_at(x_m: float, y_m: float, z_m: float, yaw_rad: float = 0.0, tag: int = 14) -> Boxes:
    poses, half = np.array([[x_m, y_m, z_m, 0.0, yaw_rad, 0.0]]), np.array([[2.3, 1.0, 0.75]])
    return Boxes(poses, half, np.zeros((1, 3), np.uint8), np.array([tag], np.uint8), np.zeros(1, np.uint32))


def cast(at: Pose, directions: np.ndarray, reach_m: float, boxes: Boxes = NO_BOXES, name: str = "track:3", without: int = -1) -> Hits:
    return caster(name).cast(at, directions, np.full(len(directions), reach_m), boxes, without)


@pytest.mark.parametrize("name", ["Town02", "curves_elevation", "track:17"])
def test_a_ray_straight_down_hits_the_road_where_the_map_has_it(name: str) -> None:
    route = spread_routes(network(name).map, 1, 400.0, 0)[0]
    for s_m in np.arange(10.0, 300.0, 7.0):
        on = route.pose_at(s_m)
        hits = cast(Pose(on.x_m, on.y_m, on.z_m + 3.0), DOWN, 10.0, name=name)
        assert hits.distances_m[0] == pytest.approx(3.0, abs=0.02)
        assert hits.tags[0] in (1, 24)
        assert hits.rows[0] == -1
        assert hits.cosines[0] > 0.97


@pytest.mark.parametrize("name", ["Town02", "track:3"])
def test_rays_hit_what_the_camera_sees(name: str) -> None:
    on = spread_routes(network(name).map, 1, 400.0, 0)[0].pose_at(60.0)
    camera = Pose(on.x_m, on.y_m, on.z_m + 1.7, -0.05, on.yaw_rad + 0.4, 0.03)
    ahead = camera.x_m + 9.0 * math.cos(camera.yaw_rad), camera.y_m + 9.0 * math.sin(camera.yaw_rad)
    boxes, size = car_at(*ahead, on.z_m + 0.75, 1.0), 161
    renderer = Renderer(scene(name))
    depth, tags = (renderer.render(camera, Lens(size, size, 90.0), PRESETS["ClearNoon"], boxes, 0.0, want) for want in ("depth", "semantic"))
    aside, up = np.meshgrid((np.arange(size) + 0.5) / (size / 2) - 1.0, 1.0 - (np.arange(size) + 0.5) / (size / 2))
    directions = np.stack([np.ones_like(aside), aside, up], -1).reshape(-1, 3)
    length = np.linalg.norm(directions, axis=1)
    hits = cast(camera, directions / length[:, None], 80.0, boxes, name)
    met = np.isfinite(hits.distances_m)
    found = np.where(met, hits.distances_m / length, np.inf)
    shown = depth.reshape(-1)
    close = shown * length < 60.0
    assert close.sum() > 5000
    assert (np.abs(found - shown)[close] < 0.02 + 0.002 * shown[close]).mean() > 0.99
    assert (hits.tags == tags.reshape(-1))[close].mean() > 0.97
    assert {1, 10, 14} <= set(hits.tags[met].tolist())


def test_the_same_rays_meet_the_same_bytes() -> None:
    directions, _ = Lidar().sweep(0.0, 0.05)
    one, other = (cast(Pose(0.0, 0.0, 2.0), directions.reshape(-1, 3), 100.0) for _ in range(2))
    assert all((a.tobytes() == b.tobytes()) for a, b in zip(one, other, strict=True))


def test_a_ray_from_any_direction_hits_a_car_at_its_rear() -> None:
    high = 500.0  # above everything else
    for yaw in np.linspace(-3.0, 3.0, 7):
        ahead = car_at(10.0 * math.cos(yaw), 10.0 * math.sin(yaw), high + 0.3, yaw)
        hits = cast(Pose(0.0, 0.0, high, 0.0, yaw), AHEAD, 50.0, ahead)
        assert hits.distances_m[0] == pytest.approx(10.0 - 2.3, abs=1e-6)
        assert (hits.tags[0], hits.rows[0]) == (14, 0)
        assert hits.cosines[0] == pytest.approx(1.0)


def test_a_box_that_is_left_out_or_out_of_reach_is_not_hit() -> None:
    ahead = car_at(10.0, 0.0, 500.3)
    assert np.isfinite(cast(Pose(z_m=500.0), AHEAD, 8.0, ahead).distances_m[0])
    assert np.isinf(cast(Pose(z_m=500.0), AHEAD, 7.5, ahead).distances_m[0])
    assert np.isinf(cast(Pose(z_m=500.0), AHEAD, 50.0, ahead, without=0).distances_m[0])
    assert np.isinf(cast(Pose(z_m=500.0), -AHEAD, 50.0, ahead).distances_m[0])


def test_no_rays_and_rays_from_outside_the_world_hit_nothing() -> None:
    assert len(cast(Pose(), np.zeros((0, 3)), 10.0).distances_m) == 0
    assert np.isinf(cast(Pose(1e6, -1e6, 2.0), np.concatenate([DOWN, AHEAD]), 1000.0).distances_m).all()


def test_a_lidar_continues_its_sweep_and_completes_turns() -> None:
    lidar, at, seen = Lidar(channels=2, rotation_hz=7.0, points_per_second=2000), 0.0, []
    for _ in range(20):
        directions, at = lidar.sweep(at, 0.05)
        assert directions.shape == (2, 50, 3)
        assert np.linalg.norm(directions, axis=-1) == pytest.approx(1.0)
        seen.append(np.arctan2(directions[0, :, 1], directions[0, :, 0]))
    turned = np.unwrap(np.concatenate(seen))
    assert turned[0] == pytest.approx(-math.pi)
    assert np.diff(turned) == pytest.approx(2.0 * math.pi * 7.0 * 0.05 / 50)
    assert math.remainder(at, 2.0 * math.pi) == pytest.approx(0.0, abs=1e-9)


def test_a_narrow_lidar_stays_within_its_field_of_view() -> None:
    lidar = Lidar(fov_rad=math.radians(90.0), rotation_hz=20.0)
    azimuth, _ = angles_of(lidar.sweep(0.3, 0.05)[0].reshape(-1, 3))
    assert np.abs(azimuth).max() <= math.radians(45.0) + 1e-9
    assert np.ptp(azimuth) > math.radians(88.0)


def test_a_lidar_loses_rays_at_its_rates() -> None:
    random = np.random.default_rng(0)
    losses = Losses(0.01, 0.3, 0.8, 0.4, 0.0)
    assert losses.draw_sent(100_000, random).mean() == pytest.approx(0.7, abs=0.01)
    assert losses.find_intensities(np.array([0.0, 100.0])) == pytest.approx([1.0, math.exp(-1.0)])
    for intensity, share in ((0.9, 1.0), (0.8, 1.0), (0.4, 0.8), (0.0, 0.6)):
        assert losses.draw_received(np.full(100_000, intensity), random).mean() == pytest.approx(share, abs=0.01)
    assert losses.add_noise(np.array([5.0]), random)[0] == 5.0


def test_a_radars_rays_fill_its_cone() -> None:
    directions, lengths = draw_radar_rays((math.radians(30.0), math.radians(10.0)), 20_000, np.random.default_rng(1))
    azimuth, altitude = angles_of(directions)
    assert np.degrees(azimuth).min() == pytest.approx(-15.0, abs=0.1)
    assert np.degrees(azimuth).max() == pytest.approx(15.0, abs=0.1)
    assert np.degrees(np.abs(altitude)).max() == pytest.approx(5.0, abs=0.1)
    assert directions[:, 0] * lengths == pytest.approx(1.0)
