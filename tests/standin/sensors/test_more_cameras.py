"""Cameras that tell things apart, their surfaces and their motion, as the client gets them."""

from __future__ import annotations

import time

import carla
import numpy as np
import pytest

from tests.standin.conftest import Messages, Spawn, ours
from tests.standin.sensors.test_sensors import ON_CAR, pixels
from tests.standin.servers import STEP_S

SIZE = {"image_size_x": 64, "image_size_y": 48}
FOCAL_PX = 32.0  # of that width, at 90 degrees
HEIGHT_M = 1.6
NEW = ("instance_segmentation", "normals", "optical_flow", "dvs")
SILENT = ("sensor.other.collision", "sensor.other.lane_invasion", "sensor.other.obstacle", "sensor.camera.dvs")


def flow_px(image: carla.OpticalFlowImage) -> np.ndarray:
    """Flow (Y, X, 2) in pixels to the right and down."""
    flow = np.frombuffer(image.raw_data, np.float32).reshape(image.height, image.width, 2)
    return flow * (image.width / 2.0, -image.height / 2.0)


def moved(at: carla.Transform, ahead_m: float, up_m: float = 0.0) -> carla.Transform:
    return carla.Transform(at.location + at.get_forward_vector() * ahead_m + carla.Location(z=up_m), carla.Rotation(yaw=at.rotation.yaw))


def start(world: carla.World) -> carla.Transform:
    """A spawn point, on the ground."""
    at = world.get_map().get_spawn_points()[0]
    at.location.z = world.get_map().get_waypoint(at.location).transform.location.z
    return at


def test_the_instance_camera_names_each_car_and_agrees_with_the_semantic_one(world: carla.World, spawn: Spawn) -> None:
    at = world.get_map().get_spawn_points()[0]
    car = spawn("vehicle.tesla.model3", at)
    others = [spawn(name, moved(at, ahead_m)) for name, ahead_m in (("vehicle.audi.tt", 9.0), ("vehicle.tesla.cybertruck", 18.0))]
    cameras = [Messages(spawn(f"sensor.camera.{kind}_segmentation", ON_CAR, car, **SIZE)) for kind in ("instance", "semantic")]
    for _ in range(3):
        frame = world.tick()
    instance, semantic = (pixels(camera.of(frame)) for camera in cameras)
    assert np.array_equal(instance[..., 2], semantic[..., 2])
    ids = instance[..., 1] + 256 * instance[..., 0].astype(int)
    is_car = np.isin(instance[..., 2], [int(carla.CityObjectLabel.Car), int(carla.CityObjectLabel.Truck)])
    assert set(np.unique(ids[is_car])) == {other.id for other in others}
    assert not ids[~is_car].any()


def test_the_road_faces_up_and_the_back_of_a_car_faces_its_follower(world: carla.World, spawn: Spawn) -> None:
    at = world.get_map().get_spawn_points()[0]
    car = spawn("vehicle.tesla.model3", at)
    spawn("vehicle.audi.tt", moved(at, 12.0))
    cameras = [Messages(spawn(f"sensor.camera.{kind}", ON_CAR, car, **SIZE)) for kind in ("normals", "semantic_segmentation")]
    frame = world.tick()
    image, semantic = (pixels(camera.of(frame)) for camera in cameras)
    normals = image[..., 2::-1] / 127.5 - 1.0
    road = normals[semantic[..., 2] == int(carla.CityObjectLabel.Roads)]
    assert road[:, 2].min() > 0.95
    sky = semantic[..., 2] == int(carla.CityObjectLabel.Sky)
    assert np.linalg.norm(normals[~sky], axis=1) == pytest.approx(1.0, abs=0.02)
    assert np.all(image[sky][:, :3] == 128)
    forward = at.get_forward_vector()
    assert (normals[semantic[..., 2] == int(carla.CityObjectLabel.Car)] @ (forward.x, forward.y, forward.z)).mean() < -0.3


def test_the_flow_of_a_drive_straight_on_is_the_pinholes(world: carla.World, spawn: Spawn) -> None:
    at, step_m = start(world), 0.5
    camera = spawn("sensor.camera.optical_flow", moved(at, 0.0, HEIGHT_M), **SIZE)
    images = Messages(camera)
    assert np.abs(flow_px(images.of(world.tick()))).max() < 1e-4
    camera.set_transform(moved(at, step_m, HEIGHT_M))
    image = images.of(world.tick())
    assert len(image.get_color_coded_flow().raw_data) == 64 * 48 * 4
    flow = flow_px(image)
    assert np.all(flow[40:, :28, 0] < 0.0)
    assert np.all(flow[40:, 36:, 0] > 0.0)
    for row in (34, 40, 47):
        below_px = row + 0.5 - 24.0
        depth_m = HEIGHT_M * FOCAL_PX / below_px
        assert flow[row, 32, 1] == pytest.approx(below_px * step_m / (depth_m + step_m), rel=0.1)
    camera.set_transform(moved(at, step_m, HEIGHT_M))
    assert np.abs(flow_px(images.of(world.tick()))).max() < 1e-4


