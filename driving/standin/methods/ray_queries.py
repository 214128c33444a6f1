"""Rays through the world: what a point is projected onto, what lies between two points. Labels are CARLA's semantic tags.

They are the lidars' rays, and meet what these do: triangle by triangle, and cars by their shape.
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
FARTHEST_M = 2000.0
STEP_M = 1e-3  # from what was met on to what is behind it
MOST_STEPS = 2000
CRUST_M = 1.0  # the land goes on a little below the roads: it is one ground with them


def cast_ray(episode: Episode, start: Vector, end: Vector) -> list[Any]:
    """LabelledPoints [[x, y, z], label] of all that a ray meets between two points, nearest first: each thing, body and ground once."""
    away = np.subtract(end, start)
    length = float(np.linalg.norm(away))
    if length <= 1e-6:
        return []
    origin, forward = np.array(start), away / length
    boxes, at_m, length = boxes_of(episode.fleet), 0.0, min(length, FARTHEST_M)
    found: list[Any] = []
    met: set[tuple[int, int]] = set()
    ground_m = math.inf
    for _ in range(MOST_STEPS):
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
            found.append([place.tolist(), ROADS if hit.tags[0] == ROAD_LINES else int(hit.tags[0])])
        at_m += STEP_M
        if at_m >= length:
            break
    return found


def project(episode: Episode, start: Vector, direction: Vector, distance_m: float) -> Any:
    """The LabelledPoint first met from a point in a direction within a distance, None where there is none."""
    size = math.sqrt(sum(part * part for part in direction))
    if size < 1e-9 or distance_m <= 0.0:
        return None
    forward = np.array(direction) / size
    hit = _cast_next(episode, np.array(start), forward, min(distance_m, FARTHEST_M), boxes_of(episode.fleet))
    if not np.isfinite(hit.distances_m[0]):
        return None
    return [(np.array(start) + float(hit.distances_m[0]) * forward).tolist(), ROADS if hit.tags[0] == ROAD_LINES else int(hit.tags[0])]


def _cast_next(episode: Episode, start: np.ndarray, forward: np.ndarray, reach_m: float, boxes: Boxes) -> Hits:
    return episode.level.rays.cast(Pose(*start.tolist()), forward[None], np.array([reach_m]), boxes)
