"""Environment objects through the unmodified client: they and their boxes are served, can be hidden, and are met by rays."""

from __future__ import annotations

import math

import carla
import numpy as np
import pytest

from driving.standin.episode.levels import keep_free_starts
from driving.world.maps.spawn_points import find_spawn_poses
from driving.world.physics.collisions import BOX_WIDTH
from driving.world.physics.static_boxes import Statics
from driving.world.rendering.scene import build_scene
from tests.standin.conftest import Messages, Spawn, ours
from tests.world.networks import ground, network

pytestmark = ours
LABEL = carla.CityObjectLabel


def is_within(box: carla.BoundingBox, place: carla.Location, slack_m: float) -> bool:
    """Return whether a place is in a box that is larger by `slack_m` on each side."""
    yaw, x, y = math.radians(box.rotation.yaw), place.x - box.location.x, place.y - box.location.y
    along, across = math.cos(yaw) * x + math.sin(yaw) * y, math.cos(yaw) * y - math.sin(yaw) * x
    return abs(along) < box.extent.x + slack_m and abs(across) < box.extent.y + slack_m and abs(place.z - box.location.z) < box.extent.z + slack_m


def find_detached_houses(world: carla.World) -> list[carla.EnvironmentObject]:
    """Return the houses that do not touch another one."""
    houses = world.get_environment_objects(LABEL.Buildings)
    places = [house.bounding_box.location for house in houses]
    found = [house for house, at in zip(houses, places, strict=True) if sum(at.distance(other) < 25.0 for other in places) == 1]
    assert found
    return found


def test_every_kind_of_object_is_served_with_its_label_and_its_own_box(world: carla.World) -> None:
    everything = world.get_environment_objects()
    assert len({thing.id for thing in everything}) == len(everything) == len({thing.name for thing in everything})
    for label in (LABEL.Buildings, LABEL.Vegetation, LABEL.Poles):
        things = world.get_environment_objects(label)
        assert things
        assert all(thing.type == label for thing in things)
        boxes = world.get_level_bbs(label)
        assert len(boxes) == len(things)
        assert all(min(box.extent.x, box.extent.y, box.extent.z) > 0.0 for box in boxes)
    assert len(world.get_level_bbs(LABEL.Car)) == 0
    assert set(world.get_names_of_all_objects()) == {thing.name for thing in everything}


def test_a_vehicle_is_among_the_boxes_of_its_kind(world: carla.World, spawn: Spawn) -> None:
    car = spawn("vehicle.audi.tt")
    world.tick()
    (box,) = world.get_level_bbs(LABEL.Car)
    assert box.location.distance(car.get_transform().transform(car.bounding_box.location)) < 0.05
    assert box.extent.x == pytest.approx(car.bounding_box.extent.x, abs=1e-3)


def test_a_box_is_where_rays_meet_its_object(world: carla.World) -> None:
    for box in [house.bounding_box for house in find_detached_houses(world)]:
        above = carla.Location(box.location.x, box.location.y, box.location.z + box.extent.z + 3.0)
        found = world.project_point(above, carla.Vector3D(0.0, 0.0, -1.0), 10.0)
        assert found is not None
        if found.label == LABEL.Buildings:
            assert above.z - found.location.z == pytest.approx(3.0, abs=0.05)


def test_cameras_rays_and_cars_do_not_meet_a_hidden_house(world: carla.World, spawn: Spawn) -> None:
    house = find_detached_houses(world)[0]
    box, yaw = house.bounding_box, math.radians(house.bounding_box.rotation.yaw)
    away = box.extent.y + 8.0
    eye = carla.Location(box.location.x - math.sin(yaw) * away, box.location.y + math.cos(yaw) * away, box.location.z)
    looking = carla.Transform(eye, carla.Rotation(yaw=box.rotation.yaw - 90.0))
    camera = spawn("sensor.camera.semantic_segmentation", at=looking, image_size_x=64, image_size_y=48, fov=60)
    messages = Messages(camera)

    def count_house_pixels() -> int:
        image = messages.of(world.tick())
        tags = np.frombuffer(image.raw_data, np.uint8).reshape(48, 64, 4)[..., 2]
        return int((tags[16:32, 24:40] == 3).sum())

    def cast() -> list[carla.LabelledPoint]:
        return [point for point in world.cast_ray(eye, box.location) if is_within(box, point.location, 0.1)]

    def has_room() -> bool:
        car = world.try_spawn_actor(world.get_blueprint_library().find("vehicle.audi.tt"), carla.Transform(box.location, box.rotation))
        if car is not None:
            car.destroy()
        return car is not None

    before, seen = cast(), count_house_pixels()
    assert seen > 200
    assert [point.label for point in before] == [LABEL.Buildings]
    assert not has_room()
    world.enable_environment_objects({house.id}, False)
    assert count_house_pixels() < seen - 100
    assert LABEL.Buildings not in [point.label for point in cast()]
    assert has_room()
    world.enable_environment_objects({house.id}, True)
    assert count_house_pixels() == seen
    assert [point.location for point in cast()] == [point.location for point in before]


def test_a_new_episode_shows_everything_again(world: carla.World, client: carla.Client) -> None:
    things = world.get_environment_objects()
    world.enable_environment_objects({thing.id for thing in things}, False)
    assert world.get_level_bbs(LABEL.Buildings) == []
    world = client.reload_world()
    assert len(world.get_level_bbs(LABEL.Buildings)) == len(world.get_environment_objects(LABEL.Buildings)) > 0


@pytest.mark.parametrize("name", ["Town01", "Town02", "track:3"])
def test_scenery_leaves_all_spawn_points_free(name: str) -> None:
    solids = build_scene(network(name), ground(name), 5).solids
    starts = find_spawn_poses(network(name))
    assert keep_free_starts(starts, Statics(solids)) == keep_free_starts(starts, Statics(np.zeros((0, BOX_WIDTH))))


def test_unknown_ids_are_ignored(world: carla.World) -> None:
    world.enable_environment_objects({1, 2**63}, False)
    assert world.get_level_bbs(LABEL.Buildings)


def test_a_ray_meets_a_car_and_then_the_road_each_once(world: carla.World, spawn: Spawn) -> None:
    car = spawn("vehicle.audi.tt")
    for _ in range(20):
        world.tick()
    at = car.get_location()
    points = world.cast_ray(at + carla.Location(z=6.0), at - carla.Location(z=3.0))
    assert [point.label for point in points] == [LABEL.Car, LABEL.Roads]
    assert points[1].location.z == pytest.approx(world.get_map().get_waypoint(at).transform.location.z, abs=0.05)
