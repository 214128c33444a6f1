"""Vehicles driven through the client: controls, physics, switches, batches. Runs on a real server too."""

from __future__ import annotations

import math

import carla
import pytest

from tests.standin.conftest import Messages, Spawn, ours
from tests.standin.servers import STEP_S


def drive(world: carla.World, ticks: int) -> None:
    """Tick the world so often."""
    for _ in range(ticks):
        world.tick()


def speed(car: carla.Vehicle) -> float:
    """Return a car's speed (m/s)."""
    return car.get_velocity().length()


def test_a_car_settles_where_it_was_put(world: carla.World, spawn: Spawn) -> None:
    spawns = world.get_map().get_spawn_points()
    for at in spawns[4:8]:
        car = spawn("vehicle.tesla.model3", at)
        car.apply_control(carla.VehicleControl(hand_brake=True))
        drive(world, 30)
        now = car.get_transform()
        assert math.hypot(now.location.x - at.location.x, now.location.y - at.location.y) < 0.01
        assert abs(now.rotation.yaw - at.rotation.yaw) % 360.0 < 0.1
        assert speed(car) < 0.01
        car.destroy()


def test_throttle_drives_and_brake_stops(world: carla.World, spawn: Spawn) -> None:
    car = spawn("vehicle.tesla.model3")
    car.apply_control(carla.VehicleControl(throttle=0.8))
    drive(world, 60)
    assert speed(car) > 5.0
    forward = car.get_transform().get_forward_vector()
    assert car.get_velocity().dot(forward) > 0.9 * speed(car)
    car.apply_control(carla.VehicleControl(brake=1.0))
    drive(world, 60)
    assert speed(car) < 0.05
    assert car.get_control().brake == 1.0


def test_positive_steer_turns_right(world: carla.World, spawn: Spawn) -> None:
    car = spawn("vehicle.tesla.model3")
    world.tick()
    before = car.get_transform()
    car.apply_control(carla.VehicleControl(throttle=0.5, steer=0.3))
    drive(world, 50)
    away = car.get_location() - before.location
    assert away.dot(before.get_right_vector()) > 0.3
    assert car.get_angular_velocity().z > 1.0


def test_reverse_drives_backwards(world: carla.World, spawn: Spawn) -> None:
    car = spawn("vehicle.tesla.model3", world.get_map().get_spawn_points()[6])
    car.apply_control(carla.VehicleControl(throttle=0.5, reverse=True))
    drive(world, 40)
    assert car.get_velocity().dot(car.get_transform().get_forward_vector()) < -1.0
    assert car.get_control().reverse
    assert car.get_control().gear == -1


def test_an_applied_target_velocity_is_the_velocity(world: carla.World, spawn: Spawn) -> None:
    car = spawn("vehicle.tesla.model3")
    drive(world, 10)
    forward = car.get_transform().get_forward_vector()
    car.set_target_velocity(forward * 10.0)
    world.tick()
    assert speed(car) == pytest.approx(10.0, abs=0.5)


def test_a_constant_velocity_is_kept(world: carla.World, spawn: Spawn) -> None:
    car = spawn("vehicle.tesla.model3")
    drive(world, 5)
    car.enable_constant_velocity(carla.Vector3D(7, 0, 0))
    for _ in range(20):
        world.tick()
        assert speed(car) == pytest.approx(7.0, abs=0.1)
    car.disable_constant_velocity()
    car.apply_control(carla.VehicleControl(brake=1.0))
    drive(world, 60)
    assert speed(car) < 0.1


def test_a_teleported_car_is_where_it_was_put(world: carla.World, spawn: Spawn) -> None:
    car, there = spawn("vehicle.tesla.model3"), world.get_map().get_spawn_points()[7]
    car.set_transform(there)
    world.tick()
    assert math.hypot(car.get_location().x - there.location.x, car.get_location().y - there.location.y) < 0.1


def test_a_car_without_physics_stays_in_the_air(world: carla.World, spawn: Spawn) -> None:
    car, at = spawn("vehicle.tesla.model3"), world.get_map().get_spawn_points()[5]
    car.set_simulate_physics(False)
    at.location.z += 10.0
    car.set_transform(at)
    drive(world, 20)
    assert car.get_location().z == pytest.approx(at.location.z, abs=0.01)
    car.set_simulate_physics(True)
    drive(world, 60)
    assert car.get_location().z < at.location.z - 5.0


def test_a_car_without_gravity_floats_on(world: carla.World, client: carla.Client) -> None:
    at, command = world.get_map().get_spawn_points()[5], carla.command
    at.location.z += 3.0
    blueprint, forward = world.get_blueprint_library().find("vehicle.tesla.model3"), at.get_forward_vector()
    forward.z = 0.0
    chain = command.SpawnActor(blueprint, at).then(command.SetEnableGravity(command.FutureActor, False))
    answer = client.apply_batch_sync([chain.then(command.ApplyTargetVelocity(command.FutureActor, forward * 4.0))], True)[0]
    car = world.get_actor(answer.actor_id)
    drive(world, 20)
    assert car.get_location().z == pytest.approx(at.location.z, abs=0.01)
    assert speed(car) == pytest.approx(4.0, rel=0.02)


