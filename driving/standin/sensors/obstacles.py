"""The obstacle detector: the nearest thing that a ball swept forward from the sensor would meet."""

from __future__ import annotations

import numpy as np

from driving.quantities import Pose
from driving.standin.actors.kinds import Body, Sensor
from driving.standin.episode.state import Episode
from driving.world.geometry.rotations import rotation_of
from driving.world.physics import collisions as c
from driving.world.physics import poses


def nearest(sensor: Sensor, at: Pose, episode: Episode) -> tuple[Body | None, float] | None:
    """The body (None: something static) within the sensor's distance, and how far it is (m); None where nothing is."""
    wanted = sensor.description
    reach, radius = wanted.number("distance"), wanted.number("hit_radius")
    forward = rotation_of(at)[:, 0]
    start = np.array([at.x_m, at.y_m, at.z_m])
    fleet, own = episode.fleet, sensor.carrier
    centres = np.empty((fleet.count, 6))
    poses.box_centres(fleet.state, fleet.offset, centres)
    distances = entry(start, forward, centres[:, :3], centres[:, 4], fleet.half + radius)
    if own is not None:
        distances[own.row] = np.inf
    best: tuple[Body | None, float] | None = None
    if len(distances) and distances.min() <= reach:
        row = int(distances.argmin())
        best = (episode.bodies[row], float(distances[row]))
    statics = episode.level.statics.boxes
    if wanted.values["only_dynamics"].lower() not in ("true", "1") and len(statics):
        middle = np.column_stack([statics[:, c.B_X], statics[:, c.B_Y], (statics[:, c.B_BOTTOM] + statics[:, c.B_TOP]) / 2.0])
        half = np.column_stack([statics[:, c.B_LENGTH], statics[:, c.B_WIDTH], (statics[:, c.B_TOP] - statics[:, c.B_BOTTOM]) / 2.0])
        distance = float(entry(start, forward, middle, statics[:, c.B_YAW], half + radius).min())
        if distance <= reach and (best is None or distance < best[1]):
            best = (None, distance)
    return best


def entry(start: np.ndarray, forward: np.ndarray, centres: np.ndarray, yaws: np.ndarray, half: np.ndarray) -> np.ndarray:
    """How far (K,) a ray goes until it enters each upright box, inf where it never does; 0 from within. Slab test in the boxes' frames."""
    cos, sin = np.cos(yaws), np.sin(yaws)
    away = start - centres
    origin = np.column_stack([cos * away[:, 0] + sin * away[:, 1], -sin * away[:, 0] + cos * away[:, 1], away[:, 2]])
    along = np.column_stack([cos * forward[0] + sin * forward[1], -sin * forward[0] + cos * forward[1], np.full(len(yaws), forward[2])])
    along = np.where(np.abs(along) < 1e-12, 1e-12, along)
    one, two = (-half - origin) / along, (half - origin) / along
    enter, leave = np.minimum(one, two).max(axis=1), np.maximum(one, two).min(axis=1)
    return np.where((leave >= 0.0) & (enter <= leave), np.maximum(enter, 0.0), np.inf)
