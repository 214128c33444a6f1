"""Where a map's lights and signs stand, which lanes they are for, which lights change together; from the client's own map reader.

Signals of one controller change together; the controllers of one junction take turns. Ids need not be unique: maps are about that give one to
signals of different kinds, and the client's reader then answers with whichever of them it has kept.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from driving.quantities import Pose
from driving.standin.wire.messages import Box
from driving.world.maps.opendrive import parse_opendrive
from driving.world.maps.roads import RoadNetwork
from driving.world.physics import dynamics as d

# Depth of the box before the line in which a car is "at" a light, stop or yield sign, or at a speed limit. Agents notice a light 5 m before
# the box's middle and brake with half their force: so deep, they stand before the line.
STOP_DEPTH_M, LIMIT_DEPTH_M, LEAST_DEPTH_M = 9.0, 4.0, 1.0
SEEN_M, DEEPEST_M = 3.0, 6
MAX_LIGHTS = 2000
MAX_LANDMARKS = 200
LONGEST_ID = 32
SPEED_LIMIT = "274"
SIGN_TYPES = {SPEED_LIMIT: "traffic.speed_limit", "205": "traffic.yield", "206": "traffic.stop"}
KMH_PER_MPH = 1.609344
FACING = math.cos(math.radians(60.0))
LEVEL_M, NEAR_M = 4.0, 20.0
STEP_BACK_M, NEAR_LINE_M, MAX_STEPS_BACK = 2.0, 0.1, 200
FRONT_M = 2.5  # a vehicle's front is so far before its origin, or a little less


@dataclass(frozen=True, slots=True)
class Stop:
    """A lane's box before its stop line: its centre (x, y, z m), yaw (rad) and half sizes along and across the lane (m)."""

    x_m: float
    y_m: float
    z_m: float
    yaw_rad: float
    half_length_m: float
    half_width_m: float


@dataclass(frozen=True, slots=True)
class SignalPlace:
    """One dynamic signal: its OpenDRIVE id, where it stands, the lanes that it stops, its junction's group and its turn there."""

    id: str
    at: Pose
    stops: tuple[Stop, ...]
    group: str
    turn: int


@dataclass(frozen=True, slots=True)
class SignPlace:
    """One sign: its OpenDRIVE id, the actor type that CARLA gives it, where it stands, its lanes, its limit (km/h, 0 for none)."""

    id: str
    type_id: str
    at: Pose
    stops: tuple[Stop, ...]
    limit_kmh: float


def signs(network: RoadNetwork) -> list[SignPlace]:
    """All stop, yield and speed limit signs of a map that stand by at least one lane, in the text's order."""
    found = []
    for signal_id, kind in dict.fromkeys((signal.id, signal.type) for signal in network.signals if signal.type in SIGN_TYPES):
        landmarks = [one for one in network.map.get_all_landmarks_from_id(signal_id)[:MAX_LANDMARKS] if one.type == kind]
        stops = _all_stops(network.map, landmarks, LIMIT_DEPTH_M if kind == SPEED_LIMIT else STOP_DEPTH_M)
        if not stops or len(signal_id.encode()) > LONGEST_ID:
            continue
        type_id, limit = SIGN_TYPES[kind], 0.0
        if kind == SPEED_LIMIT:
            number = float(landmarks[0].value)
            if not 0.0 < number < 1000.0:
                continue
            limit = number * (KMH_PER_MPH if landmarks[0].unit == "mph" else 1.0)
            type_id = f"{type_id}.{number:.0f}"
        found.append(SignPlace(signal_id, type_id, _pose(landmarks[0].transform), stops, limit))
    return found[:MAX_LIGHTS]


def _boxes(stops: list[Stop]) -> np.ndarray:
    return np.array([[s.x_m, s.y_m, s.z_m, s.yaw_rad, s.half_length_m, s.half_width_m] for s in stops]).reshape(-1, 6)


