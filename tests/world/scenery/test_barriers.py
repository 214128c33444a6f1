"""A car that leaves a road meets something solid. Nothing stands on a lane, hangs over one or closes its end."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import pytest

from driving.world.generated.tracks import generate_track, street_config
from driving.world.geometry.rectangles import make_footprints
from driving.world.maps.roads import RoadNetwork
from driving.world.maps.routes import spread_routes
from driving.world.meshes import materials
from driving.world.physics import collisions
from driving.world.rendering.scene import Scene, SceneConfig, build_scene
from driving.world.scenery.clearance import Clearance
from driving.world.scenery.planting import OPEN_LAND, SceneryConfig, choose_scenery
from driving.world.scenery.roadsides import find_edges
from tests.world.networks import driving_waypoints, ground, network, places

FARTHEST_M = 60.0


@lru_cache
def scene(name: str, barriers: float = 1.0) -> Scene:
    return build_scene(network(name), ground(name), 5, SceneConfig(SceneryConfig(barriers=barriers)))


@lru_cache
def clearance(name: str) -> Clearance:
    return Clearance(network(name))


def distance_to_solid(solids: np.ndarray, start: np.ndarray, yaw_rad: float) -> float:
    """Return how far (m) a straight way goes from a place before it meets something solid; infinity if it meets nothing."""
    away = start[:2] - solids[:, :2]
    cos, sin = np.cos(solids[:, collisions.B_YAW]), np.sin(solids[:, collisions.B_YAW])
    turn = yaw_rad - solids[:, collisions.B_YAW]
    best = np.full(len(solids), -np.inf), np.full(len(solids), np.inf)
    for at, step, half in (
        (cos * away[:, 0] + sin * away[:, 1], np.cos(turn), solids[:, collisions.B_LENGTH]),
        (cos * away[:, 1] - sin * away[:, 0], np.sin(turn), solids[:, collisions.B_WIDTH]),
    ):
        step = np.where(np.abs(step) < 1e-9, 1e-9, step)
        one, two = (-half - at) / step, (half - at) / step
        best = np.maximum(best[0], np.minimum(one, two)), np.minimum(best[1], np.maximum(one, two))
    level = (solids[:, collisions.B_BOTTOM] < start[2] + 1.5) & (solids[:, collisions.B_TOP] > start[2] - 1.5)
    met = level & (best[0] <= best[1]) & (best[1] >= 0.0)
    return float(np.maximum(best[0][met], 0.0).min(initial=np.inf))


@pytest.mark.parametrize("name", ["Town01", "Town02", "curve_r100"])
def test_a_car_that_leaves_the_road_sideways_meets_something_solid(name: str) -> None:
    solids = scene(name).solids
    points = [point for point in driving_waypoints(name, 15.0) if not point.is_junction]
    free = []
    for at, point in zip(places(points), points, strict=True):
        for side in (-90.0, 90.0):
            yaw = math.radians(point.transform.rotation.yaw + side)
            way = at + np.arange(1.0, FARTHEST_M)[:, None] * (math.cos(yaw), math.sin(yaw), 0.0)
            off_road = clearance(name).distance(way, 3.0) > 2.0
            free.append(bool(off_road.any()) and distance_to_solid(solids, at, yaw) > FARTHEST_M)
    assert np.mean(free) < 0.02


@pytest.mark.parametrize("name", ["Town01", "Town02", "curves_elevation", "track:3"])
def test_nothing_drawn_is_on_or_over_a_lane_or_within_half_a_metre_of_one(name: str) -> None:
    faces = scene(name).faces
    drawn = faces.finest & (faces.owners >= 0)
    triangles = faces.drawn.triangles[drawn].astype(float)
    low, high = triangles[..., 2].min(1), triangles[..., 2].max(1)
    free = clearance(name).free(triangles[..., :2], low, high, 0.45)
    assert free.all()


@pytest.mark.parametrize("name", ["Town01", "curves_elevation", "track:3"])
def test_solid_boxes_keep_off_the_lanes(name: str) -> None:
    solids = scene(name).solids
    half = solids[:, [collisions.B_LENGTH, collisions.B_WIDTH]]
    corners = make_footprints(solids[:, :2], solids[:, collisions.B_YAW], -half, half)
    assert clearance(name).free(corners, solids[:, collisions.B_BOTTOM], solids[:, collisions.B_TOP], 0.3).all()


def test_a_car_can_leave_a_lane_at_its_end() -> None:
    solids = scene("curve_r100").solids
    for point in driving_waypoints("curve_r100", 5.0):
        if not point.next(6.0):
            at = places([point])[0]
            assert distance_to_solid(solids, at, math.radians(point.transform.rotation.yaw)) > 8.0


@pytest.mark.parametrize("name", ["Town01", "Town02"])
def test_the_edges_of_a_town_are_closed_lines_around_its_blocks(name: str) -> None:
    edges = find_edges(network(name), clearance(name), 0.95)
    assert all(edge.closed for edge in edges)
    for edge in edges:
        steps = np.hypot(*np.diff(edge.xyz_m[:, :2], axis=0).T)
        assert steps.max() < 3.6
        assert (clearance(name).distance(edge.xyz_m, 2.0) > 0.85).all()


def test_objects_have_the_tags_of_their_materials_and_bounding_boxes_that_fit() -> None:
    made = scene("Town01")
    tags = {kind: set(made.objects.tags[made.objects.kinds == kind].tolist()) for kind in np.unique(made.objects.kinds).tolist()}
    assert [tags[kind] for kind in ("Wall", "Fence", "Hedge")] == [{4}, {5}, {9}]
    for n in np.flatnonzero(np.isin(made.objects.kinds, ["Wall", "Fence", "Hedge", "GuardRail", "House", "Tree"]))[::7].tolist():
        own = made.faces.drawn.triangles[made.faces.owners == n].astype(float).reshape(-1, 3) - made.objects.centres[n]
        cos, sin = math.cos(made.objects.yaw[n]), math.sin(made.objects.yaw[n])
        local = np.column_stack([cos * own[:, 0] + sin * own[:, 1], cos * own[:, 1] - sin * own[:, 0], own[:, 2]])
        assert np.abs(local).max(0) == pytest.approx(made.objects.halves[n], abs=0.01)
        codes = made.faces.drawn.codes[made.faces.owners == n]
        assert made.objects.tags[n] in set(materials.TAGS[codes].tolist())


def test_open_land_has_few_barriers() -> None:
    def total_length(barriers: float) -> float:
        objects = scene("track:3", barriers).objects
        return float(objects.halves[np.isin(objects.kinds, ["Wall", "Fence", "Hedge", "GuardRail", "Parapet"]), 0].sum())

    assert total_length(0.0) == 0.0
    assert 0.0 < total_length(OPEN_LAND.barriers) < 0.35 * total_length(1.0)


def test_a_map_with_pavements_or_junctions_counts_as_a_town() -> None:
    made = RoadNetwork.from_opendrive("street", generate_track(3, street_config()))
    assert choose_scenery(network("track:3")) == OPEN_LAND
    assert choose_scenery(made) == choose_scenery(network("Town01")) == SceneryConfig()


def test_the_same_seed_gives_the_same_scenery() -> None:
    one, other = (build_scene(network("track:3"), ground("track:3"), 5) for _ in range(2))
    assert one.faces.drawn.triangles.tobytes() == other.faces.drawn.triangles.tobytes()
    assert one.solids.tobytes() == other.solids.tobytes()


@pytest.mark.parametrize("name", ["Town03", "Town07"])
def test_walls_and_rails_leave_the_whole_width_of_the_lanes_of_routes_free(name: str) -> None:
    solids = scene(name).solids
    for route in spread_routes(network(name).map, 4, 500.0, 1):
        for s_m in range(0, int(route.length_m), 4):
            pose = route.pose_at(float(s_m))
            width_m = float(np.interp(s_m, route.s_m, route.lane_width_m))
            at = np.array([pose.x_m, pose.y_m, pose.z_m])
            for side in (-math.pi / 2.0, math.pi / 2.0):
                assert distance_to_solid(solids, at, pose.yaw_rad + side) > width_m / 2.0 + 0.3
