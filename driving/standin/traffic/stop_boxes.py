"""Boxes on the lanes before stop lines, and which of them each vehicle is in.

Shapes: N vehicles, K boxes. A vehicle is in a box when its front half is inside and it faces along the lane.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from driving.quantities import Pose
from driving.standin.wire.messages import Box
from driving.world.physics import dynamics

FACING = math.cos(math.radians(60.0))  # a vehicle whose direction differs more from the lane's is not in the box
LEVEL_M = 4.0  # nor is one that is so much higher or lower, on a bridge for example
NEAR_M = 20.0  # nor is one whose origin is farther from the box's centre
FRONT_M = 2.5  # how far a vehicle's front is before its origin; a little less for some
SAME_DIRECTION = 0.99  # the cosine from which lanes count as parallel
SAME_ARM_M = 30.0  # parallel lanes nearer to each other than this belong to one arm of a junction


@dataclass(frozen=True, slots=True)
class Stop:
    """A lane's box before its stop line: centre (m), yaw (rad), and half sizes along and across the lane (m)."""

    x_m: float
    y_m: float
    z_m: float
    yaw_rad: float
    half_length_m: float
    half_width_m: float


class _StopArrays(NamedTuple):
    """The fields of K stops as arrays (K,) float64, in the order of `Stop`."""

    x_m: np.ndarray
    y_m: np.ndarray
    z_m: np.ndarray
    yaw_rad: np.ndarray
    half_length_m: np.ndarray
    half_width_m: np.ndarray


class StopBoxes:
    """The boxes of several lights or signs."""

    def __init__(self, stops_by_owner: Sequence[Sequence[Stop]]) -> None:
        """Take the stops of each owner: of a light or sign, which is then known by its index in this sequence."""
        stops = [stop for owned in stops_by_owner for stop in owned]
        columns = np.array([[getattr(stop, name) for stop in stops] for name in _StopArrays._fields], np.float64)
        self._stops = _StopArrays(*columns)
        self._owners = np.array([owner for owner, owned in enumerate(stops_by_owner) for _ in owned], np.int64)

    def find_owners(self, state: np.ndarray) -> np.ndarray:
        """Return for each vehicle of `state` (N, STATE_WIDTH) the owner (N,) of the box that it is in; -1 for none."""
        if not len(self._owners):
            return np.full(len(state), -1, np.int64)
        found = _find_boxes(state, self._stops)
        return np.where(found >= 0, self._owners[np.maximum(found, 0)], -1)


@njit(cache=True)
def _find_boxes(state, stops):  # type: ignore[no-untyped-def]
    """Return the index (N,) of the first box that each vehicle is in; -1 for none."""
    out = np.full(state.shape[0], -1, np.int64)
    for i in range(state.shape[0]):
        x, y, z, yaw = state[i, dynamics.X], state[i, dynamics.Y], state[i, dynamics.Z], state[i, dynamics.YAW]
        for k in range(stops.x_m.shape[0]):
            dx, dy, lane_yaw = x - stops.x_m[k], y - stops.y_m[k], stops.yaw_rad[k]
            if dx * dx + dy * dy > NEAR_M**2 or abs(z - stops.z_m[k]) > LEVEL_M or math.cos(yaw - lane_yaw) < FACING:
                continue
            cos, sin = math.cos(lane_yaw), math.sin(lane_yaw)
            along, across = cos * dx + sin * dy, -sin * dx + cos * dy
            half_length = stops.half_length_m[k]
            if -half_length - FRONT_M <= along <= half_length and abs(across) <= stops.half_width_m[k]:
                out[i] = k
                break
    return out


def make_trigger_box(at: Pose, stops: Sequence[Stop]) -> Box:
    """Return the trigger volume of the light or sign at `at`, in its frame: one box over the first stop and the lanes beside it."""
    first = stops[0]
    parallel = [stop for stop in stops if math.cos(stop.yaw_rad - first.yaw_rad) > SAME_DIRECTION]
    arm = [stop for stop in parallel if math.hypot(stop.x_m - first.x_m, stop.y_m - first.y_m) < SAME_ARM_M]
    x, y = (sum(getattr(stop, name) for stop in arm) / len(arm) for name in ("x_m", "y_m"))
    half_width_m = max(math.hypot(stop.x_m - x, stop.y_m - y) + stop.half_width_m for stop in arm)
    dx, dy = x - at.x_m, y - at.y_m
    cos, sin = math.cos(at.yaw_rad), math.sin(at.yaw_rad)
    centre = (cos * dx + sin * dy, -sin * dx + cos * dy, first.z_m - at.z_m + 1.0)
    return Box(centre, (first.half_length_m, half_width_m, 1.5), first.yaw_rad - at.yaw_rad)
