"""The drawn land stays below the lanes, near and far, and lies no deeper than necessary."""

from __future__ import annotations

import numpy as np
import pytest

from driving.quantities import Pose
from driving.world.ground.contact import Ground
from driving.world.ground.terrain import CLEARANCE_M, lane_points, sink_below
from driving.world.rendering.boxes import NO_BOXES
from driving.world.rendering.camera import Lens
from driving.world.rendering.renderer import Renderer
from driving.world.rendering.scene import FAR_LAND, SceneConfig, build_scene
from driving.world.scenery.planting import SceneryConfig
from driving.world.weather import Weather
from tests.shared_data import shared
from tests.world.networks import EVERY, ground, network


@pytest.mark.parametrize("every", [1, FAR_LAND])
@pytest.mark.parametrize("name", EVERY)
def test_no_land_is_drawn_above_a_lane(name: str, every: int) -> None:
    lanes = lane_points(network(name))
    drawn = ground(name).terrain.lower_for_drawing(lanes, every)
    assert (lanes[:, 2] - drawn.at_triangles(lanes[:, 0], lanes[:, 1])).min() > CLEARANCE_M - 0.01


def test_a_hill_of_land_sinks_below_a_road_across_it_and_stays_elsewhere() -> None:
    axis = np.arange(0.0, 201.0, 10.0)
    hill = 8.0 * np.exp(-(((axis[None] - 100.0) ** 2 + (axis[:, None] - 100.0) ** 2) / 1500.0))
    road = np.stack([np.arange(5.0, 195.0, 1.0), np.full(190, 103.0), np.full(190, 1.0)], 1)
    low = sink_below(axis, axis, hill, road, 0.15)
    assert (low <= hill).all()
    away = np.abs(axis - 103.0) > 10.0
    assert (low[away] == hill[away]).all()
    assert low.min() > -1.6


def test_land_that_is_low_enough_is_left_as_it_is() -> None:
    axis = np.arange(0.0, 51.0, 10.0)
    assert (sink_below(axis, axis, np.full((6, 6), -0.35), np.array([[12.0, 33.0, 0.0], [500.0, 0.0, -9.0]]), 0.15) == -0.35).all()


def test_from_above_every_lane_of_the_shared_maps_is_seen_and_not_the_land() -> None:
    for path in sorted(shared("maps").glob("*.xodr")):
        road = network(path.stem)
        scene = build_scene(road, Ground.from_network(road), 0, SceneConfig(SceneryConfig(density=0.0)))
        renderer = Renderer(scene)
        for strip in [strip for strip in road.strips if strip.kind == "driving"][::25]:
            if np.hypot(*(strip.left_xyz_m - strip.right_xyz_m)[len(strip.s_m) // 2, :2]) < 0.5:
                continue
            first = (len(strip.s_m) - 1) // 2
            middle = (strip.left_xyz_m + strip.right_xyz_m)[first : first + 2].mean(0) / 2.0
            camera = Pose(float(middle[0]), float(middle[1]), float(middle[2]) + 20.0, -np.pi / 2, 0.0, 0.0)
            seen = renderer.render(camera, Lens(9, 9, 10.0), Weather(), NO_BOXES, 0.0, "semantic")
            assert seen[4, 4] in (1, 24), f"{path.stem} road {strip.road_id} lane {strip.lane_id}"
