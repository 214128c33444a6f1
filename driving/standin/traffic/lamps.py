"""What cameras see of the map's traffic lights and signs: where their posts stand, and which lamp of each light is lit."""

from __future__ import annotations

import math

import numpy as np

from driving.quantities import Pose
from driving.standin.traffic.lights import GREEN, RED, YELLOW
from driving.standin.traffic.signals import SignalPlace, SignPlace, dynamic_signals, signs
from driving.world.ground.contact import Ground
from driving.world.maps.roads import RoadNetwork
from driving.world.meshes.shapes import LAMPS_M
from driving.world.rendering.renderer import Boxes
from driving.world.scenery.clearance import Clearance
from driving.world.scenery.signposts import Signpost, put_on_ground

SEEN_M = 120.0
TRAFFIC_LIGHT = 7
HALF_M = (0.03, 0.13, 0.13)
COLOURS = np.zeros((5, 3), np.uint8)
COLOURS[[RED, YELLOW, GREEN]] = (255, 40, 30), (255, 190, 40), (50, 240, 90)
KINDS = {"traffic.stop": "StopSign", "traffic.yield": "YieldSign"}


def signposts(network: RoadNetwork, ground: Ground) -> list[Signpost]:
    """The posts of a map's lights, in the order of `TrafficLights`, then those of its signs; each looks at the traffic that it is for."""
    wanted = [_post(place, "TrafficLight") for place in dynamic_signals(network)]
    wanted += [_post(place, KINDS.get(place.type_id, "SpeedSign")) for place in signs(network)]
    return put_on_ground(wanted, Clearance(network, driving_only=True), ground) if wanted else []


def _post(place: SignalPlace | SignPlace, kind: str) -> Signpost:
    stop = place.stops[0]
    return Signpost(kind, (place.at.x_m, place.at.y_m, stop.z_m), stop.yaw_rad + math.pi)


class Lamps:
    """The lamps of the lights among posts (N of them, numbered as the first things of the scene are)."""

    def __init__(self, posts: list[Signpost]) -> None:
        lights = [post for post in posts if post.kind == "TrafficLight"]
        self._feet = np.array([post.foot_m for post in lights]).reshape(-1, 3)
        self._yaw = np.array([post.yaw_rad for post in lights])

    def with_lit(self, boxes: Boxes, states: np.ndarray, hidden: np.ndarray, camera: Pose) -> Boxes:
        """The boxes, and the lit lamps that a camera may see: states (N,) of the lights, `hidden` (N or more,) bool."""
        if not len(self._feet):
            return boxes
        away = self._feet - (camera.x_m, camera.y_m, camera.z_m)
        ahead = away[:, 0] * math.cos(camera.yaw_rad) + away[:, 1] * math.sin(camera.yaw_rad)
        shown = np.flatnonzero((np.abs(away).max(axis=1, initial=0.0) < SEEN_M) & (ahead > 0.0) & (states <= GREEN) & ~hidden[: len(states)])
        if not len(shown):
            return boxes
        count, yaw, state = len(shown), self._yaw[shown], states[shown]
        poses = np.zeros((count, 6))
        poses[:, :3] = self._feet[shown] + LAMPS_M[state, 0:1] * np.column_stack([np.cos(yaw), np.sin(yaw), np.zeros(count)])
        poses[:, 2] += LAMPS_M[state, 1]
        poses[:, 4] = yaw
        parts = poses, np.tile(HALF_M, (count, 1)), COLOURS[state], np.full(count, TRAFFIC_LIGHT, np.uint8), np.zeros(count, np.uint32)
        old = boxes.poses, boxes.half_sizes, boxes.colours, boxes.tags, boxes.lights
        return Boxes(*(np.concatenate(pair) for pair in zip(old, parts, strict=True)))
