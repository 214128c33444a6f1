"""Every motion that is reported agrees with the poses that are reported: over hills, across slopes, through bends and under brakes.

Velocities and rates are those at the end of a tick, so their means over a tick are the differences of the poses. Places come as float32, which
limits what their second differences can say.
"""

from __future__ import annotations

import math
import queue
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import carla
import numpy as np
import pytest

from tests.standin.conftest import Messages, ours
from tests.standin.sensors import hills
from tests.standin.servers import synchronous

pytestmark = ours
GRAVITY = np.array([0.0, 0.0, 9.81])
PLACE_ERROR_M = 1e-5  # of a float32 below 256 m
# x, y, z (m), pitch, yaw, roll (degrees): in the car's origin, behind it, and turned about all axes
MOUNTS = ((0.0, 0.0, 0.0, 0.0, 0.0, 0.0), (-2.0, 0.0, 1.0, 0.0, 0.0, 0.0), (1.0, 0.7, 1.5, 20.0, 130.0, -30.0))
SETTLED_S = 1.0  # after this the car no longer bounces from being put down


class Drive(NamedTuple):
    """What T ticks said."""

    frames: np.ndarray  # (T,)
    steps_s: np.ndarray  # (T,)
    places: np.ndarray  # (T, 3) of the car (m)
    turns: np.ndarray  # (T, 3, 3) of the car
    velocities: np.ndarray  # (T, 3) m/s
    rates: np.ndarray  # (T, 3) rad/s
    accelerations: np.ndarray  # (T, 3) m/s^2
    sensor_places: np.ndarray  # (T, S, 3) m
    sensor_turns: np.ndarray  # (T, S, 3, 3)
    felt: np.ndarray  # (T, S, 3) m/s^2
    turned: np.ndarray  # (T, S, 3) rad/s


@pytest.fixture(scope="module")
def wavy(client: carla.Client) -> Iterator[carla.World]:
    """The hilly map. The map before is loaded again at the end."""
    before = client.get_world().get_map().name.rsplit("/", 1)[-1]
    yield client.generate_opendrive_world(hills.hilly_map())
    client.load_world(before)


def numbers(vector: Any) -> list[float]:
    """Return a vector of the client as numbers."""
    return [vector.x, vector.y, vector.z]


def turn_of(transform: carla.Transform) -> np.ndarray:
    """Return the rotation matrix (3, 3) of a transform; its columns are the forward, right and up axes."""
    return np.array([numbers(axis) for axis in (transform.get_forward_vector(), transform.get_right_vector(), transform.get_up_vector())]).T


def attach_imus(world: carla.World, carrier: carla.Actor) -> list[Messages]:
    """Attach an IMU at each of MOUNTS."""
    blueprint = world.get_blueprint_library().find("sensor.other.imu")
    return [Messages(world.spawn_actor(blueprint, transform(*mount), attach_to=carrier)) for mount in MOUNTS]


def transform(x: float, y: float, z: float, pitch: float = 0.0, yaw: float = 0.0, roll: float = 0.0) -> carla.Transform:
    """Return a transform, m and degrees."""
    return carla.Transform(carla.Location(x, y, z), carla.Rotation(pitch, yaw, roll))


def watch(world: carla.World, carrier: carla.Actor, steps_s: list[float], act: Callable[[float], None]) -> Drive:
    """Tick with these steps, call `act` with the time (s) before each, and return what was said. The carrier is destroyed."""
    imus, rows, step_s = attach_imus(world, carrier), [], steps_s[0]
    synchronous(world, step_s)
    snapshots: queue.Queue[carla.WorldSnapshot] = queue.Queue()
    listener = world.on_tick(snapshots.put)
    for n, wanted in enumerate(steps_s):
        act(sum(steps_s[:n]))
        if wanted != step_s:
            synchronous(world, wanted)  # ticks too
            step_s = wanted
        last = world.tick()
        while not rows or rows[-1][0] < last:
            rows.append(read(snapshots.get(timeout=5.0), carrier, imus))
    world.remove_on_tick(listener)
    for imu in imus:
        imu.sensor.stop()
        imu.sensor.destroy()
    carrier.destroy()
    seen = Drive(*(np.array(part) for part in zip(*rows, strict=True)))
    assert set(np.diff(seen.frames)) == {1}
    return seen


