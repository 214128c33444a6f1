"""What cameras see of a map's traffic lights and signs: the posts on which they stand, and which lamp of each light is lit."""

from __future__ import annotations

import math

import numpy as np

from driving.quantities import Pose
from driving.standin.traffic.lights import GREEN, LIGHT_TAG, RED, YELLOW
from driving.standin.traffic.map_signals import MapSignals
from driving.standin.traffic.signals import LightPlace, SignPlace
from driving.world.ground.contact import Ground
from driving.world.maps.roads import RoadNetwork
from driving.world.meshes.shapes import LAMPS_M
from driving.world.rendering.boxes import Boxes
from driving.world.scenery.clearance import Clearance
from driving.world.scenery.signposts import Signpost, put_on_ground

SEEN_M = 120.0  # lamps that are farther away are smaller than a pixel in most cameras
HALF_M = (0.03, 0.13, 0.13)
COLOURS = np.zeros((5, 3), np.uint8)
COLOURS[[RED, YELLOW, GREEN]] = (255, 40, 30), (255, 190, 40), (50, 240, 90)
LIGHT_POST = "TrafficLight"
SIGN_POSTS = {"traffic.stop": "StopSign", "traffic.yield": "YieldSign"}  # by actor type
LIMIT_POST = "SpeedSign"


def make_signposts(signals: MapSignals, network: RoadNetwork, ground: Ground) -> list[Signpost]:
    """Return the posts of a map's lights, in the order of `TrafficLights`, then those of its signs. Each faces the traffic that it is for."""
    wanted = [_make_post(place, LIGHT_POST) for place in signals.lights]
    wanted += [_make_post(place, SIGN_POSTS.get(place.type_id, LIMIT_POST)) for place in signals.signs]
    return put_on_ground(wanted, Clearance(network, driving_only=True), ground) if wanted else []


def _make_post(place: LightPlace | SignPlace, kind: str) -> Signpost:
    stop = place.stops[0]
    return Signpost(kind, (place.at.x_m, place.at.y_m, stop.z_m), stop.yaw_rad + math.pi)


class Lamps:
    """The lamps of L traffic lights, whose posts are the first L objects of the scene."""

    def __init__(self, posts: list[Signpost]) -> None:
        lights = [post for post in posts if post.kind == LIGHT_POST]
        self._feet = np.array([post.foot_m for post in lights]).reshape(-1, 3)
        self._yaw = np.array([post.yaw_rad for post in lights])

    def add_lit(self, boxes: Boxes, states: np.ndarray, hidden: np.ndarray, camera: Pose) -> Boxes:
        """Return the boxes and those of the lit lamps that a camera may see: `states` (L,) of the lights, `hidden` (L or more,) bool."""
        if not len(self._feet):
            return boxes
        away = self._feet - (camera.x_m, camera.y_m, camera.z_m)
        ahead = away[:, 0] * math.cos(camera.yaw_rad) + away[:, 1] * math.sin(camera.yaw_rad)
        near = np.abs(away).max(axis=1, initial=0.0) < SEEN_M
        shown = np.flatnonzero(near & (ahead > 0.0) & (states <= GREEN) & ~hidden[: len(states)])
        if not len(shown):
            return boxes
        count, yaw, state = len(shown), self._yaw[shown], states[shown]
        forward_m, up_m = LAMPS_M[state].T
        centres = self._feet[shown] + forward_m[:, None] * np.column_stack([np.cos(yaw), np.sin(yaw), np.zeros(count)])
        poses = np.zeros((count, 6))
        poses[:, :3] = centres
        poses[:, 2] += up_m
        poses[:, 4] = yaw
        lit = Boxes(poses, np.tile(HALF_M, (count, 1)), COLOURS[state], np.full(count, LIGHT_TAG, np.uint8), np.zeros(count, np.uint32))
        return Boxes(*(np.concatenate(pair) for pair in zip(boxes, lit, strict=True)))
