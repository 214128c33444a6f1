"""A centre line to follow, and where a car is relative to it. Positive is right (see `driving/quantities.py`)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numba import njit

from driving.quantities import LaneState, Pose, wrap_angle
from policy.command import Command

X, Y, YAW, CURVATURE, WIDTH, S = range(6)  # columns of a tracker's points; yaw unwrapped (rad), curvature (1/m), the others in m
BEHIND, AHEAD = 20, 40  # how many points before and after the last one a tracker searches
COMMAND_AHEAD_M = 30.0  # a command holds from this far before its junction


class Turn(NamedTuple):
    """What a route does at one junction, or where its lane parts."""

    entry_m: float  # along the route
    exit_m: float
    command: Command


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
    road: np.ndarray = field(repr=False)  # (N,) the map's id of the road
    lane: np.ndarray = field(repr=False)  # (N,) the map's id of the lane, negative to the right of the road's reference line
    road_s_m: np.ndarray = field(repr=False)  # (N,) distance along that road
    in_junction: np.ndarray = field(repr=False)  # (N,) bool
    painted: np.ndarray = field(repr=False)  # (N,) bool, whether the map has a line at either side of the lane
    lane_count: np.ndarray = field(repr=False)  # (N,) driving lanes side by side in this direction, this one included
    closed: bool = False  # whether the end joins the start; distances along the route may then exceed its length
    turns: tuple[Turn, ...] = ()  # in order

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
        return self.interpolate(self.curvature_per_m, s_m)

    def interpolate(self, values: np.ndarray, s_m: np.ndarray | float) -> np.ndarray:
        """Return values (N,), one per point of the route, at one or many distances along it."""
        at = np.asarray(s_m) % self.length_m if self.closed else s_m
        return np.interp(at, self.s_m, values)

    def command_at(self, s_m: float) -> Command:
        """Return what the route does at the next junction, from COMMAND_AHEAD_M before it to its end; FOLLOW elsewhere."""
        at = s_m % self.length_m if self.closed else s_m
        return next((turn.command for turn in self.turns if turn.entry_m - COMMAND_AHEAD_M <= at <= turn.exit_m), Command.FOLLOW)


class LaneTracker:
    """The position of a car along a route. It searches near the last position, so that routes that cross themselves are unambiguous."""

    def __init__(self, route: Route, s_m: float = 0.0) -> None:
        self.route = route
        self._points = np.ascontiguousarray(
            np.stack([route.x_m, route.y_m, route.yaw_rad, route.curvature_per_m, route.lane_width_m, route.s_m], axis=1)  # in the order of X to S
        )
        self._index, self._lap = 0, 0
        self.reset(s_m)

    def reset(self, s_m: float) -> None:
        """Restart the search near `s_m`."""
        length = self.route.length_m
        self._lap = int(s_m // length) if self.route.closed else 0
        self._index = int(np.clip(np.searchsorted(self.route.s_m, s_m - self._lap * length), 0, len(self.route.s_m) - 2))

    def locate(self, pose: Pose) -> LaneState:
        """Return the lane state of a car at `pose`, searched from about 20 m before to 40 m after the last position."""
        last, closed = self._index, self.route.closed
        self._index, lateral, place = _find_nearest(self._points, last, pose.x_m, pose.y_m, closed)
        if closed and abs(self._index - last) > len(self._points) // 2:
            self._lap += 1 if self._index < last else -1
        s, yaw, curvature, width = (float(place[column]) for column in (S, YAW, CURVATURE, WIDTH))
        return LaneState(s + self._lap * self.route.length_m, lateral, wrap_angle(pose.yaw_rad - yaw), curvature, width)


@njit(cache=True)
def _find_nearest(points, start, x, y, closed):  # type: ignore[no-untyped-def]
    """Find the place on a route nearest to (x, y) m, from BEHIND segments before segment `start` to AHEAD after it.

    Return the index of its segment, the lateral offset (m) from it, and the place itself, interpolated from `points` (N, 6), as one row (6,).
    """
    count = points.shape[0] - 1
    best, best_d, best_t = start, 1e18, 0.0
    for step in range(-BEHIND, AHEAD):
        i = start + step
        if closed:
            i %= count
        elif i < 0 or i >= count:
            continue
        ax, ay = points[i, X], points[i, Y]
        dx, dy = points[i + 1, X] - ax, points[i + 1, Y] - ay
        t = ((x - ax) * dx + (y - ay) * dy) / max(dx * dx + dy * dy, 1e-12)
        t = min(max(t, 0.0), 1.0)
        ex, ey = x - ax - t * dx, y - ay - t * dy
        distance = ex * ex + ey * ey
        if distance < best_d:
            best, best_d, best_t = i, distance, t
    a, b = points[best], points[best + 1]
    place = a * (1.0 - best_t) + b * best_t
    lateral = -math.sin(place[YAW]) * (x - place[X]) + math.cos(place[YAW]) * (y - place[Y])
    return best, lateral, place
