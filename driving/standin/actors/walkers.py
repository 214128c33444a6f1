"""Pedestrians: upright boxes without legs that walk where their client sends them.

CARLA's navigation mesh belongs to Unreal, and this server does not have one.
"""

from __future__ import annotations

import math

import numpy as np

from driving.standin.actors.kinds import Walker
from driving.world.ground.contact import Ground
from driving.world.physics import dynamics, vehicle_physics
from driving.world.physics.fleet import Fleet

HALF_M = (0.19, 0.19, 0.93)
MASS_KG = 80.0
FASTEST_MPS = 20.0
SHORTEST_DIRECTION = 1e-6  # a shorter direction vector points nowhere: the walker stands


def make_undriven_parameters(mass_kg: float) -> np.ndarray:
    """Return the parameter row (vehicle_physics.PARAMETER_WIDTH,) of a body that does not drive; contacts need only its mass (kg)."""
    row = np.zeros(vehicle_physics.PARAMETER_WIDTH)
    row[vehicle_physics.MASS], row[vehicle_physics.YAW_INERTIA], row[vehicle_physics.RADIUS] = mass_kg, mass_kg, 1.0
    return row


def walk(walkers: list[Walker], fleet: Fleet, ground: Ground, dt_s: float) -> None:
    """Move at least one pedestrian by `dt_s` seconds along the ground. The origin of a walker is the centre of its box."""
    rows = np.array([walker.row for walker in walkers])
    state = fleet.state
    for walker in walkers:
        row = state[walker.row]
        x, y, _ = walker.direction
        length = math.hypot(x, y)
        speed_mps = min(max(walker.speed_mps, -FASTEST_MPS), FASTEST_MPS) if length > SHORTEST_DIRECTION else 0.0
        row[dynamics.YAW_RATE] = 0.0
        if speed_mps:
            yaw = math.atan2(y, x)
            row[dynamics.YAW_RATE] = ((yaw - row[dynamics.YAW] + math.pi) % (2.0 * math.pi) - math.pi) / dt_s
            row[dynamics.YAW] = yaw
            row[dynamics.X] += x / length * speed_mps * dt_s
            row[dynamics.Y] += y / length * speed_mps * dt_s
        row[dynamics.VX], row[dynamics.VY] = speed_mps, 0.0
    half_height_m = HALF_M[2]
    height, _ = ground.height(state[rows, dynamics.X], state[rows, dynamics.Y], state[rows, dynamics.Z] - half_height_m)
    state[rows, dynamics.VZ] = (height + half_height_m - state[rows, dynamics.Z]) / dt_s
    state[rows, dynamics.Z] = height + half_height_m