def read(snapshot: carla.WorldSnapshot, carrier: carla.Actor, imus: list[Messages]) -> tuple[Any, ...]:
    """Return what one tick said, as the fields of Drive."""
    own = snapshot.find(carrier.id)
    said = [imu.of(snapshot.frame) for imu in imus]
    mounts = [snapshot.find(imu.sensor.id).get_transform() for imu in imus]
    return (
        snapshot.frame,
        snapshot.timestamp.delta_seconds,
        numbers(own.get_transform().location),
        turn_of(own.get_transform()),
        numbers(own.get_velocity()),
        np.radians(numbers(own.get_angular_velocity())),
        numbers(own.get_acceleration()),
        [numbers(mount.location) for mount in mounts],
        [turn_of(mount) for mount in mounts],
        [numbers(message.accelerometer) for message in said],
        [numbers(message.gyroscope) for message in said],
    )


def drive(world: carla.World, start: carla.Transform, speed_mps: float, steps_s: list[float], act: Callable[[float], carla.VehicleControl]) -> Drive:
    """Drive a car from `start` at a speed, with the controls that `act` returns for a time (s)."""
    start.location.z = float(hills.height(np.array(start.location.x)))
    car = world.spawn_actor(world.get_blueprint_library().find("vehicle.tesla.model3"), start)
    car.set_target_velocity(start.get_forward_vector() * speed_mps)
    return watch(world, car, steps_s, lambda now_s: car.apply_control(act(now_s)))


def check(seen: Drive) -> None:
    """Check every motion against differences of the poses."""
    first = int(np.searchsorted(np.cumsum(seen.steps_s), SETTLED_S)) + 2
    steps = seen.steps_s[1:, None]
    longest_s, shortest_s = seen.steps_s.max(), seen.steps_s.min()
    moved = (np.diff(seen.places, axis=0) / steps)[first:]
    np.testing.assert_allclose(((seen.velocities[1:] + seen.velocities[:-1]) / 2.0)[first:], moved, atol=0.005 + 0.3 * longest_s)
    np.testing.assert_allclose(seen.accelerations[1:][first:], (np.diff(seen.velocities, axis=0) / steps)[first:], atol=1e-3)
    between = seen.turns[1:] @ seen.turns[:-1].transpose(0, 2, 1)
    axis = np.stack([between[:, 2, 1] - between[:, 1, 2], between[:, 0, 2] - between[:, 2, 0], between[:, 1, 0] - between[:, 0, 1]], 1)
    turned = (axis / 2.0 / steps)[first:]
    np.testing.assert_allclose(((seen.rates[1:] + seen.rates[:-1]) / 2.0)[first:], turned, atol=0.005 + 0.6 * longest_s)
    # the second difference over unequal steps
    speeds = np.diff(seen.sensor_places, axis=0) / steps[:, None]
    second = np.diff(speeds, axis=0) / ((steps[1:] + steps[:-1]) / 2.0)[:, None] + GRAVITY
    felt = np.einsum("tsij,tsi->tsj", seen.sensor_turns[2:], second)
    np.testing.assert_allclose(seen.felt[2:][first:], felt[first:], atol=0.01 + 4.0 * PLACE_ERROR_M / shortest_s**2)
    np.testing.assert_allclose(seen.turned, np.einsum("tsij,ti->tsj", seen.sensor_turns, seen.rates), atol=1e-4)


@pytest.mark.parametrize("steps_s", [(0.01, 0.01), (0.02, 0.02), (0.05, 0.05), (0.1, 0.1), (0.02, 0.05)], ids=str)
def test_reported_motion_is_the_difference_of_reported_poses(wavy: carla.World, steps_s: tuple[float, float]) -> None:
    random = np.random.default_rng(int(1000 * sum(steps_s)))
    steps = [step for step in steps_s for _ in range(int(2.5 / step))]
    start = transform(random.uniform(5.0, 60.0), random.uniform(-10.0, 10.0), 0.0, 0.0, random.uniform(-40.0, 40.0))
    wave, brake_s = random.uniform(0.1, 0.25), random.uniform(2.0, 4.0)

    def act(now_s: float) -> carla.VehicleControl:
        brakes = brake_s < now_s < brake_s + 0.5
        return carla.VehicleControl(throttle=0.0 if brakes else 0.4, brake=0.8 if brakes else 0.0, steer=wave * math.sin(1.5 * now_s))

    seen = drive(wavy, start, float(random.uniform(6.0, 14.0)), steps, act)
    assert np.abs(seen.rates).max(axis=0).min() > 0.03, "the drive pitches, rolls and yaws"
    check(seen)


