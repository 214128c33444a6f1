"""The obstacle detector: the nearest body or static object in the way of a ball that moves straight ahead from the sensor."""

from __future__ import annotations

import numpy as np

from driving.quantities import Pose
from driving.standin.actors.kinds import Body, Sensor
from driving.standin.sensors.collisions import make_record
from driving.standin.sensors.tick import SensorTick
from driving.standin.wire.packets import Message, Stamp, pack_values
from driving.world.geometry.rotations import rotation_of
from driving.world.physics import collisions


def measure_obstacles(sensor: Sensor, stamp: Stamp, tick: SensorTick) -> list[Message]:
    """Return one message, [own actor, other actor, distance (m)], or no message where nothing is within the sensor's distance."""
    found = _find_nearest(sensor, stamp.at, tick)
    if found is None:
        return []
    other, distance_m = found
    own = sensor if sensor.parent is None else sensor.parent
    return [pack_values(stamp, [own.record(), make_record(other), distance_m])]


def _find_nearest(sensor: Sensor, at: Pose, tick: SensorTick) -> tuple[Body | None, float] | None:
    """Return the nearest body (None: a static object) and its distance (m), or None where nothing is near enough."""
    wanted, world, own = sensor.description, tick.world, sensor.carrier
    reach_m, radius_m = wanted.number("distance"), wanted.number("hit_radius")
    forward = rotation_of(at)[:, 0]
    start = np.array([at.x_m, at.y_m, at.z_m])
    bodies = tick.visible.boxes
    centres, yaws = bodies.poses[:, :3], bodies.poses[:, 4]
    distances = _enter_boxes(start, forward, centres, yaws, bodies.half_sizes + radius_m)
    if own is not None:
        distances[own.row] = np.inf
    best: tuple[Body | None, float] | None = None
    if len(distances) and distances.min() <= reach_m:
        row = int(distances.argmin())
        best = (world.bodies[row], float(distances[row]))
    boxes = world.statics.boxes
    if not wanted.is_on("only_dynamics") and len(boxes):
        bottom, top = boxes[:, collisions.B_BOTTOM], boxes[:, collisions.B_TOP]
        middle = np.column_stack([boxes[:, collisions.B_X], boxes[:, collisions.B_Y], (bottom + top) / 2.0])
        half = np.column_stack([boxes[:, collisions.B_LENGTH], boxes[:, collisions.B_WIDTH], (top - bottom) / 2.0])
        distance = float(_enter_boxes(start, forward, middle, boxes[:, collisions.B_YAW], half + radius_m).min())
        if distance <= reach_m and (best is None or distance < best[1]):
            best = (None, distance)
    return best


def _enter_boxes(start: np.ndarray, forward: np.ndarray, centres: np.ndarray, yaws: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Return how far (K,) a ray goes until it enters each of K upright boxes: 0 from inside, inf where it misses the box.

    This is the slab test, in the frames of the boxes.

    Args:
        start: (3,) m, where the ray begins
        forward: (3,) its direction, a unit vector
        centres: (K, 3) m
        yaws: (K,) rad
        half: (K, 3) half sizes in m
    """
    cos, sin = np.cos(yaws), np.sin(yaws)
    away = start - centres
    origin = np.column_stack([cos * away[:, 0] + sin * away[:, 1], -sin * away[:, 0] + cos * away[:, 1], away[:, 2]])
    along = np.column_stack([cos * forward[0] + sin * forward[1], -sin * forward[0] + cos * forward[1], np.full(len(yaws), forward[2])])
    along = np.where(np.abs(along) < 1e-12, 1e-12, along)
    one, two = (-half - origin) / along, (half - origin) / along
    enter, leave = np.minimum(one, two).max(axis=1), np.maximum(one, two).min(axis=1)
    return np.where((leave >= 0.0) & (enter <= leave), np.maximum(enter, 0.0), np.inf)
