"""The world as CARLA's client sees it: clock, settings, snapshots, maps and weather. These tests also run on a real server."""

from __future__ import annotations

import itertools
import math
import os

import carla
import pytest

from tests.standin.conftest import Spawn, ours
from tests.standin.servers import STEP_S


def test_both_sides_speak_the_same_version(client: carla.Client) -> None:
    assert client.get_client_version() == client.get_server_version() == "0.9.16"


def test_a_tick_moves_the_clock_by_one_frame_and_one_step(world: carla.World) -> None:
    before = world.get_snapshot()
    for number in range(1, 6):
        assert world.tick() == before.frame + number
        now = world.get_snapshot()
        assert now.frame == before.frame + number
        assert now.timestamp.delta_seconds == pytest.approx(STEP_S)
        assert now.timestamp.elapsed_seconds == pytest.approx(before.timestamp.elapsed_seconds + number * STEP_S, abs=1e-5)


def test_settings_come_back_as_they_were_set(world: carla.World) -> None:
    settings = world.get_settings()
    settings.fixed_delta_seconds, settings.max_substeps, settings.no_rendering_mode = 0.1, 12, True
    world.apply_settings(settings)
    now = world.get_settings()
    assert now.synchronous_mode
    assert now.no_rendering_mode
    assert now.fixed_delta_seconds == pytest.approx(0.1)
    assert now.max_substeps == 12
    world.tick()
    assert world.get_snapshot().timestamp.delta_seconds == pytest.approx(0.1)


def test_asynchronous_time_runs_by_itself_with_the_step_asked_for(world: carla.World) -> None:
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = False, 0.02
    world.apply_settings(settings)
    frames = [world.wait_for_tick(5.0) for _ in range(5)]
    assert all(one.frame < other.frame for one, other in itertools.pairwise(frames))
    assert all(frame.timestamp.delta_seconds == pytest.approx(0.02) for frame in frames[1:])


def test_asynchronous_time_with_a_variable_step_follows_the_clock(world: carla.World) -> None:
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = False, None
    world.apply_settings(settings)
    first = world.wait_for_tick(5.0)
    later = [world.wait_for_tick(5.0) for _ in range(10)][-1]
    assert later.timestamp.elapsed_seconds > first.timestamp.elapsed_seconds
    assert all(0.0 < world.wait_for_tick(5.0).timestamp.delta_seconds <= 1.0 for _ in range(5))


def test_a_tick_callback_sees_every_frame(world: carla.World) -> None:
    seen: list[int] = []
    number = world.on_tick(lambda snapshot: seen.append(snapshot.frame))
    frames = [world.tick() for _ in range(20)]
    world.remove_on_tick(number)
    assert seen[-19:] == frames[-19:] or seen == frames


def test_a_second_client_sees_what_the_first_one_ticks(world: carla.World, client: carla.Client, request: pytest.FixtureRequest) -> None:
    if "CARLA_HOST" in os.environ:
        pytest.skip("the second client is made for our own server")
    other = request.getfixturevalue("server").client().get_world()
    frame = world.tick()
    assert other.get_settings().synchronous_mode
    while other.get_snapshot().frame < frame:
        other.wait_for_tick(5.0)


def test_the_map_is_what_the_client_reads_from_its_opendrive(world: carla.World) -> None:
    found = world.get_map()
    assert found.name.startswith("Carla/Maps/")
    assert carla.Map("again", found.to_opendrive()).get_spawn_points() == []
    for spawn in found.get_spawn_points():
        lane = found.get_waypoint(spawn.location)
        assert lane.lane_type == carla.LaneType.Driving
        assert math.hypot(lane.transform.location.x - spawn.location.x, lane.transform.location.y - spawn.location.y) < 0.5
        assert 0.0 < spawn.location.z - lane.transform.location.z < 0.7
        assert abs((spawn.rotation.yaw - lane.transform.rotation.yaw + 180.0) % 360.0 - 180.0) < 5.0


def test_weather_comes_back_as_it_was_set(world: carla.World) -> None:
    wanted = carla.WeatherParameters.HardRainSunset
    world.set_weather(wanted)
    world.tick()
    assert world.get_weather() == wanted


