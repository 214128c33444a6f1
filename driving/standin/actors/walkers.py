"""Pedestrians without legs: upright boxes that go where they are told. Their navigation mesh is Unreal's, and is not served."""

from __future__ import annotations

import math

import numpy as np

from driving.standin.actors.kinds import Walker
from driving.world.ground.contact import Ground
from driving.world.physics import dynamics as d
from driving.world.physics import vehicle_physics as p
from driving.world.physics.fleet import Fleet

HALF_M = (0.19, 0.19, 0.93)
MASS_KG = 80.0
FASTEST_MPS = 20.0


def parameters_of(mass_kg: float) -> np.ndarray:
    """The row of a body that does not drive: a mass for contacts, nothing else."""
    row = np.zeros(p.WIDTH)
    row[p.MASS], row[p.YAW_INERTIA], row[p.RADIUS] = mass_kg, mass_kg, 1.0
    return row


def walk(walkers: list[Walker], fleet: Fleet, ground: Ground, dt_s: float) -> None:
    """Moves pedestrians by `dt_s` along the ground; their origin is in their middle."""
    rows = np.array([walker.row for walker in walkers])
    state = fleet.state
    for walker in walkers:
        v = state[walker.row]
        x, y, _ = walker.direction
        size = math.hypot(x, y)
        speed = min(max(walker.speed_mps, -FASTEST_MPS), FASTEST_MPS) if size > 1e-6 else 0.0
        if speed:
            v[d.YAW] = math.atan2(y, x)
            v[d.X] += x / size * speed * dt_s
            v[d.Y] += y / size * speed * dt_s
        v[d.VX], v[d.VY], v[d.VZ], v[d.YAW_RATE] = speed, 0.0, 0.0, 0.0
    height, _, _ = ground.height(state[rows, d.X], state[rows, d.Y], state[rows, d.Z] - HALF_M[2])
    state[rows, d.Z] = height + HALF_M[2]
