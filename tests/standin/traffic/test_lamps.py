"""Cameras see a map's lights and signs: posts beside the lanes, heads that face their traffic, and the lamp that is lit."""

from __future__ import annotations

import math

import carla
import numpy as np
import pytest

from driving.quantities import Pose
from driving.standin.traffic.lamps import Lamps, make_signposts
from driving.standin.traffic.lights import GREEN, OFF, RED, YELLOW, TrafficLights
from driving.standin.traffic.map_signals import MapSignals
from driving.world.ground.contact import Ground
from driving.world.maps.roads import RoadNetwork
from driving.world.rendering.boxes import Boxes
from driving.world.rendering.camera import Lens
from driving.world.rendering.renderer import Renderer
from driving.world.rendering.scene import SceneConfig, build_scene
from driving.world.scenery.clearance import Clearance
from driving.world.scenery.planting import SceneryConfig
from driving.world.weather import Weather
from tests.standin.traffic.crossing import crossing_with_lights


def render_light(state: int) -> np.ndarray:
    """Render the first light of a crossing from 12 m before it, and return the pixels (40, 40, 3) RGB around its lamps."""
    roads = RoadNetwork.from_opendrive("crossing", crossing_with_lights())
    land = Ground.from_network(roads)
    signals = MapSignals.from_network(roads)
    posts = make_signposts(signals, roads, land)
    scene = build_scene(roads, land, 0, SceneConfig(SceneryConfig(density=0.0)), posts)
    x, y, z = posts[0].foot_m
    camera = Pose(x + 12.0 * math.cos(posts[0].yaw_rad), y + 12.0 * math.sin(posts[0].yaw_rad), z + 3.7, 0.0, posts[0].yaw_rad + math.pi)
    states = np.full(len(signals.lights), OFF)
    states[0] = state
    boxes = Lamps(posts).add_lit(Boxes(), states, scene.hidden, camera)
    return np.asarray(Renderer(scene).render(camera, Lens(200, 200, 30.0), Weather(), boxes, 0.0)[80:120, 80:120, 2::-1]).astype(int)


@pytest.mark.parametrize(("state", "channels"), [(RED, (1, 0, 0)), (YELLOW, (1, 1, 0)), (GREEN, (0, 1, 0))])
def test_the_lit_lamp_shows_the_state(state: int, channels: tuple[int, int, int]) -> None:
    changed = np.abs(render_light(state) - render_light(OFF)).sum(2) > 60
    assert changed.sum() > 20
    red, green, blue = render_light(state)[changed].mean(0)
    assert (red > 150, green > 150) == (bool(channels[0]), bool(channels[1]))
    assert blue < 130
    assert np.flatnonzero(changed.any(1)).mean() == pytest.approx({RED: 13, YELLOW: 19, GREEN: 27}[state], abs=6)


@pytest.mark.parametrize("behind", [False, True])
def test_posts_stand_beside_the_driving_lanes_and_face_their_traffic(behind: bool) -> None:
    roads = RoadNetwork.from_opendrive("crossing", crossing_with_lights(behind))
    signals = MapSignals.from_network(roads)
    posts, places = make_signposts(signals, roads, Ground.from_network(roads)), signals.lights
    assert len(posts) > len(places) == len(TrafficLights(places).states) > 0
    driving = Clearance(roads, driving_only=True)
    assert (driving.distance(np.array([post.foot_m for post in posts]), 2.0) > 0.5).all()
    for post, place in zip(posts, places, strict=False):
        assert math.cos(post.yaw_rad - place.stops[0].yaw_rad) < -0.99
        assert math.dist(post.foot_m[:2], (place.at.x_m, place.at.y_m)) < 14.0


def test_lights_are_environment_objects_too(client: carla.Client) -> None:
    world = client.load_world("crossing")
    heads = world.get_environment_objects(carla.CityObjectLabel.TrafficLight)
    assert len(heads) == len(world.get_actors().filter("traffic.traffic_light"))
    assert all(box.extent.z > 1.5 for box in world.get_level_bbs(carla.CityObjectLabel.TrafficLight))
    client.load_world("track_3")