def test_the_spectator_goes_where_it_is_put(world: carla.World) -> None:
    world.get_spectator().set_transform(carla.Transform(carla.Location(1, 2, 30), carla.Rotation(pitch=-20, yaw=40)))
    world.tick()
    at = world.get_spectator().get_transform()
    assert at.location.distance(carla.Location(1, 2, 30)) < 0.01
    assert at.rotation.pitch == pytest.approx(-20, abs=0.01)


def test_blueprints_have_the_attributes_that_scripts_look_for(world: carla.World) -> None:
    library = world.get_blueprint_library()
    cars = [one for one in library.filter("vehicle.*") if one.has_attribute("number_of_wheels") and int(one.get_attribute("number_of_wheels")) == 4]
    assert len(cars) > 5
    assert any(one.get_attribute("base_type") == "car" for one in cars)
    camera = library.find("sensor.camera.rgb")
    camera.set_attribute("fov", "100")
    assert camera.get_attribute("fov").as_float() == 100.0
    assert {"sensor.other.imu", "sensor.other.gnss", "sensor.other.collision", "sensor.other.lane_invasion"} <= {one.id for one in library}


def test_actors_are_listed_until_they_are_destroyed(world: carla.World, spawn: Spawn) -> None:
    car = spawn("vehicle.audi.tt")
    world.tick()
    assert car.id in [actor.id for actor in world.get_actors().filter("vehicle.*")]
    assert world.get_actor(car.id).type_id == "vehicle.audi.tt"
    assert car.destroy()
    world.tick()
    assert not list(world.get_actors().filter("vehicle.*"))


def test_ids_are_never_used_again(world: carla.World, client: carla.Client, spawn: Spawn) -> None:
    first = spawn("vehicle.audi.tt")
    world.tick()
    assert first.destroy()
    world.tick()
    second = spawn("vehicle.audi.tt")
    assert second.id > first.id


def test_nothing_spawns_inside_another_car(world: carla.World, spawn: Spawn) -> None:
    spawn("vehicle.audi.tt")
    world.tick()
    with pytest.raises(RuntimeError, match="collision"):
        spawn("vehicle.audi.tt")


@ours
def test_unknown_maps_are_refused_by_name_and_the_world_goes_on(world: carla.World, client: carla.Client) -> None:
    with pytest.raises(RuntimeError, match=r"Nowhere.*track_3"):
        client.load_world("Nowhere")
    assert world.tick() > 0


@ours
@pytest.mark.parametrize("name", ["crossing", "/Game/Carla/Maps/crossing", "crossing_Opt"])
def test_a_map_is_loaded_by_any_of_its_names(world: carla.World, client: carla.Client, name: str) -> None:
    assert "/Game/Carla/Maps/crossing" in client.get_available_maps()
    loaded = client.load_world(name)
    assert loaded.get_map().name.endswith(name.rsplit("/", 1)[-1])
    assert not loaded.get_settings().synchronous_mode
    client.load_world("track_3")


def test_a_reload_keeps_settings_when_asked_and_frames_go_on(world: carla.World, client: carla.Client, spawn: Spawn) -> None:
    spawn("vehicle.audi.tt")
    frame = world.tick()
    again = client.reload_world(False)
    assert again.get_settings().synchronous_mode
    assert again.tick() > frame
    assert not list(again.get_actors().filter("vehicle.*"))


@ours
def test_rays_meet_the_road_below(world: carla.World) -> None:
    spawn = world.get_map().get_spawn_points()[5]
    found = world.ground_projection(spawn.location + carla.Location(z=5.0), 20.0)
    lane = world.get_map().get_waypoint(spawn.location).transform.location
    assert found.label == carla.CityObjectLabel.Roads
    assert found.location.z == pytest.approx(lane.z, abs=0.1)
    assert world.ground_projection(spawn.location + carla.Location(z=50.0), 20.0) is None


@ours
def test_a_method_that_is_not_served_is_refused_by_its_name(world: carla.World, client: carla.Client, spawn: Spawn) -> None:
    with pytest.raises(RuntimeError, match="not served"):
        client.start_recorder("drive.log")
    with pytest.raises(RuntimeError, match=r"get_actor_bone_names.*serves"):
        spawn("vehicle.audi.tt").get_bone_names()
    assert world.tick() > 0


@ours
def test_the_walkers_controller_is_in_the_library_and_refused_when_it_is_spawned(world: carla.World, spawn: Spawn) -> None:
    with pytest.raises(RuntimeError, match=r"controller\.ai\.walker is not served"):
        spawn("controller.ai.walker")
    assert world.tick() > 0