def test_a_turn_moves_the_sky_against_it(world: carla.World, spawn: Spawn) -> None:
    at = moved(start(world), 0.0, 30.0)
    camera = spawn("sensor.camera.optical_flow", at, **SIZE)
    images = Messages(camera)
    world.tick()
    at.rotation.yaw += 2.0
    camera.set_transform(at)
    flow = flow_px(images.of(world.tick()))
    assert flow[2, 32, 0] == pytest.approx(-FOCAL_PX * np.radians(2.0), rel=0.1)


@ours
def test_the_flow_of_a_car_is_its_own_motion(world: carla.World, spawn: Spawn) -> None:
    at, aside_m, away_m = start(world), 0.2, 10.0
    car = spawn("vehicle.tesla.model3", moved(at, away_m, 0.5))
    car.set_simulate_physics(False)
    here = moved(at, 0.0, 1.0)
    kinds = ("optical_flow", "instance_segmentation", "depth")
    flows, instances, depths = (Messages(spawn(f"sensor.camera.{kind}", here, **SIZE)) for kind in kinds)
    world.tick()
    there = car.get_transform()
    car.set_transform(carla.Transform(there.location + at.get_right_vector() * aside_m, there.rotation))
    frame = world.tick()
    flow, ids, depth = flow_px(flows.of(frame)), pixels(instances.of(frame)).astype(int), pixels(depths.of(frame)).astype(float)
    on_car = ids[..., 1] + 256 * ids[..., 0] == car.id
    metres = (depth[..., 2] + 256.0 * depth[..., 1] + 65536.0 * depth[..., 0]) / (2**24 - 1) * 1000.0
    assert on_car.sum() > 20
    assert flow[on_car][:, 0] == pytest.approx(FOCAL_PX * aside_m / metres[on_car], rel=0.02)
    assert np.abs(flow[~on_car]).max() < 1e-4


def test_a_dvs_is_silent_in_a_still_scene_and_speaks_when_its_car_drives(world: carla.World, spawn: Spawn) -> None:
    car = spawn("vehicle.tesla.model3")
    car.apply_control(carla.VehicleControl(hand_brake=True))
    for _ in range(40):
        world.tick()
    fired = Messages(spawn("sensor.camera.dvs", ON_CAR, car, **SIZE))
    for _ in range(10):
        world.tick()
    time.sleep(0.3)
    assert not fired.waiting()
    car.apply_control(carla.VehicleControl(throttle=0.8))
    for _ in range(20):
        frame = world.tick()
    events = fired.of(frame)
    assert (events.width, events.height, len(events)) == (64, 48, len(events.to_array_t()))
    found = np.frombuffer(events.raw_data, [("x", "<u2"), ("y", "<u2"), ("t", "<i8"), ("pol", "?")])
    now_ns = events.timestamp * 1e9
    assert found["x"].max() < 64
    assert found["y"].max() < 48
    assert np.all(np.diff(found["t"]) >= 0)
    assert now_ns - STEP_S * 1e9 - 1e3 <= found["t"].min() <= found["t"].max() <= now_ns + 1e3
    assert set(found["pol"]) == {True, False}


@pytest.mark.parametrize("kind", NEW)
def test_a_camera_of_one_pixel_is_sound(world: carla.World, spawn: Spawn, kind: str) -> None:
    at = moved(start(world), 0.0, 3.0)
    camera = spawn(f"sensor.camera.{kind}", at, image_size_x=1, image_size_y=1)
    images = Messages(camera)
    for turn in range(8):
        camera.set_transform(carla.Transform(at.location, carla.Rotation(pitch=-80.0 if turn % 2 else 60.0)))
        frame = world.tick()
    image = images.of(frame)
    assert (image.width, image.height) == (1, 1)
    assert len(image.raw_data) % {"optical_flow": 8, "dvs": 13}.get(kind, 4) == 0


@ours
def test_a_threshold_that_cannot_be_served_is_refused(spawn: Spawn) -> None:
    with pytest.raises(RuntimeError, match=r"positive_threshold 0.0: give 0\.01 to 1000"):
        spawn("sensor.camera.dvs", positive_threshold=0.0)


def test_every_sensor_of_the_library_measures_without_a_parent(world: carla.World) -> None:
    at = moved(start(world), 0.0, 2.0)
    heard: dict[str, Messages] = {}
    for blueprint in world.get_blueprint_library().filter("sensor.*"):
        if blueprint.has_attribute("image_size_x"):
            blueprint.set_attribute("image_size_x", "64")
            blueprint.set_attribute("image_size_y", "48")
        heard[blueprint.id] = Messages(world.spawn_actor(blueprint, at))
    for _ in range(40):
        frame = world.tick()
    assert {f"sensor.camera.{kind}" for kind in NEW} <= set(heard)
    for name, messages in heard.items():
        if name not in SILENT:
            assert messages.of(frame).frame == frame, name
