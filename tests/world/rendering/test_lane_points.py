"""The middle of a lane shows within one pixel of its place by the pinhole formula, on every map and hill."""

from __future__ import annotations

import math

import carla
import numpy as np

from driving.quantities import Pose
from driving.world.ground.contact import Ground
from driving.world.maps.roads import RoadNetwork
from driving.world.rendering.boxes import NO_BOXES
from driving.world.rendering.camera import Lens
from driving.world.rendering.renderer import Renderer
from driving.world.rendering.scene import SceneConfig, build_scene
from driving.world.scenery.planting import SceneryConfig
from driving.world.weather import Weather
from tests.shared_data import shared
from tests.world.networks import network

WIDTH, HEIGHT, FOV = 320, 180, 90.0
LENS = Lens(WIDTH, HEIGHT, FOV)
FOCAL = WIDTH / (2.0 * math.tan(math.radians(FOV) / 2.0))
EYE_M, CAMERAS = 1.5, 25
HIDDEN = 0.93  # a depth below this share of the point's depth belongs to something in front of it


def check_lane_points(road: RoadNetwork) -> tuple[list[str], int]:
    """Return a line for each lane point that shows in the wrong place, and how many points were checked."""
    renderer = Renderer(build_scene(road, Ground.from_network(road), 0, SceneConfig(SceneryConfig(density=0.0))))
    points = [point for point in road.map.generate_waypoints(10.0) if point.lane_type == carla.LaneType.Driving and point.lane_width > 1.0]
    wrong, checked = [], 0
    for point in points[:: max(1, len(points) // CAMERAS)]:
        at, turn = point.transform.location, point.transform.rotation
        camera = Pose(at.x, at.y, at.z + EYE_M, math.radians(turn.pitch), math.radians(turn.yaw), 0.0)
        depth = renderer.render(camera, LENS, Weather(), NO_BOXES, 0.0, "depth")
        placed = carla.Transform(carla.Location(at.x, at.y, at.z + EYE_M), carla.Rotation(turn.pitch, turn.yaw, 0.0))
        inverse = np.array(placed.get_inverse_matrix())
        for ahead in np.arange(5.0, 30.0, 5.0):
            for there in point.next(float(ahead))[:1]:
                spot = there.transform.location
                x, y, z, _ = inverse @ [spot.x, spot.y, spot.z, 1.0]
                if x < 1.0:
                    continue
                column, row = WIDTH / 2 + FOCAL * y / x, HEIGHT / 2 - FOCAL * z / x
                if not (1 <= column < WIDTH - 1 and 1 <= row < HEIGHT - 1) or depth[int(row) + 1, int(column)] < HIDDEN * x:
                    continue
                checked += 1
                if not depth[int(row) + 1, int(column)] - 0.05 <= x <= depth[int(row) - 1, int(column)] + 0.05:
                    below, above = depth[int(row) + 1, int(column)], depth[int(row) - 1, int(column)]
                    wrong.append(f"road {there.road_id} lane {there.lane_id} s {there.s:.1f}: {x:.2f} m, not in {below:.2f} to {above:.2f} m")
    return wrong, checked


def test_lane_points_of_the_shared_maps_lie_within_a_pixel() -> None:
    for path in sorted(shared("maps").glob("*.xodr")):
        wrong, checked = check_lane_points(network(path.stem))
        assert checked > 50, path.stem
        assert not wrong, f"{path.stem}: {wrong[:3]}"


def test_lane_points_of_hilly_tracks_lie_within_a_pixel() -> None:
    for seed in (1, 3, 17):
        wrong, checked = check_lane_points(network(f"track:{seed}"))
        assert checked > 50
        assert not wrong, f"track {seed}: {wrong[:3]}"
