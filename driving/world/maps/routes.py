"""The search for routes on a map: along the centre lines of lanes, from given or drawn starts.

Routes come from `carla.Map` alone, so they are the same against our own server and against a real one. Right is positive (see `quantities`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from driving.quantities import UserError
from driving.world.geometry.polylines import stations
from driving.world.maps.forks import SHORTEST_WAY_M, Forks, Turning, has_line
from driving.world.maps.route import Route, Turn
from policy.command import Command

if TYPE_CHECKING:
    import carla

STEP_M = 1.0
SMOOTHING_M = 4.0  # curvature is the heading's slope over this length; it still resolves junction lanes of 6 m radius
NARROWEST_M = 2.0  # a lane that narrows below this ends, and a route with it
CLOSING_M = 3.0  # a route that comes back to its start within this distance is closed
AHEAD = 0.8  # cosine of the largest angle between a point's heading and the direction to the next point


def follow_lane(carla_map: carla.Map, start: carla.Waypoint, length_m: float, name: str = "route", commands: bool = False) -> Route:
    """Return the route along the lane from `start` for `length_m`.

    The route ends early where the lane ends, and where it parts so that a driver who only follows it could not know which way is meant: see
    `forks`. With `commands` the route is for a driver who is told: it takes any way that a navigation command names.
    Raises UserError when there is less than 3 m of lane to follow.
    """
    walk = _walk(Forks(), start, length_m, commands)
    if len(walk.points) < 4:
        at = start.transform.location
        raise UserError(f"no lane to follow from ({at.x:.1f}, {at.y:.1f}) on map {carla_map.name}: choose another start")
    return _make_route(name, walk)


class LaneStart(NamedTuple):
    """A place on a map from which a lane can be followed, as OpenDRIVE names it."""

    road: int  # the road's id
    lane: int  # the lane's id, negative to the right of the reference line
    s_m: float  # the distance along the road's reference line


def follow_lane_from(carla_map: carla.Map, start: LaneStart, length_m: float, name: str = "route", commands: bool = False) -> Route:
    """Return the route along the lane from `start`, as `follow_lane` does. Raises UserError where the map has no such lane there."""
    import carla  # here, because training and reports read routes without the simulator's client

    point = carla_map.get_waypoint_xodr(*start)
    if point is None or point.lane_type != carla.LaneType.Driving:
        what = "no lane" if point is None else f"a lane of type {point.lane_type}"
        raise UserError(
            f"map {carla_map.name} has {what} at road {start.road}, lane {start.lane}, {start.s_m:g} m: "
            "name a driving lane as OpenDRIVE counts it, and a distance along its road"
        )
    return follow_lane(carla_map, point, length_m, name, commands)


class _Walk(NamedTuple):
    """Points along a lane, one per step."""

    points: np.ndarray  # (N, 5) x, y, z, lane width (m), heading (rad)
    closed: bool  # whether they come back to the start
    waypoints: list[carla.Waypoint]  # (N,) the same points in the map
    commands: dict[int, Command]  # what the walk does at junctions, by the point that is the first behind the fork

    @property
    def length_m(self) -> float:
        """About how long the walk is."""
        return len(self.points) * STEP_M


def _walk(forks: Forks, start: carla.Waypoint, length_m: float, takes_turns: bool) -> _Walk:
    """Follow the lane from `start` for `length_m`, or until it ends or comes back to the start."""
    waypoints: list[carla.Waypoint] = []
    rows, point, travelled = [], start, 0.0
    turning, command, commands = Turning(start) if takes_turns else None, None, dict[int, Command]()
    first = start.transform.location
    while travelled <= length_m + 1e-6:
        at = point.transform.location
        rows.append((at.x, at.y, at.z, point.lane_width, math.radians(point.transform.rotation.yaw)))
        if command is not None:
            commands[len(waypoints)] = command
        waypoints.append(point)
        home = point.road_id == start.road_id and point.lane_id == start.lane_id and math.hypot(at.x - first.x, at.y - first.y) < CLOSING_M
        if travelled > 50.0 and home:
            return _Walk(np.array(rows), True, waypoints, commands)
        step = forks.next_step(point, STEP_M, turning)
        if step is None or step.point.lane_width < NARROWEST_M:
            break
        point, command = step.point, step.command
        travelled += math.hypot(point.transform.location.x - at.x, point.transform.location.y - at.y)
    return _Walk(np.array(rows), False, waypoints, commands)


def spread_routes(carla_map: carla.Map, count: int, length_m: float, seed: int, commands: bool = False) -> list[Route]:
    """Return up to `count` routes of `length_m`, from starts drawn with a seed and spread over the driving lanes of a map.

    With `commands` they are for a driver who gets navigation commands, as `follow_lane` says. On a map whose lanes all end earlier, these are its
    longest routes. Raises UserError when the map has no driving lane of 30 m.
    """
    name = carla_map.name.split("/")[-1]
    walks = _spread_walks(carla_map, count, length_m, seed, commands)
    return [_make_route(f"{name}_{number}" if count > 1 else name, walk) for number, walk in enumerate(walks)]


def spread_starts(carla_map: carla.Map, count: int, length_m: float, seed: int, commands: bool = False) -> list[LaneStart]:
    """Return the starts of the routes that `spread_routes` returns, to the millimetre. Raises UserError as that does."""
    return [_name_start(carla_map, walk.waypoints[0]) for walk in _spread_walks(carla_map, count, length_m, seed, commands)]


def _name_start(carla_map: carla.Map, point: carla.Waypoint) -> LaneStart:
    """Return a waypoint's place, rounded. At the end of a lane section it is moved to where the map finds the same lane again."""
    forward = -1.0 if point.lane_id > 0 else 1.0
    for moved_m in (0.0, 0.001, 0.01, 0.1):
        start = LaneStart(point.road_id, point.lane_id, round(point.s + forward * moved_m, 3))
        found = carla_map.get_waypoint_xodr(*start) if start.s_m >= 0.0 else None
        if found is not None and found.section_id == point.section_id:
            return start
    raise UserError(f"map {carla_map.name} loses lane {point.lane_id} of road {point.road_id} at {point.s:.3f} m: choose another seed")


