"""Poses at which cars may start: on driving lanes, in the direction of traffic, spread over the map, a little above the road.

A client that asks for the lane at such a pose finds one. That is not so at every place of a lane: the client looks lanes up in an index of
straight pieces, and where a lane slants because its neighbour begins, a piece may lie beside it.
"""

from __future__ import annotations

import math

import carla
import numpy as np

from driving.quantities import Pose
from driving.world.maps.roads import RoadNetwork

ABOVE_ROAD_M = 0.3
ROOM_M = 4.0  # free lane before and behind, a car's length: no car starts across a junction or over a road's end
APART_M = 3.0


def find_spawn_poses(network: RoadNetwork, spacing_m: float = 20.0) -> list[Pose]:
    """Return poses every `spacing_m` along the driving lanes, in the map's own order.

    Poses in or near junctions are used only if there are no others.
    """
    points = [point for point in network.map.generate_waypoints(spacing_m) if point.lane_width > 1.5 and point.lane_type == carla.LaneType.Driving]
    points = [point for point in points if _is_found(network.map, point)]
    free = [place for point in points if (place := _find_room(point)) is not None and _is_found(network.map, place)]
    poses: list[Pose] = []
    taken = np.full((len(points), 2), np.inf)
    for point in free or points:
        at, turn = point.transform.location, point.transform.rotation
        if np.hypot(*(taken[: len(poses)] - (at.x, at.y)).T).min(initial=np.inf) > APART_M:
            taken[len(poses)] = at.x, at.y
            poses.append(Pose(at.x, at.y, at.z + ABOVE_ROAD_M, math.radians(turn.pitch), math.radians(turn.yaw), 0.0))
    return poses


def _is_found(carla_map: carla.Map, point: carla.Waypoint) -> bool:
    """Return whether the client finds a lane at the start above a waypoint."""
    at = point.transform.location
    return carla_map.get_waypoint(carla.Location(at.x, at.y, at.z + ABOVE_ROAD_M), project_to_road=False) is not None


def _find_room(point: carla.Waypoint) -> carla.Waypoint | None:
    """Return the waypoint, or one a little further along its lane, if it has ROOM_M before and behind it; else None."""
    for place in (point, *point.next(1.5 * ROOM_M)):
        around = (place, *place.next(ROOM_M)), (place, *place.previous(ROOM_M))
        if all(len(side) > 1 and not any(other.is_junction for other in side) for side in around):
            return place
    return None
