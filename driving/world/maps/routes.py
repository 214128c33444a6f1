"""Routes along the centre lines of lanes, and the position of a car relative to its route.

Routes come from `carla.Map` alone, so they are the same against our own server and against a real one. Right is positive (see `quantities`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

from driving.quantities import LaneState, Pose, UserError, wrap_angle
from driving.world.geometry.polylines import stations

if TYPE_CHECKING:
    import carla

STEP_M = 1.0
SMOOTHING_M = 4.0  # curvature is the heading's slope over this length; it still resolves junction lanes of 6 m radius
TURNING_OFF_RAD = 0.6  # a lane that turns by this much within 12 m does not continue the one before
CLOSING_M = 3.0  # a route that comes back to its start within this distance is closed
AHEAD = 0.8  # cosine of the largest angle between a point's heading and the direction to the next point


@dataclass(frozen=True)
class Route:
    """A centre line in driving direction, sampled about every metre at N points."""

    name: str
    s_m: np.ndarray = field(repr=False)  # (N,) distance along the route, from 0
    x_m: np.ndarray = field(repr=False)  # (N,)
    y_m: np.ndarray = field(repr=False)  # (N,)
    z_m: np.ndarray = field(repr=False)  # (N,)
    yaw_rad: np.ndarray = field(repr=False)  # (N,) unwrapped
    curvature_per_m: np.ndarray = field(repr=False)  # (N,) right positive
    lane_width_m: np.ndarray = field(repr=False)  # (N,)
    closed: bool = False  # whether the end joins the start; distances along the route may then exceed its length

    @property
    def length_m(self) -> float:
        """The distance along the route from the first point to the last."""
        return float(self.s_m[-1])

    def pose_at(self, s_m: float) -> Pose:
        """Return the pose on the centre line at `s_m`, facing along it. `s_m` is clipped to the route's ends, or wrapped on a closed route."""
        at = s_m % self.length_m if self.closed else min(max(s_m, 0.0), self.length_m)
        x, y, z, yaw = (float(np.interp(at, self.s_m, values)) for values in (self.x_m, self.y_m, self.z_m, self.yaw_rad))
        rise = float(np.interp(at + 1.0, self.s_m, self.z_m) - np.interp(at - 1.0, self.s_m, self.z_m))
        return Pose(x, y, z, math.atan2(rise, 2.0), wrap_angle(yaw), 0.0)

    def curvature_at(self, s_m: np.ndarray | float) -> np.ndarray:
        """Return the curvature (1/m) at one or many distances along the route."""
        at = np.asarray(s_m) % self.length_m if self.closed else s_m
        return np.interp(at, self.s_m, self.curvature_per_m)


