"""Traffic lights on a map with dynamic signals: they cycle, obey commands, and a car knows the light that it is at."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import carla
import pytest

from tests.standin.servers import Server, synchronous
from tests.standin.traffic.crossing import HALF_M

RED, YELLOW, GREEN = carla.TrafficLightState.Red, carla.TrafficLightState.Yellow, carla.TrafficLightState.Green


@pytest.fixture
def crossing(server: Server) -> Iterator[tuple[carla.World, list[carla.TrafficLight]]]:
    """Return the crossing, in synchronous mode with steps of 0.5 s, and its lights in the order of their OpenDRIVE ids."""
    client = server.client()
    world = client.load_world("crossing")
    synchronous(world, 0.5)
    world.tick()
    yield world, sorted(world.get_actors().filter("traffic.traffic_light"), key=lambda light: light.get_opendrive_id())
    client.load_world("track_3")


def test_every_dynamic_signal_is_a_light_at_the_place_that_the_map_gives(crossing: tuple[carla.World, list[carla.TrafficLight]]) -> None:
    world, lights = crossing
    assert [light.get_opendrive_id() for light in lights] == ["900", "901", "902", "903"]
    for light in lights:
        landmark = next(one for one in world.get_map().get_all_landmarks() if one.id == light.get_opendrive_id())
        assert light.get_location().distance(landmark.transform.location) < 0.1
        assert world.get_traffic_light(landmark).id == light.id
        stop = light.get_stop_waypoints()[0].transform.location
        assert light.get_transform().transform(light.trigger_volume.location).distance_2d(stop) < 8.0


def test_lights_behind_a_junction_stop_cars_before_it(server: Server) -> None:
    client = server.client()
    world = client.load_world("lights_behind")
    carla_map, lights = world.get_map(), world.get_actors().filter("traffic.traffic_light")
    stops = [light.get_transform().transform(light.trigger_volume.location) for light in lights]
    client.load_world("track_3")
    assert len(lights) == 4
    for stop in stops:
        point = carla_map.get_waypoint(stop)
        assert not point.is_junction
        assert point.transform.location.distance_2d(stop) < 0.3
        assert HALF_M < stop.distance_2d(carla.Location()) < HALF_M + 5.0


def test_opposite_lights_change_together_and_crossing_lights_take_turns(crossing: tuple[carla.World, list[carla.TrafficLight]]) -> None:
    world, lights = crossing
    history = []
    for _ in range(80):
        world.tick()
        history.append([light.get_state() for light in lights])
    assert all(states[0] == states[2] and states[1] == states[3] for states in history)
    assert all(RED in (states[0], states[1]) for states in history)
    order = [states[0] for before, states in itertools.pairwise(history) if before[0] != states[0]]
    assert order[:3] == [YELLOW, RED, GREEN]
    assert {light.id for light in lights[0].get_group_traffic_lights()} == {light.id for light in lights}


def test_a_frozen_light_keeps_the_state_it_is_given(crossing: tuple[carla.World, list[carla.TrafficLight]]) -> None:
    world, lights = crossing
    lights[1].freeze(True)
    lights[1].set_state(GREEN)
    for _ in range(60):
        world.tick()
    assert lights[1].get_state() == GREEN
    assert lights[1].is_frozen()


def test_durations_can_be_changed(crossing: tuple[carla.World, list[carla.TrafficLight]]) -> None:
    world, lights = crossing
    lights[0].reset_group()
    lights[0].set_green_time(2.0)
    world.tick()
    assert lights[0].get_green_time() == 2.0
    for _ in range(4):
        world.tick()
    assert lights[0].get_state() == YELLOW


def test_a_speed_limit_holds_from_its_sign_on(crossing: tuple[carla.World, list[carla.TrafficLight]]) -> None:
    world, _ = crossing
    signs = world.get_actors().filter("traffic.speed_limit.60")
    assert len(signs) == 4
    car = world.spawn_actor(
        world.get_blueprint_library().find("vehicle.audi.tt"), carla.Transform(carla.Location(90, -1.75, 0.3), carla.Rotation(yaw=180))
    )
    world.tick()
    assert car.get_speed_limit() == 30.0
    for x in range(89, 55, -1):
        car.set_transform(carla.Transform(carla.Location(x, -1.75, 0.1), carla.Rotation(yaw=180)))
        world.tick()
    assert car.get_speed_limit() == 60.0


def test_a_car_before_a_light_is_at_that_light(crossing: tuple[carla.World, list[carla.TrafficLight]]) -> None:
    world, lights = crossing
    at = lights[0].get_stop_waypoints()[0].transform
    at.location.z += 0.3
    car = world.spawn_actor(world.get_blueprint_library().find("vehicle.audi.tt"), at)
    far = world.spawn_actor(world.get_blueprint_library().find("vehicle.audi.tt"), carla.Transform(carla.Location(90, 1.75, 0.3)))
    for _ in range(10):
        world.tick()
        assert car.is_at_traffic_light()
        assert car.get_traffic_light().id == lights[0].id
        assert car.get_traffic_light_state() == lights[0].get_state()
        assert not far.is_at_traffic_light()
        assert far.get_traffic_light_state() == GREEN


def test_the_box_before_a_light_is_deep_enough_to_brake_in_and_ends_at_its_own_junction(
    crossing: tuple[carla.World, list[carla.TrafficLight]],
) -> None:
    world, lights = crossing
    carla_map = world.get_map()
    for light in lights:
        assert light.trigger_volume.extent.x == pytest.approx(4.5)
        middle = carla_map.get_waypoint(light.get_transform().transform(light.trigger_volume.location))
        assert not middle.is_junction
        assert middle.next(light.trigger_volume.extent.x + 2.0)[0].is_junction
        assert not middle.next(light.trigger_volume.extent.x - 0.5)[0].is_junction
