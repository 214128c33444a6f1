"""The maps of the world tests, each read once: real maps where they are available, and generated tracks."""

from __future__ import annotations

from functools import lru_cache

import carla
import numpy as np

from driving.world.generated.tracks import generate_track
from driving.world.ground.contact import Ground
from driving.world.maps.roads import RoadNetwork, Strip
from tests.shared_data import shared

REAL = ("Town01", "Town02", "curve_r100", "curves", "curves_elevation", "soderleden")
TRACKS = ("track:1", "track:3", "track:17")
EVERY = REAL + TRACKS


def map_text(name: str) -> str:
    """Return the OpenDRIVE text of a real map, or of a generated track named `track:SEED`."""
    return generate_track(int(name.removeprefix("track:"))) if name.startswith("track:") else shared(f"maps/{name}.xodr").read_text()


@lru_cache
def network(name: str) -> RoadNetwork:
    """Return the map of a name."""
    return RoadNetwork.from_opendrive(name.replace(":", "_"), map_text(name))


@lru_cache
def ground(name: str) -> Ground:
    """Return the ground of a map."""
    return Ground.from_network(network(name))


def driving_waypoints(name: str, apart_m: float = 2.0) -> list[carla.Waypoint]:
    """Return the client's own waypoints on driving lanes, `apart_m` apart."""
    return [point for point in network(name).map.generate_waypoints(apart_m) if point.lane_type == carla.LaneType.Driving]


def places(points: list[carla.Waypoint]) -> np.ndarray:
    """Return the positions (N, 3) m of waypoints."""
    return np.array([(point.transform.location.x, point.transform.location.y, point.transform.location.z) for point in points])


def strip_of(strips: tuple[Strip, ...], point: carla.Waypoint) -> Strip:
    """Return the strip of a waypoint's lane and section."""
    own = [strip for strip in strips if (strip.road_id, strip.lane_id) == (point.road_id, point.lane_id)]
    before = [strip for strip in own if strip.section_s_m <= point.s + 1e-3]
    return max(before or own, key=lambda strip: strip.section_s_m)


def offset_from(line: np.ndarray, at: np.ndarray) -> tuple[float, float]:
    """Return how far (m) a position (2,) lies to the right of a polyline (K, 2 or more), seen along it, and its distance (m) from it."""
    start, step = line[:-1, :2], np.diff(line[:, :2], axis=0)
    size = np.maximum((step**2).sum(axis=1), 1e-12)
    share = np.clip(((at - start) * step).sum(axis=1) / size, 0.0, 1.0)
    away = at - start - share[:, None] * step
    k = int((away**2).sum(axis=1).argmin())
    side = step[k, 0] * away[k, 1] - step[k, 1] * away[k, 0]
    return float(side / np.sqrt(size[k])), float(np.hypot(*away[k]))
