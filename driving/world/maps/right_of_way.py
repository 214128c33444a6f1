"""Conflicting lanes of a junction: the paths that cross or join a vehicle's own path, and the lanes that lead to them.

Points along lanes are rows (K, 5): x, y, z (m), yaw (rad), and inside, which is 1 in the junction and 0 on the way to it.
"""

from __future__ import annotations

from typing import Any

import carla
import numpy as np

STEP_M, APPROACH_M, LONGEST_PATH_M = 2.0, 24.0, 100.0
CROSSING_M = 3.0  # lanes conflict when their centre lines come closer than this


def find_waypoint(carla_map: Any, x_m: float, y_m: float, z_m: float) -> Any:
    """Return the waypoint on a driving lane that is nearest to a position."""
    return carla_map.get_waypoint(carla.Location(x_m, y_m, z_m))


def trace_paths(lane: Any, ahead_m: float) -> list[list[Any]]:
    """Return the paths, as lists of waypoints, through a junction that begins `ahead_m` after a waypoint or up to STEP_M later."""
    found = []
    for point in lane.next(ahead_m + STEP_M):
        path: list[Any] = []
        while point.is_junction and len(path) * STEP_M < LONGEST_PATH_M:
            path.append(point)
            further = point.next(STEP_M)
            if not further:
                break
            point = further[0]
        if path:
            found.append(path)
    return found


def find_priority_points(own: list[list[Any]], signed: set[tuple[int, int]]) -> np.ndarray:
    """Return the points (K, 5) on which other vehicles have right of way over the paths `own`.

    These are the conflicting paths up to the last conflict, and the approaches to them, except for approaches that have a sign of their own.

    Args:
        own: the paths through the junction, as of `trace_paths`.
        signed: (road id, lane id) of the lanes that have a stop or yield sign.
    """
    if not own:
        return np.zeros((0, 5))
    mine = np.concatenate([sample_points(path, 1.0) for path in own])
    roads = {point.road_id for path in own for point in path}
    found = [np.zeros((0, 5))]
    for begin, _ in own[0][0].get_junction().get_waypoints(carla.LaneType.Driving):
        if begin.road_id in roads:
            continue
        inside = sample_points([begin, *begin.next_until_lane_end(STEP_M)], 1.0)
        meets = np.flatnonzero(_distance_m(inside, mine).min(axis=1) < CROSSING_M)
        if not len(meets):
            continue
        found.append(inside[: meets[-1] + 1])
        before = begin.previous(STEP_M)
        if before and (before[0].road_id, before[0].lane_id) not in signed:
            steps = (begin.previous(away_m) for away_m in np.arange(STEP_M, APPROACH_M, STEP_M).tolist())
            found.append(sample_points([several[0] for several in steps if several], 0.0))
    return np.concatenate(found)


def sample_points(points: list[Any], inside: float) -> np.ndarray:
    """Return waypoints as points (K, 5)."""
    places = [(point.transform.location, point.transform.rotation.yaw) for point in points]
    return np.array([(at.x, at.y, at.z, np.radians(yaw), inside) for at, yaw in places]).reshape(-1, 5)


def _distance_m(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the distances (N, M) in the plane between points (N, 5) and (M, 5)."""
    return np.hypot(one[:, None, 0] - other[None, :, 0], one[:, None, 1] - other[None, :, 1])


def is_in_conflict(one: np.ndarray, other: np.ndarray) -> bool:
    """Return whether any two points of two sets are closer than CROSSING_M."""
    return bool(len(one) and len(other) and _distance_m(one, other).min() < CROSSING_M)
