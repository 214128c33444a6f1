"""Sensors as the client gets them. Runs on a real server too, but where a test says that it is ours."""

from __future__ import annotations

import math

import carla
import numpy as np
import pytest

from tests.standin.conftest import Messages, Spawn, ours
from tests.standin.servers import STEP_S

ON_CAR = carla.Transform(carla.Location(x=1.5, z=1.6))


def pixels(image: carla.Image) -> np.ndarray:
    return np.frombuffer(image.raw_data, np.uint8).reshape(image.height, image.width, 4)


def test_every_frame_brings_its_image(world: carla.World, spawn: Spawn) -> None:
    car = spawn("vehicle.tesla.model3")
    camera = spawn("sensor.camera.rgb", ON_CAR, car, image_size_x=64, image_size_y=48, fov=100)
    images = Messages(camera)
    car.apply_control(carla.VehicleControl(throttle=0.6))
    for _ in range(20):
        frame = world.tick()
        image = images.next()
        assert image.frame == frame
        assert (image.width, image.height, image.fov) == (64, 48, 100.0)
        assert image.timestamp == pytest.approx(world.get_snapshot().timestamp.elapsed_seconds)
    assert pixels(image)[..., :3].std() > 5.0


def test_an_image_says_where_its_camera_was(world: carla.World, spawn: Spawn) -> None:
    car = spawn("vehicle.tesla.model3")
    images = Messages(spawn("sensor.camera.rgb", ON_CAR, car, image_size_x=64, image_size_y=48))
    for _ in range(5):
        world.tick()
        image = images.next()
    expected = car.get_transform().transform(carla.Location(x=1.5, z=1.6))
    assert image.transform.location.distance(expected) < 0.05


def test_sensor_tick_sets_the_pace(world: carla.World, spawn: Spawn) -> None:
    car = spawn("vehicle.tesla.model3")
    images = Messages(spawn("sensor.camera.rgb", ON_CAR, car, image_size_x=32, image_size_y=24, sensor_tick=4 * STEP_S))
    frames = [world.tick() for _ in range(20)]
    found = [images.next().frame for _ in range(4)]
    assert all(frame in frames for frame in found)
    assert np.diff(found).tolist() == [4, 4, 4]


def test_several_cameras_see_the_same_frame(world: carla.World, spawn: Spawn) -> None:
    car = spawn("vehicle.tesla.model3")
    cameras = [Messages(spawn("sensor.camera.rgb", ON_CAR, car, image_size_x=size, image_size_y=24)) for size in (32, 40, 48)]
    for _ in range(5):
        frame = world.tick()
        assert [camera.next().frame for camera in cameras] == [frame] * 3


def test_depth_grows_towards_the_horizon(world: carla.World, spawn: Spawn) -> None:
    car = spawn("vehicle.tesla.model3")
    images = Messages(spawn("sensor.camera.depth", ON_CAR, car, image_size_x=64, image_size_y=48))
    for _ in range(15):
        frame = world.tick()
    image = pixels(images.of(frame)).astype(float)
    blue, green, red = image[..., 0], image[..., 1], image[..., 2]
    metres = (red + 256.0 * green + 65536.0 * blue) / (2**24 - 1) * 1000.0
    column = metres[26:, 32]
    assert np.all(np.diff(column) < 0.0)
    # a pixel v rows below the middle sees the ground at height * focal / v
    assert metres[-1, 32] == pytest.approx(1.6 * 32.0 / 23.5, rel=0.1)


def test_a_car_ahead_is_tagged_as_a_car(world: carla.World, spawn: Spawn) -> None:
    at = world.get_map().get_spawn_points()[0]
    car = spawn("vehicle.tesla.model3", at)
    ahead = carla.Transform(at.location + at.get_forward_vector() * 9.0, at.rotation)
    images = Messages(spawn("sensor.camera.semantic_segmentation", ON_CAR, car, image_size_x=64, image_size_y=48))
    before = pixels(images.of(world.tick()))[..., 2]
    assert int(carla.CityObjectLabel.Car) not in before
    assert int(carla.CityObjectLabel.Roads) in before
    spawn("vehicle.audi.tt", ahead)
    after = pixels(images.of(world.tick()))[..., 2]
    assert (after == int(carla.CityObjectLabel.Car)).mean() > 0.02


def test_a_stopped_sensor_can_be_listened_to_again(world: carla.World, spawn: Spawn) -> None:
    camera = spawn("sensor.camera.rgb", ON_CAR, spawn("vehicle.tesla.model3"), image_size_x=32, image_size_y=24)
    first = Messages(camera)
    first.of(world.tick())
    camera.stop()
    for _ in range(5):
        world.tick()
    again = Messages(camera)
    frame = world.tick()
    assert again.of(frame).frame == frame
    assert len(first.waiting()) <= 1


def test_destroying_a_sensor_that_streams_is_harmless(world: carla.World, spawn: Spawn) -> None:
    camera = spawn("sensor.camera.rgb", ON_CAR, spawn("vehicle.tesla.model3"), image_size_x=32, image_size_y=24)
    images = Messages(camera)
    images.of(world.tick())
    assert camera.destroy()
    assert world.tick() > 0
    assert camera.id not in [actor.id for actor in world.get_actors()]


def test_an_imu_at_rest_feels_gravity_and_knows_north(world: carla.World, spawn: Spawn) -> None:
    at = world.get_map().get_spawn_points()[5]
    car = spawn("vehicle.tesla.model3", at)
    measured = Messages(spawn("sensor.other.imu", None, car))
    for _ in range(40):
        frame = world.tick()
    felt = measured.of(frame)
    assert felt.accelerometer.length() == pytest.approx(9.81, abs=0.05)
    assert felt.accelerometer.z > 9.0
    heading = math.radians(car.get_transform().rotation.yaw) + math.pi / 2.0
    assert math.cos(felt.compass - heading) == pytest.approx(1.0, abs=1e-3)