class LaneTracker:
    """The position of a car along a route. It searches near the last position, so that routes that cross themselves are unambiguous."""

    def __init__(self, route: Route, s_m: float = 0.0) -> None:
        self.route = route
        self._points = np.ascontiguousarray(
            np.stack([route.x_m, route.y_m, route.yaw_rad, route.curvature_per_m, route.lane_width_m, route.s_m], axis=1)
        )
        self._index, self._lap = 0, 0
        self.reset(s_m)

    def reset(self, s_m: float) -> None:
        """Restart the search near `s_m`."""
        length = self.route.length_m
        self._lap = int(s_m // length) if self.route.closed else 0
        self._index = int(np.clip(np.searchsorted(self.route.s_m, s_m - self._lap * length), 0, len(self.route.s_m) - 2))

    def locate(self, pose: Pose) -> LaneState:
        """Return the lane state of a car at `pose`, searched from 20 m before to 40 m after the last position."""
        last, closed = self._index, self.route.closed
        self._index, s, lateral, yaw, curvature, width = _nearest(self._points, last, pose.x_m, pose.y_m, closed)
        if closed and abs(self._index - last) > len(self._points) // 2:
            self._lap += 1 if self._index < last else -1
        return LaneState(s + self._lap * self.route.length_m, lateral, wrap_angle(pose.yaw_rad - yaw), curvature, width)


@njit(cache=True)
def _nearest(points, start, x, y, closed):  # type: ignore[no-untyped-def]
    """Find the place on a route nearest to (x, y), from 20 segments before segment `start` to 40 after it.

    points (N, 6): x, y, yaw, curvature, lane width, s. Return the segment's index, then s, lateral offset, yaw, curvature and lane width there.
    """
    count = points.shape[0] - 1
    best, best_d, best_t = start, 1e18, 0.0
    for step in range(-20, 40):
        i = start + step
        if closed:
            i %= count
        elif i < 0 or i >= count:
            continue
        ax, ay = points[i, 0], points[i, 1]
        dx, dy = points[i + 1, 0] - ax, points[i + 1, 1] - ay
        t = ((x - ax) * dx + (y - ay) * dy) / max(dx * dx + dy * dy, 1e-12)
        t = min(max(t, 0.0), 1.0)
        ex, ey = x - ax - t * dx, y - ay - t * dy
        distance = ex * ex + ey * ey
        if distance < best_d:
            best, best_d, best_t = i, distance, t
    a, b = points[best], points[best + 1]
    mixed = a * (1.0 - best_t) + b * best_t
    lateral = -math.sin(mixed[2]) * (x - mixed[0]) + math.cos(mixed[2]) * (y - mixed[1])
    return best, mixed[5], lateral, mixed[2], mixed[3], mixed[4]


def follow_lane(carla_map: carla.Map, start: carla.Waypoint, length_m: float, name: str = "route") -> Route:
    """Return the route along the lane from `start` for `length_m`, through junctions by the straightest continuation.

    The route ends early where no lane continues. It also ends where the lane forks and every branch turns off, as at the stem of a T, because
    a driver who only follows the lane could not know which branch is meant.
    Raises UserError when there is less than 3 m of lane to follow.
    """
    walk = _walk(start, length_m)
    if len(walk.points) < 4:
        at = start.transform.location
        raise UserError(f"no lane to follow from ({at.x:.1f}, {at.y:.1f}) on map {carla_map.name}: choose another start")
    return _make_route(name, walk)


class _Walk(NamedTuple):
    """Points along a lane, one per step."""

    points: np.ndarray  # (N, 5) x, y, z, lane width (m), heading (rad)
    closed: bool  # whether they come back to the start

    @property
    def length_m(self) -> float:
        """About how long the walk is."""
        return len(self.points) * STEP_M


def _walk(start: carla.Waypoint, length_m: float) -> _Walk:
    """Follow the lane from `start` for `length_m`, or until it ends or comes back to the start."""
    rows, point, travelled = [], start, 0.0
    first = start.transform.location
    while travelled <= length_m + 1e-6:
        at = point.transform.location
        rows.append((at.x, at.y, at.z, point.lane_width, math.radians(point.transform.rotation.yaw)))
        home = point.road_id == start.road_id and point.lane_id == start.lane_id and math.hypot(at.x - first.x, at.y - first.y) < CLOSING_M
        if travelled > 50.0 and home:
            return _Walk(np.array(rows), True)
        following = _straightest(point)
        if following is None:
            break
        travelled += math.hypot(following.transform.location.x - at.x, following.transform.location.y - at.y)
        point = following
    return _Walk(np.array(rows), False)


def spread_routes(carla_map: carla.Map, count: int, length_m: float, seed: int) -> list[Route]:
    """Return up to `count` routes of `length_m`, from starts drawn with a seed and spread over the driving lanes of a map.

    On a map whose lanes all end earlier, these are its longest routes. Raises UserError when the map has no driving lane of 30 m.
    """
    import carla  # here, because training and reports read routes without the simulator's client

    lane_starts = [pair[0] for pair in carla_map.get_topology() if pair[0].lane_type == carla.LaneType.Driving]
    candidates = [point for point in lane_starts + carla_map.generate_waypoints(20.0) if not point.is_junction and point.lane_width > 1.5]
    walks: list[_Walk] = []
    for index in np.random.default_rng(seed).permutation(len(candidates))[: max(60, 20 * count)]:
        walk = _walk(candidates[int(index)], length_m)
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
    name = carla_map.name.split("/")[-1]
    return [_make_route(f"{name}_{number}" if count > 1 else name, walk) for number, walk in enumerate(chosen)]


def _straightest(point: carla.Waypoint) -> carla.Waypoint | None:
    """Return the waypoint one step ahead on the straightest continuation, None if there is none or every branch of a fork turns off."""
    options = point.next(STEP_M)
    if len(options) <= 1:
        return options[0] if options else None

    def turn(option: carla.Waypoint) -> float:
        ahead = option.next(12.0)
        end = ahead[0] if ahead else option
        return abs(wrap_angle(math.radians(end.transform.rotation.yaw - point.transform.rotation.yaw)))

    best = min(options, key=turn)
    return best if turn(best) < TURNING_OFF_RAD else None


def _make_route(name: str, walk: _Walk) -> Route:
    """Return the route through the points of a walk."""
    closed = walk.closed
    x, y, z, width, _ = walk.points[_keep_ahead(walk.points)].T
    if closed:
        x, y, z = (np.append(values[:-1], values[0]) for values in (x, y, z))
        width = np.append(width[:-1], width[0])
    s = stations(np.stack([x, y], axis=1))
    yaw, curvature = _heading(x, y, s, closed)
    return Route(name, s, x, y, z, yaw, curvature, width, closed)


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
