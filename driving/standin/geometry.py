"""Rays through the world: what a point is projected onto, what lies between two points. Labels are CARLA's semantic tags."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from driving.standin import poses
from driving.standin.episode import Episode
from driving.standin.messages import Vector
from driving.standin.obstacles import entry
from driving.world import collisions as c
from driving.world.ground import ROAD_FRICTION

ROADS, STATIC, TERRAIN = 1, 20, 22
STEP_M = 0.5
FARTHEST_M = 2000.0


def cast_ray(episode: Episode, start: Vector, end: Vector) -> list[Any]:
    """LabelledPoints [[x, y, z], label] of all that a ray meets between two points, the nearest first."""
    away = np.subtract(end, start)
    length = float(np.linalg.norm(away))
    if length <= 1e-6:
        return []
    forward, length = away / length, min(length, FARTHEST_M)
    origin = np.array(start)
    hits = [*_boxes(episode, origin, forward), *_ground(episode, origin, forward, length)]
    return [[(origin + forward * at).tolist(), label] for at, label in sorted(hits) if at <= length]


def project(episode: Episode, start: Vector, direction: Vector, distance_m: float) -> Any:
    """The LabelledPoint first met from a point in a direction within a distance, None where there is none."""
    size = math.sqrt(sum(part * part for part in direction))
    if size < 1e-9:
        return None
    end = [at + part / size * distance_m for at, part in zip(start, direction, strict=True)]
    found = cast_ray(episode, start, (end[0], end[1], end[2]))
    return found[0] if found else None


def _boxes(episode: Episode, origin: np.ndarray, forward: np.ndarray) -> list[tuple[float, int]]:
    fleet, statics = episode.fleet, episode.level.statics.boxes
    centres = np.empty((fleet.count, 6))
    poses.box_centres(fleet.state, fleet.offset, centres)
    cars = entry(origin, forward, centres[:, :3], centres[:, 4], fleet.half)
    found = [(float(at), int(tag)) for at, tag in zip(cars, fleet.tag, strict=True) if np.isfinite(at)]
    if len(statics):
        middle = np.column_stack([statics[:, c.B_X], statics[:, c.B_Y], (statics[:, c.B_BOTTOM] + statics[:, c.B_TOP]) / 2.0])
        half = np.column_stack([statics[:, c.B_LENGTH], statics[:, c.B_WIDTH], (statics[:, c.B_TOP] - statics[:, c.B_BOTTOM]) / 2.0])
        found += [(float(at), STATIC) for at in entry(origin, forward, middle, statics[:, c.B_YAW], half) if np.isfinite(at)]
    return found


def _ground(episode: Episode, origin: np.ndarray, forward: np.ndarray, length: float) -> list[tuple[float, int]]:
    """Where the ray first passes through the ground."""
    upright = abs(forward[0]) + abs(forward[1]) < 1e-9
    at = np.array([0.0]) if upright else np.linspace(0.0, length, max(2, math.ceil(length / STEP_M) + 1))
    points = origin + at[:, None] * forward
    height, _, friction = episode.level.ground.height(points[:, 0].copy(), points[:, 1].copy(), np.full(len(at), origin[2]))
    if len(at) == 1:
        down = (origin[2] - height[0]) * (1.0 if forward[2] < 0 else -1.0)
        return [(float(down), ROADS if friction[0] == ROAD_FRICTION else TERRAIN)] if down >= 0.0 else []
    above = points[:, 2] - height
    crossings = np.flatnonzero((above[:-1] > 0.0) & (above[1:] <= 0.0))
    if not len(crossings):
        return []
    k = int(crossings[0])
    share = above[k] / (above[k] - above[k + 1])
    return [(float(at[k] + share * (at[k + 1] - at[k])), ROADS if friction[k + 1] == ROAD_FRICTION else TERRAIN)]