def test_an_impulse_changes_the_velocity_by_impulse_over_mass(world: carla.World, spawn: Spawn) -> None:
    car = spawn("vehicle.tesla.model3")
    drive(world, 20)
    mass = car.get_physics_control().mass
    car.add_impulse(car.get_transform().get_forward_vector() * (10.0 * mass))
    world.tick()
    assert speed(car) == pytest.approx(10.0, rel=0.1)


def test_physics_control_changes_how_a_car_drives(world: carla.World, spawn: Spawn) -> None:
    spawns = world.get_map().get_spawn_points()
    light, heavy = spawn("vehicle.tesla.model3", spawns[0]), spawn("vehicle.tesla.model3", spawns[3])
    drive(world, 5)
    physics = heavy.get_physics_control()
    assert len(physics.wheels) == 4
    physics.mass *= 3.0
    heavy.apply_physics_control(physics)
    world.tick()
    assert heavy.get_physics_control().mass == pytest.approx(physics.mass)
    for car in (light, heavy):
        car.apply_control(carla.VehicleControl(throttle=0.5))
    drive(world, 40)
    assert speed(heavy) < 0.6 * speed(light)


def test_ackermann_control_reaches_its_speed(world: carla.World, spawn: Spawn) -> None:
    car = spawn("vehicle.tesla.model3")
    car.apply_ackermann_control(carla.VehicleAckermannControl(speed=5.0, acceleration=3.0))
    drive(world, 120)
    assert speed(car) == pytest.approx(5.0, abs=0.5)


def test_lights_come_back_as_they_were_set(world: carla.World, spawn: Spawn) -> None:
    car = spawn("vehicle.tesla.model3")
    wanted = carla.VehicleLightState(carla.VehicleLightState.LowBeam | carla.VehicleLightState.Brake)
    car.set_light_state(wanted)
    world.tick()
    assert car.get_light_state() == wanted
    assert world.get_vehicles_light_states()[car.id] == wanted


def read_friction(car: carla.Vehicle) -> float:
    return float(car.get_physics_control().wheels[0].tire_friction)


def test_a_friction_trigger_sets_the_friction_of_the_tyres_inside(world: carla.World, spawn: Spawn) -> None:
    at, elsewhere = world.get_map().get_spawn_points()[0], world.get_map().get_spawn_points()[12]
    car, other = spawn("vehicle.tesla.model3", at), spawn("vehicle.tesla.model3", elsewhere)
    before = read_friction(car)
    trigger = spawn("static.trigger.friction", at, friction=0.05, extent_x=2000.0, extent_y=2000.0, extent_z=500.0)
    drive(world, 10)
    assert read_friction(car) == pytest.approx(0.05)
    assert read_friction(other) == pytest.approx(before)
    car.apply_control(carla.VehicleControl(throttle=1.0))
    drive(world, 20)
    assert speed(car) < 2.0
    trigger.destroy()
    drive(world, 2)
    assert read_friction(car) == pytest.approx(before)


def test_a_control_that_is_not_sticky_lasts_one_tick(world: carla.World, spawn: Spawn) -> None:
    def measure_distance_m(sticky: bool, let_go: bool) -> float:
        at = world.get_map().get_spawn_points()[0]
        car = spawn("vehicle.tesla.model3", at, sticky_control=sticky)
        drive(world, 10)
        car.apply_control(carla.VehicleControl(throttle=1.0))
        world.tick()
        for _ in range(30):
            if let_go:
                car.apply_control(carla.VehicleControl())
            world.tick()
        distance_m = float(car.get_location().distance(at.location))
        car.destroy()
        world.tick()
        return distance_m

    assert measure_distance_m(sticky=False, let_go=False) == pytest.approx(measure_distance_m(sticky=True, let_go=True), abs=1e-5)
    assert measure_distance_m(sticky=True, let_go=False) > 2.0 * measure_distance_m(sticky=False, let_go=False)


def test_physics_come_back_as_they_were_applied_for_every_vehicle(world: carla.World, spawn: Spawn) -> None:
    for blueprint in world.get_blueprint_library().filter("vehicle.*"):
        car = spawn(blueprint.id)
        wanted = car.get_physics_control()
        wanted.drag_coefficient = 5.0
        wheels = wanted.wheels
        for wheel in wheels:
            wheel.tire_friction, wheel.long_stiff_value = 2.5, 987.0
        wanted.wheels = wheels
        car.apply_physics_control(wanted)
        drive(world, 2)
        found = car.get_physics_control()
        assert found.drag_coefficient == pytest.approx(5.0)
        assert [(wheel.tire_friction, wheel.long_stiff_value) for wheel in found.wheels] == [(2.5, 987.0)] * 4
        assert [wheel.radius for wheel in found.wheels] == pytest.approx([wheel.radius for wheel in wanted.wheels], abs=1e-3)
        assert car.destroy()


