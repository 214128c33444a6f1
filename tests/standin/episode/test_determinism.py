"""The same seed and the same calls give the same bytes, in two processes and after a reload."""

from __future__ import annotations

import hashlib
from pathlib import Path

import carla

from tests.standin.conftest import Messages
from tests.standin.servers import Server, serving, synchronous


def drive_episode(client: carla.Client) -> list[str]:
    """Let one car hit another in the rain before six cameras, and return a digest of images, transforms and events per tick."""
    world = client.get_world()
    synchronous(world)
    world.set_weather(carla.WeatherParameters.HardRainNoon)
    library, at = world.get_blueprint_library(), world.get_map().get_spawn_points()[0]
    car = world.spawn_actor(library.find("vehicle.tesla.model3"), at)
    world.spawn_actor(library.find("vehicle.audi.tt"), carla.Transform(at.location + at.get_forward_vector() * 25.0, at.rotation))
    sensors = []
    kinds = ("rgb", "depth", "instance_segmentation", "normals", "optical_flow", "dvs")
    for name in ("sensor.other.imu", "sensor.other.collision", *(f"sensor.camera.{kind}" for kind in kinds)):
        blueprint = library.find(name)
        if "dvs" in name:
            blueprint.set_attribute("sigma_positive_threshold", "0.05")
        if "camera" in name:
            blueprint.set_attribute("image_size_x", "96")
            blueprint.set_attribute("image_size_y", "54")
        if "imu" in name:
            blueprint.set_attribute("noise_accel_stddev_x", "0.1")
        sensors.append(Messages(world.spawn_actor(blueprint, carla.Transform(carla.Location(x=1.5, z=1.6)), attach_to=car)))
    imu, collisions, *cameras = sensors
    digests = []
    for tick in range(80):
        car.apply_control(carla.VehicleControl(throttle=0.7, steer=0.02 * (tick % 3 - 1)))
        frame = world.tick()
        snapshot = world.get_snapshot()
        impulses = [f"{hit.normal_impulse}" for hit in collisions.waiting()] if tick % 20 == 19 else []
        parts = [f"{one.id} {one.get_transform()} {one.get_velocity()} {one.get_acceleration()}" for one in sorted(snapshot, key=lambda one: one.id)]
        parts += [f"{snapshot.timestamp.elapsed_seconds}", f"{imu.of(frame).accelerometer}", *impulses]
        digest = hashlib.sha256("".join(parts).encode())
        for camera in cameras[: 6 if tick else 5]:  # an event camera sends nothing at its first tick
            digest.update(bytes(camera.of(frame).raw_data))
        digests.append(digest.hexdigest())
    return digests


def run_first_episode(folder: Path) -> list[str]:
    """Drive the episode on a new server."""
    folder.mkdir()
    with serving(folder, "--track", 5, "--seed", 11) as server:
        return drive_episode(server.client())


def test_two_processes_agree_byte_for_byte(tmp_path: Path) -> None:
    one, other = run_first_episode(tmp_path / "one"), run_first_episode(tmp_path / "other")
    assert one == other
    assert len(set(one)) == len(one)


def test_a_reload_repeats_the_drive(server: Server) -> None:
    def drive() -> list[str]:
        world = server.client().reload_world()
        synchronous(world)
        car = world.spawn_actor(world.get_blueprint_library().find("vehicle.audi.tt"), world.get_map().get_spawn_points()[2])
        car.apply_control(carla.VehicleControl(throttle=0.8, steer=0.1))
        return [f"{world.tick() > 0} {car.get_transform()} {car.get_velocity()}" for _ in range(50)]

    assert drive() == drive()


def test_a_randomised_server_shows_other_scenery_in_each_episode_and_repeats_it_in_the_next_process(tmp_path: Path) -> None:
    def digest_views(folder: Path) -> list[str]:
        folder.mkdir()
        found = []
        with serving(folder, "--track", 5, "--seed", 2, "--randomise") as server:
            client = server.client()
            for _ in range(3):
                world = client.reload_world()
                synchronous(world)
                at = world.get_map().get_spawn_points()[0]
                at.location.z += 2.0
                images = Messages(world.spawn_actor(world.get_blueprint_library().find("sensor.camera.rgb"), at))
                found.append(hashlib.sha256(bytes(images.of(world.tick()).raw_data)).hexdigest() + str(world.get_weather()))
        return found

    one, other = digest_views(tmp_path / "one"), digest_views(tmp_path / "other")
    assert one == other
    assert len(set(one)) == 3
