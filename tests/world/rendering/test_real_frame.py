"""Geometry against a frame of the real CARLA server: the labelled lane boundaries of Town04 fall on our paint and on the map's lane edges."""

from __future__ import annotations

import math

import carla
import numpy as np

from driving.quantities import Pose
from driving.world.ground.contact import Ground
from driving.world.meshes.materials import TAGS
from driving.world.rendering.boxes import NO_BOXES
from driving.world.rendering.camera import Lens
from driving.world.rendering.renderer import Renderer
from driving.world.rendering.scene import SceneConfig, build_scene
from driving.world.scenery.planting import SceneryConfig
from driving.world.weather import PRESETS
from tests.shared_data import shared
from tests.world.networks import network

WIDTH, HEIGHT, FOV, FOCAL = 1024, 512, 45.0, 1236.08  # of the real frame, as its notes state
CAMERA = Pose(-53.66, -213.49, 1.30, math.radians(-5.0), math.radians(134.86), 0.0)
NEAR_PX, EDGE_M = 6, 0.02
ROAD_LINES = 24  # CARLA's tag


def find_paint(tags: np.ndarray, row: float, column: float) -> bool:
    """Return whether a painted line shows within NEAR_PX of a place."""
    top, left = max(0, round(row) - NEAR_PX), max(0, round(column) - NEAR_PX)
    return bool((tags[top : round(row) + NEAR_PX + 1, left : round(column) + NEAR_PX + 1] == ROAD_LINES).any())


def test_the_labelled_boundaries_of_a_real_frame_fall_on_our_paint_and_on_the_maps_lane_edges() -> None:
    folder = shared("carla_real/town04_frame")
    shared("maps/Town04.xodr")
    boundary = np.loadtxt(folder / "frame_625_boundary.txt").reshape(-1, 2, 3)
    to_camera = np.loadtxt(folder / "frame_625_trafo.txt")
    assert ROAD_LINES in TAGS
    road = network("Town04")
    scene = build_scene(road, Ground.from_network(road), 0, SceneConfig(SceneryConfig(density=0.0)))
    tags = Renderer(scene).render(CAMERA, Lens(WIDTH, HEIGHT, FOV), PRESETS["ClearNoon"], NO_BOXES, 0.0, "semantic")
    seen, painted = [0, 0], [0, 0]
    for pair in boundary:
        for side, point in enumerate(pair):
            x, y, z = (to_camera @ [*point, 1.0])[:3]
            row, column = HEIGHT / 2 + FOCAL * y / z, WIDTH / 2 + FOCAL * x / z
            if z > 1.0 and 0 <= row < HEIGHT and 0 <= column < WIDTH:
                seen[side] += 1
                painted[side] += find_paint(tags, row, column)
    assert min(seen) > 50
    assert painted[1] == seen[1]  # the right line is solid
    assert painted[0] >= 0.75 * seen[0]  # the left one is broken
    middles = boundary.mean(axis=1)
    for point, middle in zip(boundary.reshape(-1, 3), np.repeat(middles, 2, axis=0), strict=True):
        lane = road.map.get_waypoint(carla.Location(*map(float, middle)))
        at, right = lane.transform.location, lane.transform.get_right_vector()
        aside = abs((point[0] - at.x) * right.x + (point[1] - at.y) * right.y)
        assert abs(aside - lane.lane_width / 2.0) < EDGE_M
