"""Where a map's traffic lights and signs stand, which lanes they are for, and which lights change together.

All of it is read through the client's own map reader (`carla.Map`), so that server and client agree. Signals of one controller change together;
the controllers of one junction take turns. Ids are not always unique: some maps give one id to signals of different kinds, and the reader then
returns whichever of them it has kept. Every function here reads foreign data, so each may raise what the reader raises: RuntimeError, ValueError,
IndexError or OverflowError.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from driving.quantities import Pose
from driving.standin.traffic.stop_boxes import Stop
from driving.world.maps.opendrive import parse_opendrive
from driving.world.maps.roads import RoadNetwork

# Depth of the box before the line in which a car is "at" a light, stop or yield sign, or at a speed limit. Agents notice a light 5 m before
# the middle of its box and brake with half their force. With this depth they stop before the line.
STOP_DEPTH_M, LIMIT_DEPTH_M, LEAST_DEPTH_M = 9.0, 4.0, 1.0
SEEN_M, DEEPEST_M = 3.0, 6  # see `_find_extra_depth`
SHORTER = 0.75  # a box that does not fit is shortened by this factor until it does
MAX_SIGNALS = 2000  # of each kind; the rest of a larger map is not served
MAX_LANDMARKS = 200  # places read per signal
LONGEST_ID = 32  # bytes that a snapshot's record has for an id
SPEED_LIMIT = "274"  # the type in OpenDRIVE's country "OpenDRIVE"
SIGN_TYPES = {SPEED_LIMIT: "traffic.speed_limit", "205": "traffic.yield", "206": "traffic.stop"}
KMH_PER_MPH = 1.609344
ALL_LANES, MAX_LANES = (-20, 20), 40
STEP_BACK_M, NEAR_LINE_M, MAX_STEPS_BACK = 2.0, 0.1, 200  # see `_step_out_of_junction`


@dataclass(frozen=True, slots=True)
class LightPlace:
    """A traffic light of a map (a dynamic signal in OpenDRIVE's words)."""

    id: str  # its OpenDRIVE id
    at: Pose
    stops: tuple[Stop, ...]  # the boxes of the lanes that it stops; at least one
    group: str  # lights of one group take turns: those of one junction, or of one controller outside of junctions
    turn: int  # when in the group's cycle it is green


@dataclass(frozen=True, slots=True)
class SignPlace:
    """A stop, yield or speed limit sign of a map."""

    id: str  # its OpenDRIVE id
    type_id: str  # the actor type that CARLA gives it, such as "traffic.stop"
    at: Pose
    stops: tuple[Stop, ...]  # the boxes of its lanes; at least one
    limit_kmh: float  # 0 for signs that are not speed limits


def find_signs(network: RoadNetwork) -> list[SignPlace]:
    """Return all stop, yield and speed limit signs that stand beside at least one lane, in the order of the map's text."""
    found = []
    for signal_id, kind in dict.fromkeys((signal.id, signal.type) for signal in network.signals if signal.type in SIGN_TYPES):
        landmarks = [one for one in network.map.get_all_landmarks_from_id(signal_id)[:MAX_LANDMARKS] if one.type == kind]
        stops = _find_stops(network.map, landmarks, LIMIT_DEPTH_M if kind == SPEED_LIMIT else STOP_DEPTH_M)
        if not stops or len(signal_id.encode()) > LONGEST_ID:
            continue
        type_id, limit_kmh = SIGN_TYPES[kind], 0.0
        if kind == SPEED_LIMIT:
            number = float(landmarks[0].value)
            if not 0.0 < number < 1000.0:
                continue
            limit_kmh = number * (KMH_PER_MPH if landmarks[0].unit == "mph" else 1.0)
            type_id = f"{type_id}.{number:.0f}"
        found.append(SignPlace(signal_id, type_id, _to_pose(landmarks[0].transform), stops, limit_kmh))
    return found[:MAX_SIGNALS]


def find_lights(network: RoadNetwork) -> list[LightPlace]:
    """Return all traffic lights that stop at least one lane, in the order of the map's text."""
    wanted = [signal.id for signal in network.signals if signal.dynamic]
    if not wanted:
        return []
    turns = _read_turns(parse_opendrive(network.name, network.text))
    found = []
    for signal_id in dict.fromkeys(wanted[:MAX_SIGNALS]):
        landmarks = [one for one in network.map.get_all_landmarks_from_id(signal_id)[:MAX_LANDMARKS] if one.is_dynamic]
        stops = _find_stops(network.map, landmarks, STOP_DEPTH_M)
        if stops and len(signal_id.encode()) <= LONGEST_ID:
            group, turn = turns.get(signal_id, (f"signal {signal_id}", 0))
            found.append(LightPlace(signal_id, _to_pose(landmarks[0].transform), stops, group, turn))
    return found


def _read_turns(root: ET.Element) -> dict[str, tuple[str, int]]:
    """Return the group and the turn of each controlled signal by its id."""
    controlled = {one.get("id", ""): [each.get("signalId", "") for each in one.findall("control")] for one in root.findall("controller")}
    turns: dict[str, tuple[str, int]] = {}
    for junction in root.findall("junction"):
        group = f"junction {junction.get('id')}"
        for turn, controller in enumerate(junction.findall("controller")):
            for signal_id in controlled.pop(controller.get("id", ""), ()):
                turns.setdefault(signal_id, (group, turn))
    for controller_id, signal_ids in controlled.items():
        for signal_id in signal_ids:
            turns.setdefault(signal_id, (f"controller {controller_id}", 0))
    return turns


def _find_stops(carla_map: Any, landmarks: list[Any], depth_m: float) -> tuple[Stop, ...]:
    """Return the boxes of all lanes of a signal and of its references. Roads that branch off one lane share that lane's box."""
    found = (stop for landmark in landmarks for stop in _make_stops(carla_map, landmark, depth_m))
    return tuple({(round(stop.x_m, 1), round(stop.y_m, 1), round(stop.yaw_rad, 1)): stop for stop in found}.values())


def _make_stops(carla_map: Any, landmark: Any, depth_m: float) -> Iterator[Stop]:
    for low, high in landmark.get_lane_validities() or [ALL_LANES]:
        lanes = [lane_id for lane_id in range(min(low, high), min(max(low, high), min(low, high) + MAX_LANES) + 1) if lane_id]
        for lane_id in [lane_id for lane_id in lanes if _faces_lane(landmark, lane_id)] or lanes:
            point = carla_map.get_waypoint_xodr(landmark.road_id, lane_id, landmark.s)
            if point is not None and str(point.lane_type) == "Driving":
                yield _make_stop_before(_step_out_of_junction(point), depth_m)


def _make_stop_before(line: Any, depth_m: float) -> Stop:
    """Return the box that ends at the waypoint `line`; it is shorter where the lane begins or leaves a junction within `depth_m`."""
    half_width_m = max(0.5, line.lane_width / 2.0 - 0.2)
    depth_m += _find_extra_depth(line, depth_m)
    while depth_m > LEAST_DEPTH_M:
        rear, middle = line.previous(depth_m), line.previous(depth_m / 2.0)
        if rear and middle and not rear[0].is_junction and not middle[0].is_junction:
            at = _to_pose(middle[0].transform)
            return Stop(at.x_m, at.y_m, at.z_m, at.yaw_rad, depth_m / 2.0, half_width_m)
        depth_m *= SHORTER
    at, half_m = _to_pose(line.transform), LEAST_DEPTH_M / 2.0
    return Stop(at.x_m - half_m * math.cos(at.yaw_rad), at.y_m - half_m * math.sin(at.yaw_rad), at.z_m, at.yaw_rad, half_m, half_width_m)


def _find_extra_depth(line: Any, depth_m: float) -> float:
    """Return how much deeper (m) a box must be for agents to notice it; 0 where it need not be deeper, or where no depth would help.

    Agents notice a box only while they are on the road on which its middle lies. Where that road begins less than SEEN_M before the middle,
    a deeper box has its middle on the road before.
    """
    for more_m in range(DEEPEST_M + 1):
        middle = line.previous((depth_m + more_m) / 2.0)
        before = middle[0].previous(SEEN_M) if middle else []
        if not before or middle[0].is_junction or before[0].is_junction:
            return 0.0
        if before[0].road_id == middle[0].road_id:
            return float(more_m)
    return 0.0


def _step_out_of_junction(point: Any) -> Any:
    """Return the last waypoint before the junction that `point` lies in; `point` itself outside of junctions.

    CARLA's towns have their lights on the roads that cross a junction, often behind it. Cars must stop before the junction all the same.
    The search ends at the edge of this junction even where another junction lies right before it.
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


def _faces_lane(landmark: Any, lane_id: int) -> bool:
    """Return whether a signal is for the traffic of a lane: lanes with negative ids run along the road, the others against it."""
    orientation = str(landmark.orientation)
    return orientation == "Both" or (orientation == "Positive") == (lane_id < 0)


def _to_pose(transform: Any) -> Pose:
    at, turn = transform.location, transform.rotation
    return Pose(at.x, at.y, at.z, math.radians(turn.pitch), math.radians(turn.yaw), math.radians(turn.roll))