class StopBoxes:
    """Boxes of many signals, and which of them each vehicle is in. `owners` (K,) are the signals' indices."""

    def __init__(self, stops: list[tuple[int, Stop]]) -> None:
        self._boxes = _boxes([stop for _, stop in stops])
        self._owners = np.array([owner for owner, _ in stops], np.int64)

    def of(self, state: np.ndarray) -> np.ndarray:
        """The signal (N,) whose lane box each vehicle is in, facing along the lane; -1 for none."""
        if not len(self._boxes):
            return np.full(len(state), -1, np.int64)
        found = _at_stop(state, self._boxes)
        return np.where(found >= 0, self._owners[np.maximum(found, 0)], -1)


@njit(cache=True)
def _at_stop(state, stops):  # type: ignore[no-untyped-def]
    """The box (its index, -1 for none) that each vehicle's front half is in."""
    out = np.full(state.shape[0], -1, np.int64)
    for i in range(state.shape[0]):
        x, y, z, yaw = state[i, d.X], state[i, d.Y], state[i, d.Z], state[i, d.YAW]
        for k in range(stops.shape[0]):
            dx, dy = x - stops[k, 0], y - stops[k, 1]
            if dx * dx + dy * dy > NEAR_M**2 or abs(z - stops[k, 2]) > LEVEL_M or math.cos(yaw - stops[k, 3]) < FACING:
                continue
            cos, sin = math.cos(stops[k, 3]), math.sin(stops[k, 3])
            along, across = cos * dx + sin * dy, -sin * dx + cos * dy
            if -stops[k, 4] - FRONT_M <= along <= stops[k, 4] and abs(across) <= stops[k, 5]:
                out[i] = k
                break
    return out


def trigger_box(at: Pose, stops: tuple[Stop, ...]) -> Box:
    """The box over the first stopped lanes, in the frame of the light or sign that stands at `at`: its trigger volume."""
    stop = stops[0]
    along = [other for other in stops if math.cos(other.yaw_rad - stop.yaw_rad) > 0.99]
    same = [other for other in along if math.hypot(other.x_m - stop.x_m, other.y_m - stop.y_m) < 30.0]
    x, y = (sum(getattr(other, name) for other in same) / len(same) for name in ("x_m", "y_m"))
    across = max(math.hypot(other.x_m - x, other.y_m - y) + other.half_width_m for other in same)
    dx, dy = x - at.x_m, y - at.y_m
    cos, sin = math.cos(at.yaw_rad), math.sin(at.yaw_rad)
    centre = (cos * dx + sin * dy, -sin * dx + cos * dy, stop.z_m - at.z_m + 1.0)
    return Box(centre, (stop.half_length_m, across, 1.5), stop.yaw_rad - at.yaw_rad)


def dynamic_signals(network: RoadNetwork) -> list[SignalPlace]:
    """All dynamic signals of a map that stop at least one lane, in the text's order."""
    wanted = [signal.id for signal in network.signals if signal.dynamic]
    if not wanted:
        return []
    turns = _turns(parse_opendrive(network.name, network.text))
    found = []
    for signal_id in dict.fromkeys(wanted[:MAX_LIGHTS]):
        landmarks = [one for one in network.map.get_all_landmarks_from_id(signal_id)[:MAX_LANDMARKS] if one.is_dynamic]
        stops = _all_stops(network.map, landmarks, STOP_DEPTH_M)
        if stops and len(signal_id.encode()) <= LONGEST_ID:
            group, turn = turns.get(signal_id, (f"signal {signal_id}", 0))
            found.append(SignalPlace(signal_id, _pose(landmarks[0].transform), stops, group, turn))
    return found


def _turns(root: ET.Element) -> dict[str, tuple[str, int]]:
    """The group and turn of each controlled signal."""
    controlled = {one.get("id", ""): [each.get("signalId", "") for each in one.findall("control")] for one in root.findall("controller")}
    turns: dict[str, tuple[str, int]] = {}
    for junction in root.findall("junction"):
        group = f"junction {junction.get('id')}"
        for turn, controller in enumerate(junction.findall("controller")):
            for signal_id in controlled.pop(controller.get("id", ""), ()):
                turns.setdefault(signal_id, (group, turn))
    for controller_id, signals in controlled.items():
        for signal_id in signals:
            turns.setdefault(signal_id, (f"controller {controller_id}", 0))
    return turns


