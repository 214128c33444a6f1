"""Rays that clients cast through the world: onto what a point is projected, and what lies between two points.

They are the rays of the lidars and hit the same triangles and bodies. Labels are CARLA's semantic tags.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from driving.quantities import Pose
from driving.standin.episode.state import Episode
from driving.standin.wire.messages import Vector
from driving.world.rendering.boxes import Boxes, boxes_of
from driving.world.scenery.objects import NO_OBJECT
from driving.world.sensing.rays import Hits

ROADS, ROAD_LINES = 1, 24
MAX_RANGE_M = 2000.0
STEP_M = 1e-3  # the next ray starts so far behind the last hit
MAX_HITS = 2000
CRUST_M = 1.0  # the land continues a little below the roads; hits of the ground closer than this in height count as one


def cast_ray(episode: Episode, start: Vector, end: Vector) -> list[Any]:
    """Return the LabelledPoints [[x, y, z], label] of a ray between two points, nearest first: one per object, body and ground."""
    away = np.subtract(end, start)
    length = float(np.linalg.norm(away))
    if length <= 1e-6:
        return []
    origin, forward = np.array(start), away / length
    boxes, at_m, length = boxes_of(episode.fleet), 0.0, min(length, MAX_RANGE_M)
    found: list[Any] = []
    met: set[tuple[int, int]] = set()  # (row of the body, number of the object) of each hit
    ground_m = math.inf
    for _ in range(MAX_HITS):
        hit = _cast_next(episode, origin + at_m * forward, forward, length - at_m, boxes)
        if not np.isfinite(hit.distances_m[0]):
            break
        at_m += float(hit.distances_m[0])
        place, which = origin + at_m * forward, (int(hit.rows[0]), int(hit.objects[0]))
        if which == (-1, NO_OBJECT):
            new, ground_m = not abs(place[2] - ground_m) < CRUST_M, float(place[2])
        else:
            new = which not in met
            met.add(which)
        if new:
            found.append([place.tolist(), _label(hit)])
        at_m += STEP_M
        if at_m >= length:
            break
    return found


def project_point(episode: Episode, start: Vector, direction: Vector, distance_m: float) -> Any:
    """Return the first LabelledPoint from a point in a direction, or None where nothing is hit within the distance."""
    size = math.sqrt(sum(part * part for part in direction))
    if size < 1e-9 or distance_m <= 0.0:
        return None
    forward = np.array(direction) / size
    hit = _cast_next(episode, np.array(start), forward, min(distance_m, MAX_RANGE_M), boxes_of(episode.fleet))
    if not np.isfinite(hit.distances_m[0]):
        return None
    return [(np.array(start) + float(hit.distances_m[0]) * forward).tolist(), _label(hit)]


def _cast_next(episode: Episode, start: np.ndarray, forward: np.ndarray, reach_m: float, boxes: Boxes) -> Hits:
    """Return the first hit of one ray, as arrays of one element."""
    return episode.level.rays.cast(Pose(*start.tolist()), forward[None], np.array([reach_m]), boxes)


def _label(hit: Hits) -> int:
    """Return the semantic tag of a hit; road lines belong to the road."""
    tag = int(hit.tags[0])
    return ROADS if tag == ROAD_LINES else tag