@ours
def test_every_spawn_point_has_room_for_the_largest_vehicle(world: carla.World, client: carla.Client) -> None:
    bus = world.get_blueprint_library().find("vehicle.mitsubishi.fusorosa")
    spawns = world.get_map().get_spawn_points()
    answers = client.apply_batch_sync([carla.command.SpawnActor(bus, at) for at in spawns], True)
    assert not [answer.error for answer in answers if answer.error]
    world.tick()
    for answer, at in zip(answers, spawns, strict=True):
        now = world.get_actor(answer.actor_id).get_transform()
        assert (now.location.x, now.location.y) == (pytest.approx(at.location.x, abs=0.005), pytest.approx(at.location.y, abs=0.005))
        assert (now.rotation.pitch, now.rotation.yaw) == (pytest.approx(at.rotation.pitch, abs=0.005), pytest.approx(at.rotation.yaw, abs=0.005))
    client.apply_batch_sync([carla.command.DestroyActor(answer.actor_id) for answer in answers], True)


def test_a_batch_spawns_and_commands_in_one_call(world: carla.World, client: carla.Client) -> None:
    spawns, library = world.get_map().get_spawn_points(), world.get_blueprint_library()
    command = carla.command
    full = carla.VehicleControl(throttle=1.0)
    audi, places = library.find("vehicle.audi.tt"), (spawns[0], spawns[3], spawns[0])
    batch = [command.SpawnActor(audi, at).then(command.ApplyVehicleControl(command.FutureActor, full)) for at in places]
    answers = client.apply_batch_sync(batch, True)
    assert [bool(answer.error) for answer in answers] == [False, False, True]
    cars = [world.get_actor(answer.actor_id) for answer in answers[:2]]
    drive(world, 30)
    assert all(speed(car) > 1.0 for car in cars)
    gone = client.apply_batch_sync([command.DestroyActor(car) for car in cars], True)
    assert not any(answer.error for answer in gone)
    assert not list(world.get_actors().filter("vehicle.*"))


@ours
def test_a_command_for_a_destroyed_car_fails_alone(world: carla.World, client: carla.Client, spawn: Spawn) -> None:
    car = spawn("vehicle.audi.tt")
    answers = client.apply_batch_sync([carla.command.DestroyActor(9_999_999), carla.command.DestroyActor(car)])
    assert [bool(answer.error) for answer in answers] == [True, False]


@ours
@pytest.mark.parametrize("number", [math.nan, math.inf, 1e30])
def test_numbers_that_are_not_finite_or_too_large_change_nothing(world: carla.World, spawn: Spawn, number: float) -> None:
    car = spawn("vehicle.tesla.model3")
    drive(world, 10)
    before = car.get_transform()
    car.apply_control(carla.VehicleControl(throttle=number))
    car.set_location(carla.Location(number, 0, 0))
    car.set_target_velocity(carla.Vector3D(number, 0, 0))
    car.add_impulse(carla.Vector3D(number, number, 0))
    car.add_force(carla.Vector3D(0, number, 0))
    drive(world, 5)
    assert car.get_transform().location.distance(before.location) < 0.01


def test_a_walker_goes_where_its_client_sends_it(world: carla.World, spawn: Spawn) -> None:
    at = world.get_map().get_spawn_points()[0]
    at.location.z += 1.0
    walker = spawn("walker.pedestrian.0001", at)
    world.tick()
    before, right = walker.get_location(), at.get_right_vector()
    walker.apply_control(carla.WalkerControl(right, 1.5))
    drive(world, 40)
    gone = walker.get_location() - before
    assert gone.dot(right) == pytest.approx(1.5 * 40 * STEP_S, rel=0.1)
    assert walker.get_control().speed == pytest.approx(1.5)
    assert walker.get_velocity().length() == pytest.approx(1.5, rel=0.1)


def test_a_container_on_the_road_stops_a_car(world: carla.World, spawn: Spawn) -> None:
    at = world.get_map().get_spawn_points()[0]
    container = spawn("static.prop.container", carla.Transform(at.location + at.get_forward_vector() * 12.0, at.rotation))
    car = spawn("vehicle.tesla.model3", at)
    collisions = Messages(spawn("sensor.other.collision", None, car))
    car.apply_control(carla.VehicleControl(throttle=0.6))
    drive(world, 80)
    assert collisions.next().other_actor.id == container.id
    assert car.get_location().distance(at.location) < 12.0


@ours
def test_questions_of_a_traffic_manager_about_a_destroyed_actor_are_not_errors(world: carla.World, client: carla.Client, spawn: Spawn) -> None:
    car = spawn("vehicle.audi.tt")
    world.tick()
    client.apply_batch_sync([carla.command.DestroyActor(car.id)])
    assert car.bounding_box.extent.x == 0.0
    car.set_simulate_physics(False)
    with pytest.raises(RuntimeError, match="destroyed"):
        car.get_physics_control()