def _all_stops(carla_map: Any, landmarks: list[Any], depth_m: float) -> tuple[Stop, ...]:
    """The boxes of all lanes of a signal and of the references to it; roads that part from one lane share its box."""
    found = (stop for landmark in landmarks for stop in _stops(carla_map, landmark, depth_m))
    return tuple({(round(stop.x_m, 1), round(stop.y_m, 1), round(stop.yaw_rad, 1)): stop for stop in found}.values())


def _stops(carla_map: Any, landmark: Any, depth_m: float) -> Iterator[Stop]:
    for low, high in landmark.get_lane_validities() or [(-20, 20)]:
        lanes = [lane_id for lane_id in range(min(low, high), min(max(low, high), min(low, high) + 40) + 1) if lane_id]
        for lane_id in [lane_id for lane_id in lanes if _faces(landmark, lane_id)] or lanes:
            point = carla_map.get_waypoint_xodr(landmark.road_id, lane_id, landmark.s)
            if point is not None and str(point.lane_type) == "Driving":
                yield _box_before(_before_junction(point), depth_m)


def _box_before(line: Any, depth_m: float) -> Stop:
    """The box that ends where the lane's traffic is to stop: shorter where the lane begins or leaves a junction within `depth_m`.

    Agents notice a box only from the road on which its middle lies. Where that has just begun, the box is deeper: its middle lies on the road before.
    """
    half_width = max(0.5, line.lane_width / 2.0 - 0.2)
    depth_m += _lacking(line, depth_m)
    while depth_m > LEAST_DEPTH_M:
        rear, middle = line.previous(depth_m), line.previous(depth_m / 2.0)
        if rear and middle and not rear[0].is_junction and not middle[0].is_junction:
            at = _pose(middle[0].transform)
            return Stop(at.x_m, at.y_m, at.z_m, at.yaw_rad, depth_m / 2.0, half_width)
        depth_m *= 0.75
    at, half = _pose(line.transform), LEAST_DEPTH_M / 2.0
    return Stop(at.x_m - half * math.cos(at.yaw_rad), at.y_m - half * math.sin(at.yaw_rad), at.z_m, at.yaw_rad, half, half_width)


def _lacking(line: Any, depth_m: float) -> float:
    """How much deeper (m) a box must be for its middle to lie on a road that agents come along for SEEN_M at least; 0 where none would do."""
    for more_m in range(DEEPEST_M + 1):
        middle = line.previous((depth_m + more_m) / 2.0)
        before = middle[0].previous(SEEN_M) if middle else []
        if not before or middle[0].is_junction or before[0].is_junction:
            return 0.0
        if before[0].road_id == middle[0].road_id:
            return float(more_m)
    return 0.0


def _before_junction(point: Any) -> Any:
    """Where a lane's traffic comes to the junction that a point lies in; the point itself outside of junctions.

    CARLA's towns have their lights on the roads that cross a junction, often behind it: cars are stopped before it all the same. The way back
    ends at that junction's edge even where another junction lies right before it.
    """
    inside, step_m = point, STEP_BACK_M
    if not point.is_junction:
        return point
    for _ in range(MAX_STEPS_BACK):
        before = inside.previous(step_m)
        if not before:
            break
        if before[0].is_junction and before[0].junction_id == point.junction_id:
            inside = before[0]
        elif step_m < 2.0 * NEAR_LINE_M:
            return before[0]
        else:
            step_m /= 2.0
    return point


def _faces(landmark: Any, lane_id: int) -> bool:
    """Whether a signal is meant for the traffic of a lane: lanes with negative ids run along the road, the others against it."""
    orientation = str(landmark.orientation)
    return orientation == "Both" or (orientation == "Positive") == (lane_id < 0)


def _pose(transform: Any) -> Pose:
    at, turn = transform.location, transform.rotation
    return Pose(at.x, at.y, at.z, math.radians(turn.pitch), math.radians(turn.yaw), math.radians(turn.roll))
