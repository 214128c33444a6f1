"""Poses of many actors at once: what hangs on what, and the numbers that a snapshot shows. Compiled by numba.

Shapes: N vehicles, M other actors. Pose rows are those of `geometry.rotations`, in the world or relative to a parent.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from driving.world.geometry.rotations import rotation
from driving.world.physics import dynamics as d

UNATTACHED, RIGID, ARM = 0, 1, 2
FASTEST_MPS, FARTHEST_M = 1000.0, 1e6


@njit(cache=True)
def _angles(turn, out):  # type: ignore[no-untyped-def]
    out[3] = math.asin(min(max(turn[2, 0], -1.0), 1.0))
    out[4] = math.atan2(turn[1, 0], turn[0, 0])
    out[5] = math.atan2(-turn[2, 1], turn[2, 2])


@njit(cache=True)
def _hang(base, relative, kind, out):  # type: ignore[no-untyped-def]
    level = kind == ARM  # a spring arm turns with its parent's yaw only
    one = rotation(0.0 if level else base[3], base[4], 0.0 if level else base[5])
    two = rotation(relative[3], relative[4], relative[5])
    product = np.empty((3, 3))
    for i in range(3):
        out[i] = base[i] + one[i, 0] * relative[0] + one[i, 1] * relative[1] + one[i, 2] * relative[2]
        for j in range(3):
            product[i, j] = one[i, 0] * two[0, j] + one[i, 1] * two[1, j] + one[i, 2] * two[2, j]
    _angles(product, out)


@njit(cache=True)
def attach(state, relative, parents, kinds, world):  # type: ignore[no-untyped-def]
    """World poses (M, 6), in place, of actors that hang on vehicles (parent = row) or on earlier others (parent = N + row)."""
    count = state.shape[0]
    for k in range(world.shape[0]):
        if kinds[k] == UNATTACHED:
            continue
        parent = parents[k]
        if parent < count:
            _hang(state[parent, d.X : d.ROLL + 1], relative[k], kinds[k], world[k])
        else:
            _hang(world[parent - count], relative[k], kinds[k], world[k])


@njit(cache=True)
def keep_in_bounds(state):  # type: ignore[no-untyped-def]
    """Limits speeds and places, so that no force makes a number that later arithmetic or a client cannot take."""
    for i in range(state.shape[0]):
        v = state[i]
        for k in range(v.shape[0]):
            if not math.isfinite(v[k]):
                v[k] = 0.0
        for k in (d.VX, d.VY, d.VZ):
            v[k] = min(max(v[k], -FASTEST_MPS), FASTEST_MPS)
        v[d.YAW_RATE] = min(max(v[d.YAW_RATE], -50.0), 50.0)
        for k in (d.X, d.Y, d.Z):
            v[k] = min(max(v[k], -FARTHEST_M), FARTHEST_M)


@njit(cache=True)
def report(state, control, out):  # type: ignore[no-untyped-def]
    """What a snapshot says of each vehicle, (N, 18) float32: pose (m, degrees), velocity (m/s), turning (deg/s), acceleration (m/s^2), pedals."""
    degrees = 180.0 / math.pi
    for i in range(state.shape[0]):
        v = state[i]
        cos, sin = math.cos(v[d.YAW]), math.sin(v[d.YAW])
        out[i, 0], out[i, 1], out[i, 2] = v[d.X], v[d.Y], v[d.Z]
        out[i, 3], out[i, 4], out[i, 5] = v[d.PITCH] * degrees, v[d.YAW] * degrees, v[d.ROLL] * degrees
        out[i, 6], out[i, 7], out[i, 8] = cos * v[d.VX] - sin * v[d.VY], sin * v[d.VX] + cos * v[d.VY], v[d.VZ]
        out[i, 9], out[i, 10], out[i, 11] = 0.0, 0.0, v[d.YAW_RATE] * degrees
        out[i, 12], out[i, 13], out[i, 14] = cos * v[d.AX] - sin * v[d.AY], sin * v[d.AX] + cos * v[d.AY], v[d.AZ]
        out[i, 15], out[i, 16], out[i, 17] = control[i, d.C_THROTTLE], control[i, d.C_STEER], control[i, d.C_BRAKE]


@njit(cache=True)
def box_centres(state, offset, out):  # type: ignore[no-untyped-def]
    """Poses (N, 6) of the centres of vehicles' bounding boxes."""
    for i in range(state.shape[0]):
        v = state[i]
        turn = rotation(v[d.PITCH], v[d.YAW], v[d.ROLL])
        for k in range(3):
            out[i, k] = v[d.X + k] + turn[k, 0] * offset[i, 0] + turn[k, 1] * offset[i, 1] + turn[k, 2] * offset[i, 2]
        out[i, 3], out[i, 4], out[i, 5] = v[d.PITCH], v[d.YAW], v[d.ROLL]
