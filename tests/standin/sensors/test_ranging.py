"""Lidars and radars as the client gets them: where their points lie, what they are tagged with, and that the same calls give the same bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import carla
import numpy as np
import pytest

from tests.standin.conftest import Messages, Spawn, ours
from tests.standin.servers import STEP_S, serving, synchronous

ON_ROOF = carla.Transform(carla.Location(z=2.0))
AHEAD = carla.Transform(carla.Location(x=2.4, z=0.8))
LOSSLESS = {"dropoff_general_rate": 0.0, "dropoff_intensity_limit": 0.0}
ALL_AROUND = {"rotation_frequency": 1.0 / STEP_S, "points_per_second": 100000}
SEMANTIC = np.dtype([("xyz", "<f4", 3), ("cosine", "<f4"), ("actor", "<u4"), ("tag", "<u4")])
DETECTION = np.dtype([("velocity", "<f4"), ("azimuth", "<f4"), ("altitude", "<f4"), ("depth", "<f4")])


def points(cloud: carla.LidarMeasurement) -> np.ndarray:
    return np.frombuffer(cloud.raw_data, "<f4").reshape(-1, 4)


def tagged(cloud: carla.SemanticLidarMeasurement) -> np.ndarray:
    return np.frombuffer(cloud.raw_data, SEMANTIC)


def detections(found: carla.RadarMeasurement) -> np.ndarray:
    return np.frombuffer(found.raw_data, DETECTION)


def counts(cloud: Any) -> list[int]:
    return [cloud.get_point_count(channel) for channel in range(cloud.channels)]


def in_front_of(at: carla.Transform, ahead_m: float) -> carla.Transform:
    return carla.Transform(at.location + at.get_forward_vector() * ahead_m, at.rotation)


def settle(world: carla.World, ticks: int = 20) -> int:
    for _ in range(ticks):
        frame = world.tick()
    return int(frame)


def test_points_on_the_road_lie_where_the_map_has_it(world: carla.World, spawn: Spawn) -> None:
    car = spawn("vehicle.tesla.model3")
    clouds = Messages(spawn("sensor.lidar.ray_cast_semantic", ON_ROOF, car, range=20.0, **ALL_AROUND))
    cloud = clouds.of(settle(world, 40))
    found = tagged(cloud)
    road = found[np.isin(found["tag"], [int(carla.CityObjectLabel.Roads), int(carla.CityObjectLabel.RoadLines)])]
    assert len(road) > 500
    matrix, map_ = np.array(cloud.transform.get_matrix()), world.get_map()
    errors = []
    for x, y, z in road["xyz"][::10].astype(float):
        at = matrix @ [x, y, z, 1.0]
        waypoint = map_.get_waypoint(carla.Location(*at[:3]), lane_type=carla.LaneType.Any)
        errors.append(abs(waypoint.transform.location.z - at[2]))
    assert max(errors) < 0.02


def test_a_beam_straight_down_measures_the_sensors_height(world: carla.World, spawn: Spawn) -> None:
    at = world.get_map().get_spawn_points()[0]
    height = world.get_map().get_waypoint(at.location).transform.location.z
    place = carla.Transform(carla.Location(at.location.x, at.location.y, height + 4.0))
    clouds = Messages(spawn("sensor.lidar.ray_cast", place, channels=1, upper_fov=-90.0, lower_fov=-90.0, **LOSSLESS))
    found = points(clouds.of(world.tick()))
    assert found[:, 2] == pytest.approx(-4.0, abs=0.02)
    assert found[:, 3] == pytest.approx(np.exp(-0.004 * 4.0), abs=1e-4)


def test_a_car_ahead_is_hit_at_its_distance_with_its_tag_and_id(world: carla.World, spawn: Spawn) -> None:
    at = world.get_map().get_spawn_points()[0]
    car, ahead = spawn("vehicle.tesla.model3", at), spawn("vehicle.audi.tt", in_front_of(at, 12.0))
    low = {"channels": 1, "upper_fov": 0.0, "lower_fov": 0.0, "range": 30.0, **ALL_AROUND}
    mount = carla.Transform(carla.Location(z=0.6))
    clouds = Messages(spawn("sensor.lidar.ray_cast_semantic", mount, car, **low))
    found = tagged(clouds.of(settle(world)))
    hit = found[found["actor"] == ahead.id]
    assert len(hit) > 20
    assert set(hit["tag"]) == {int(carla.CityObjectLabel.Car)}
    away = car.get_location().distance(ahead.get_location())
    assert hit["xyz"][:, 0].min() == pytest.approx(away - ahead.bounding_box.extent.x, abs=0.1)
    middle = hit[np.abs(hit["xyz"][:, 1]) < 0.3]
    assert middle["cosine"] == pytest.approx(1.0, abs=0.02)
    assert car.id not in found["actor"]
    assert set(found["actor"]) <= {0, ahead.id}


def test_channels_sum_up_and_run_from_the_upper_to_the_lower_beam(world: carla.World, spawn: Spawn) -> None:
    car = spawn("vehicle.tesla.model3")
    plain = Messages(spawn("sensor.lidar.ray_cast", ON_ROOF, car, range=50.0, channels=16))
    semantic = Messages(spawn("sensor.lidar.ray_cast_semantic", ON_ROOF, car, range=50.0, channels=16))
    frame = settle(world, 5)
    for cloud, size in ((plain.of(frame), 16), (semantic.of(frame), 24)):
        assert cloud.channels == 16
        assert sum(counts(cloud)) == len(cloud) == len(bytes(cloud.raw_data)) // size
        xyz = points(cloud)[:, :3] if size == 16 else tagged(cloud)["xyz"]
        angles = np.degrees(np.arctan2(xyz[:, 2], np.hypot(xyz[:, 0], xyz[:, 1])))
        assert angles == pytest.approx(np.repeat(np.linspace(10.0, -30.0, 16), counts(cloud)), abs=0.01)


def test_a_lidar_that_turns_once_a_tick_covers_all_around(world: carla.World, spawn: Spawn) -> None:
    car = spawn("vehicle.tesla.model3")
    clouds = Messages(spawn("sensor.lidar.ray_cast", ON_ROOF, car, range=50.0, lower_fov=-40.0, **ALL_AROUND, **LOSSLESS))
    for _ in range(3):
        cloud = clouds.of(world.tick())
        found = points(cloud)
        lowest = found[len(found) - counts(cloud)[-1] :]
        azimuth = np.sort(np.degrees(np.arctan2(lowest[:, 1], lowest[:, 0])))
        assert np.diff(azimuth).max() < 7.0
        assert azimuth[0] + 360.0 - azimuth[-1] < 7.0


def test_a_beam_goes_on_where_the_last_tick_left_it(world: carla.World, spawn: Spawn) -> None:
    car = spawn("vehicle.tesla.model3")
    clouds = Messages(spawn("sensor.lidar.ray_cast", ON_ROOF, car, range=50.0, lower_fov=-40.0, rotation_frequency=5.0, **LOSSLESS))
    turned = [clouds.of(world.tick()).horizontal_angle for _ in range(8)]
    assert np.diff(np.unwrap(turned)) == pytest.approx(2.0 * np.pi * 5.0 * STEP_S, abs=1e-4)


def test_drop_off_loses_about_half_of_the_points_and_noise_moves_them_along_the_ray(world: carla.World, spawn: Spawn) -> None:
    car = spawn("vehicle.tesla.model3")
    exact = Messages(spawn("sensor.lidar.ray_cast", ON_ROOF, car, **ALL_AROUND, **LOSSLESS))
    noisy = Messages(spawn("sensor.lidar.ray_cast", ON_ROOF, car, noise_stddev=0.1, **ALL_AROUND, **LOSSLESS))
    lossy = Messages(spawn("sensor.lidar.ray_cast", ON_ROOF, car, **ALL_AROUND))
    frame = settle(world, 5)
    one, two, few = (points(clouds.of(frame)) for clouds in (exact, noisy, lossy))
    assert len(few) == pytest.approx(0.55 * len(one), rel=0.1)
    moved = np.linalg.norm(two[:, :3], axis=1) - np.linalg.norm(one[:, :3], axis=1)
    assert moved.std() == pytest.approx(0.1, rel=0.1)
    assert abs(moved.mean()) < 0.01
    assert np.linalg.norm(np.cross(two[:, :3], one[:, :3]), axis=1).max() < 1e-3
    assert (one[:, 3] == two[:, 3]).all()


def test_a_radar_sees_a_car_come_nearer_with_a_negative_velocity(world: carla.World, spawn: Spawn) -> None:
    at = world.get_map().get_spawn_points()[0]
    car, ahead = spawn("vehicle.tesla.model3", at), spawn("vehicle.audi.tt", in_front_of(at, 25.0))
    radar = Messages(spawn("sensor.other.radar", AHEAD, car, horizontal_fov=6.0, vertical_fov=2.0, points_per_second=6000))
    settle(world)
    car.set_target_velocity(at.get_forward_vector() * 10.0)
    frame = world.tick()
    found = detections(radar.of(frame))
    away = car.get_location().distance(ahead.get_location()) - 2.4 - ahead.bounding_box.extent.x
    hit = found[np.abs(found["depth"] - away) < 0.5]
    assert len(hit) > 50
    assert hit["velocity"] == pytest.approx(-car.get_velocity().length(), rel=0.01)
    assert -11.0 < hit["velocity"].mean() < -9.0
    assert np.abs(np.degrees(found["azimuth"])).max() <= 3.01
    assert np.abs(np.degrees(found["altitude"])).max() <= 1.01


def test_a_radar_at_rest_sees_a_car_go_away_with_a_positive_velocity_to_its_right(world: carla.World, spawn: Spawn) -> None:
    at = world.get_map().get_spawn_points()[0]
    ahead = spawn("vehicle.audi.tt", in_front_of(at, 15.0))
    left = at.location - at.get_right_vector() * 2.0
    place = carla.Transform(carla.Location(left.x, left.y, at.location.z + 0.3), at.rotation)
    radar = Messages(spawn("sensor.other.radar", place, points_per_second=6000))
    settle(world)
    ahead.set_target_velocity(at.get_forward_vector() * 8.0)
    found = detections(radar.of(world.tick()))
    hit = found[found["velocity"] > 1.0]
    assert len(hit) > 5
    assert hit["velocity"].max() == pytest.approx(ahead.get_velocity().length(), rel=0.05)
    assert np.degrees(np.median(hit["azimuth"])) == pytest.approx(np.degrees(np.arctan2(2.0, 13.0)), abs=2.5)


@ours
@pytest.mark.parametrize(
    ("name", "attribute", "value"),
    [
        ("sensor.lidar.ray_cast", "channels", "0"),
        ("sensor.lidar.ray_cast", "range", "-5.0"),
        ("sensor.lidar.ray_cast", "noise_stddev", "-0.1"),
        ("sensor.lidar.ray_cast", "dropoff_general_rate", "1.5"),
        ("sensor.lidar.ray_cast_semantic", "points_per_second", "2000000000"),
        ("sensor.lidar.ray_cast_semantic", "horizontal_fov", "0.0"),
        ("sensor.other.radar", "vertical_fov", "180.0"),
    ],
)
def test_a_value_that_cannot_be_served_is_refused_by_name(world: carla.World, spawn: Spawn, name: str, attribute: str, value: str) -> None:
    with pytest.raises(RuntimeError, match=f"{name} with {attribute} .*: give "):
        spawn(name, ON_ROOF, spawn("vehicle.tesla.model3"), **{attribute: value})


def drive(folder: Path) -> list[str]:
    """Two cars with lidars and a radar, among scenery; digests of what each measured."""
    folder.mkdir()
    with serving(folder, "--track", 5, "--seed", 11) as server:
        world = server.client().get_world()
        synchronous(world)
        library, at = world.get_blueprint_library(), world.get_map().get_spawn_points()[0]
        car = world.spawn_actor(library.find("vehicle.tesla.model3"), at)
        world.spawn_actor(library.find("vehicle.audi.tt"), in_front_of(at, 20.0))
        sensors = []
        for name, seed in (("lidar.ray_cast", "7"), ("lidar.ray_cast", "8"), ("lidar.ray_cast_semantic", ""), ("other.radar", "9")):
            blueprint = library.find(f"sensor.{name}")
            blueprint.set_attribute("range", "60")
            if seed:
                blueprint.set_attribute("noise_seed", seed)
            if name == "lidar.ray_cast":
                blueprint.set_attribute("noise_stddev", "0.02")
            sensors.append(Messages(world.spawn_actor(blueprint, ON_ROOF, attach_to=car)))
        found = []
        for _ in range(20):
            car.apply_control(carla.VehicleControl(throttle=0.7))
            frame = world.tick()
            found += [hashlib.sha256(bytes(sensor.of(frame).raw_data)).hexdigest() for sensor in sensors]
    return found


def test_two_processes_measure_the_same_bytes_and_other_seeds_others(tmp_path: Path) -> None:
    one, other = drive(tmp_path / "one"), drive(tmp_path / "other")
    assert one == other
    assert len(set(one)) == len(one)