def _spread_walks(carla_map: carla.Map, count: int, length_m: float, seed: int, commands: bool) -> list[_Walk]:
    """Return the walks of up to `count` routes, as `spread_routes` says."""
    import carla  # here, because training and reports read routes without the simulator's client

    lane_starts = [pair[0] for pair in carla_map.get_topology() if pair[0].lane_type == carla.LaneType.Driving]
    candidates = [point for point in lane_starts + carla_map.generate_waypoints(20.0) if not point.is_junction and point.lane_width > NARROWEST_M]
    forks, walks = Forks(), list[_Walk]()
    for index in np.random.default_rng(seed).permutation(len(candidates))[: max(60, 20 * count)]:
        walk = _walk(forks, candidates[int(index)], length_m, commands)
        if walk.length_m > 30.0:
            walks.append(walk)
    chosen: list[_Walk] = []
    # the longest first, equal ones in the drawn order; a start on a lane that is already chosen only when nothing else is left
    walks.sort(key=lambda walk: -(length_m if walk.closed else min(walk.length_m, length_m - 2 * STEP_M)))
    for apart_m, share in ((3.0, 0.9), (3.0, 0.0), (0.0, 0.0)):
        for walk in walks:
            fresh = all(np.hypot(*(other.points[:, :2] - walk.points[0, :2]).T).min() > apart_m for other in chosen)
            if len(chosen) < count and fresh and (walk.closed or walk.length_m >= share * length_m):
                chosen.append(walk)
    if not chosen:
        raise UserError(f"map {carla_map.name} has no driving lane of 30 m or more: choose another map")
    return chosen