def test_a_car_bends_with_the_hill_as_smoothly_as_the_road(wavy: carla.World) -> None:
    seen = drive(wavy, transform(5.0, 0.0, 0.0), 15.0, [0.05] * 160, lambda _: carla.VehicleControl(throttle=0.25))
    check(seen)
    x, z = seen.places[20:, 0], seen.places[20:, 2]
    assert np.abs(z - hills.height(x)).max() < 0.02
    assert np.abs(np.diff(z - hills.height(x), 2) / 0.05**2).max() < 0.3
    pitch = np.arcsin(seen.turns[20:, 2, 0])
    assert np.abs(pitch - np.arctan(hills.slope(x))).max() < 0.005
    assert np.abs(seen.turned[20:, 0, 1]).max() > 0.1
    np.testing.assert_allclose(seen.turned[21:, 0, 1], -np.diff(pitch) / 0.05, atol=0.01)  # a nose that rises counts against y


def test_in_a_circle_an_imu_behind_the_axle_feels_its_own_place(wavy: carla.World) -> None:
    seen = drive(wavy, transform(150.0, -10.0, 0.0), 6.0, [0.05] * 100, lambda _: carla.VehicleControl(throttle=0.15, steer=0.3))
    check(seen)
    front, behind = seen.felt[60:, 0, 0], seen.felt[60:, 1, 0]
    np.testing.assert_allclose((behind - front).mean(), 2.0 * (seen.rates[60:, 2] ** 2).mean(), rtol=0.15)


def test_imus_on_a_walker_and_in_the_world_feel_their_own_motion(wavy: carla.World) -> None:
    library = wavy.get_blueprint_library()
    walker = wavy.spawn_actor(library.find("walker.pedestrian.0001"), transform(20.0, 0.0, float(hills.height(np.array(20.0))) + 0.93))
    seen = watch(wavy, walker, [0.05] * 60, lambda now_s: walker.apply_control(carla.WalkerControl(carla.Vector3D(1.0, 0.3), 2.0)))
    check(seen)
    assert seen.velocities[30:, 2].mean() > 0.1, "it walks uphill"
    alone = Messages(wavy.spawn_actor(library.find("sensor.other.imu"), transform(30.0, 0.0, 9.0, 10.0, 20.0, 30.0)))
    for _ in range(3):
        frame = wavy.tick()
        felt = alone.of(frame)
        np.testing.assert_allclose(numbers(felt.accelerometer), turn_of(felt.transform).T @ GRAVITY, atol=1e-4)
        assert numbers(felt.gyroscope) == [0.0, 0.0, 0.0]
    alone.sensor.destroy()


def test_a_teleport_is_felt_by_two_measurements_and_never_as_a_turn(wavy: carla.World) -> None:
    car = wavy.spawn_actor(wavy.get_blueprint_library().find("vehicle.tesla.model3"), transform(20.0, 0.0, 1.5))

    def act(now_s: float) -> None:
        if abs(now_s - 2.0) < 0.01:
            car.set_transform(transform(120.0, 10.0, float(hills.height(np.array(120.0))), 0.0, 90.0))

    seen = watch(wavy, car, [0.05] * 100, act)
    jump = int(np.argmax(np.abs(np.diff(seen.places[:, 0])))) + 1
    calm = np.delete(seen.felt[30:, 0], [jump - 30, jump - 29], axis=0)
    assert np.abs(seen.felt[jump, 0]).max() > 1e4, "as on CARLA's server"
    assert np.abs(calm).max() < 15.0
    assert np.abs(seen.turned[30:]).max() < 1.0