def test_gnss_agrees_with_the_map(world: carla.World, spawn: Spawn) -> None:
    car = spawn("vehicle.tesla.model3", world.get_map().get_spawn_points()[5])
    measured = Messages(spawn("sensor.other.gnss", None, car))
    for _ in range(5):
        frame = world.tick()
    found, expected = measured.of(frame), world.get_map().transform_to_geolocation(car.get_location())
    assert found.latitude == pytest.approx(expected.latitude, abs=1e-7)
    assert found.longitude == pytest.approx(expected.longitude, abs=1e-7)
    assert found.altitude == pytest.approx(expected.altitude, abs=0.05)


def test_a_crash_is_told_to_both_cars(world: carla.World, spawn: Spawn) -> None:
    at = world.get_map().get_spawn_points()[0]
    behind = spawn("vehicle.tesla.model3", at)
    ahead = spawn("vehicle.audi.tt", carla.Transform(at.location + at.get_forward_vector() * 8.0, at.rotation))
    told = [Messages(spawn("sensor.other.collision", None, car)) for car in (behind, ahead)]
    for _ in range(10):
        world.tick()
    behind.set_target_velocity(at.get_forward_vector() * 15.0)
    for _ in range(20):
        world.tick()
    one, other = told[0].next(), told[1].next()
    assert (one.actor.id, one.other_actor.id) == (behind.id, ahead.id)
    assert (other.actor.id, other.other_actor.id) == (ahead.id, behind.id)
    assert one.normal_impulse.length() > 1000.0


def test_crossing_a_line_is_noticed_by_the_client(world: carla.World, spawn: Spawn) -> None:
    at = world.get_map().get_spawn_points()[0]
    car = spawn("vehicle.tesla.model3", at)
    crossed = Messages(spawn("sensor.other.lane_invasion", None, car))
    right = at.get_right_vector()
    for step in range(40):
        car.set_transform(carla.Transform(at.location + right * (-4.0 * step / 40.0) + at.get_forward_vector() * (0.2 * step), at.rotation))
        world.tick()
    assert crossed.next().crossed_lane_markings


@ours
def test_an_obstacle_ahead_is_found_at_its_distance(world: carla.World, spawn: Spawn) -> None:
    at = world.get_map().get_spawn_points()[0]
    car = spawn("vehicle.tesla.model3", at)
    ahead = spawn("vehicle.audi.tt", carla.Transform(at.location + at.get_forward_vector() * 15.0, at.rotation))
    found = Messages(spawn("sensor.other.obstacle", carla.Transform(carla.Location(z=0.8)), car, distance=20.0, hit_radius=0.1, only_dynamics=True))
    for _ in range(20):
        frame = world.tick()
    obstacle = found.of(frame)
    assert obstacle.other_actor.id == ahead.id
    assert obstacle.distance == pytest.approx(15.0 - ahead.bounding_box.extent.x, abs=0.3)


@ours
def test_a_spring_arm_turns_with_the_car_but_does_not_tilt(world: carla.World, spawn: Spawn) -> None:
    car = spawn("vehicle.tesla.model3")
    blueprint = world.get_blueprint_library().find("sensor.camera.rgb")
    arm = carla.Transform(carla.Location(x=-6.0, z=3.0), carla.Rotation(pitch=-15.0))
    camera = world.spawn_actor(blueprint, arm, attach_to=car, attachment_type=carla.AttachmentType.SpringArm)
    car.set_simulate_physics(False)
    car.set_transform(carla.Transform(carla.Location(z=50), carla.Rotation(pitch=20.0, yaw=90.0)))
    world.tick()
    at = camera.get_transform()
    assert at.location.distance(carla.Location(0.0, -6.0, 53.0)) < 0.01
    assert (at.rotation.pitch, at.rotation.yaw) == (pytest.approx(-15.0, abs=0.01), pytest.approx(90.0, abs=0.01))


@ours
def test_a_rigid_camera_hangs_as_carla_transforms_compose(world: carla.World, spawn: Spawn) -> None:
    car = spawn("vehicle.tesla.model3")
    mount = carla.Transform(carla.Location(1.0, 0.5, 1.7), carla.Rotation(pitch=-8.0, yaw=30.0, roll=5.0))
    camera = spawn("sensor.camera.rgb", mount, car)
    car.set_simulate_physics(False)
    base = carla.Transform(carla.Location(10, 20, 60), carla.Rotation(pitch=12.0, yaw=-70.0, roll=7.0))
    car.set_transform(base)
    world.tick()
    at = camera.get_transform()
    product = np.array(base.get_matrix()) @ np.array(mount.get_matrix())
    assert np.abs(np.array(at.get_matrix()) - product).max() < 1e-3


def test_a_sensors_attributes_can_be_set_to_what_they_recommend(world: carla.World) -> None:
    for blueprint in world.get_blueprint_library().filter("sensor.*"):
        for attribute in [one for one in blueprint if one.is_modifiable]:
            assert attribute.recommended_values, f"{blueprint.id}: {attribute.id}"
            blueprint.set_attribute(attribute.id, attribute.recommended_values[0])
            if attribute.type == carla.ActorAttributeType.Float:
                assert blueprint.get_attribute(attribute.id).as_float() == pytest.approx(attribute.as_float())