def _make_route(name: str, walk: _Walk) -> Route:
    """Return the route through the points of a walk."""
    closed, kept = walk.closed, _keep_ahead(walk.points)
    if closed:
        kept[-1] = kept[0]
    x, y, z, width, _ = walk.points[kept].T
    s = stations(np.stack([x, y], axis=1))
    yaw, curvature = _heading(x, y, s, closed)
    places = zip(*(_find_place(walk.waypoints[index]) for index in kept), strict=True)
    road, lane, road_s, in_junction, painted, lanes = (np.array(values) for values in places)
    return Route(
        name, s, x, y, z, yaw, curvature, width, road, lane, road_s, in_junction, painted, lanes, closed, _find_turns(walk, np.array(kept), s)
    )


def _find_turns(walk: _Walk, kept: np.ndarray, s_m: np.ndarray) -> tuple[Turn, ...]:
    """Return a walk's turns. `kept` (N,) are the places of the route's points among those of the walk, `s_m` (N,) their distances along it."""
    turns, last = [], len(walk.waypoints) - 1
    for entry, command in walk.commands.items():
        leaves = (place for place in range(entry, last) if not walk.waypoints[place].is_junction)
        end = next(leaves, last) if walk.waypoints[entry].is_junction else min(entry + SHORTEST_WAY_M, last)
        entry_m, exit_m = (float(s_m[min(int(np.searchsorted(kept, place)), len(s_m) - 1)]) for place in (entry, end))
        turns.append(Turn(entry_m, exit_m, command))
    return tuple(turns)


def _find_place(point: carla.Waypoint) -> tuple[int, int, float, bool, bool, int]:
    """Return a waypoint's road, lane, distance along the road (m), whether it is in a junction and is painted, and the lanes in its direction."""
    lanes = 1
    for step in ("get_left_lane", "get_right_lane"):
        beside = getattr(point, step)()
        while beside is not None and beside.lane_type == point.lane_type and beside.lane_id * point.lane_id > 0:
            lanes += 1
            beside = getattr(beside, step)()
    painted = has_line(point, "left") or has_line(point, "right")
    return point.road_id, point.lane_id, point.s, point.is_junction, painted, lanes


def _keep_ahead(rows: np.ndarray) -> list[int]:
    """Return which points (N, 5) to keep so that each lies ahead of the one before.

    Where roads overlap or are offset from each other at a joint, the points of their lane go back or sideways.
    """
    kept = [0]
    for k in range(1, len(rows)):
        x, y, _, _, yaw = rows[kept[-1]]
        dx, dy = rows[k, 0] - x, rows[k, 1] - y
        if math.cos(yaw) * dx + math.sin(yaw) * dy > max(0.05, AHEAD * math.hypot(dx, dy)):
            kept.append(k)
    return kept


def _heading(x: np.ndarray, y: np.ndarray, s: np.ndarray, closed: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the unwrapped heading (rad) and the smoothed curvature (1/m) at points (N,)."""
    pad = 6 if closed and len(x) > 14 else 0
    if pad:
        x = np.concatenate([x[-pad - 1 : -1], x, x[1 : pad + 1]])
        y = np.concatenate([y[-pad - 1 : -1], y, y[1 : pad + 1]])
        s = np.concatenate([s[-pad - 1 : -1] - s[-1], s, s[-1] + s[1 : pad + 1]])
    chords = np.unwrap(np.arctan2(np.diff(y), np.diff(x)))
    middles = (s[1:] + s[:-1]) / 2.0
    yaw = np.interp(s, middles, chords)
    if len(chords) > 2:  # the chords' middles end half a step before the ends: extrapolate with the last slope
        yaw[0] = chords[0] - (chords[1] - chords[0]) / (middles[1] - middles[0]) * (middles[0] - s[0])
        yaw[-1] = chords[-1] + (chords[-1] - chords[-2]) / (middles[-1] - middles[-2]) * (s[-1] - middles[-1])
    half = SMOOTHING_M / 2.0
    low, high = np.maximum(s - half, s[0]), np.minimum(s + half, s[-1])
    curvature = (np.interp(high, s, yaw) - np.interp(low, s, yaw)) / np.maximum(high - low, 1e-6)
    return (yaw[pad : len(yaw) - pad], curvature[pad : len(curvature) - pad]) if pad else (yaw, curvature)
