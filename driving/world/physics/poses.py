"""Poses of many actors at once: attached actors, box centres, and the numbers of a snapshot. Compiled by numba.

Shapes: N vehicles, M other actors. Pose rows are those of `geometry.rotations`, in the world or relative to a parent.
State and control rows: `dynamics`.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from driving.world.geometry.rotations import rotation
from driving.world.physics import dynamics

UNATTACHED, RIGID, ARM = 0, 1, 2  # how an actor is attached; an arm turns with its parent's yaw only
FASTEST_MPS, FASTEST_RADPS, FARTHEST_M = 1000.0, 50.0, 1e6
# Columns of a report.
(
    R_POSE,  # 6 columns: x, y, z (m), pitch, yaw, roll (degrees)
    R_VELOCITY,  # 3 columns: in the world (m/s)
    R_TURNING,  # 3 columns: angular velocity in the world, see `turning` (degrees/s)
    R_ACCELERATION,  # 3 columns: in the world (m/s^2)
    R_PEDALS,  # 3 columns: throttle, steer, brake
    REPORT_WIDTH,
) = 0, 6, 9, 12, 15, 18


@njit(cache=True)
def _set_angles(turn, out):  # type: ignore[no-untyped-def]
    """Set pitch, yaw and roll of a pose row (6,) from a rotation matrix (3, 3)."""
    out[3] = math.asin(min(max(turn[2, 0], -1.0), 1.0))
    out[4] = math.atan2(turn[1, 0], turn[0, 0])
    out[5] = math.atan2(-turn[2, 1], turn[2, 2])


@njit(cache=True)
def _compose(base, relative, kind, out):  # type: ignore[no-untyped-def]
    """Fill the pose row `out` (6,) in the world of an actor whose pose is `relative` (6,) to its parent's, `base` (6,)."""
    level = kind == ARM
    one = rotation(0.0 if level else base[3], base[4], 0.0 if level else base[5])
    two = rotation(relative[3], relative[4], relative[5])
    product = np.empty((3, 3))
    for i in range(3):
        out[i] = base[i] + one[i, 0] * relative[0] + one[i, 1] * relative[1] + one[i, 2] * relative[2]
        for j in range(3):
            product[i, j] = one[i, 0] * two[0, j] + one[i, 1] * two[1, j] + one[i, 2] * two[2, j]
    _set_angles(product, out)


@njit(cache=True)
def attach(state, relative, parents, kinds, world):  # type: ignore[no-untyped-def]
    """Set the poses in the world of attached actors, in place.

    Args:
        state: (N, STATE_WIDTH) of the vehicles.
        relative: (M, 6) poses relative to the parents.
        parents: (M,) a vehicle's row, or N + the row of another actor, which comes earlier.
        kinds: (M,) UNATTACHED, RIGID or ARM.
        world: (M, 6) poses in the world, set where an actor is attached.
    """
    count = state.shape[0]
    for k in range(world.shape[0]):
        if kinds[k] == UNATTACHED:
            continue
        parent = parents[k]
        if parent < count:
            _compose(state[parent, dynamics.X : dynamics.ROLL + 1], relative[k], kinds[k], world[k])
        else:
            _compose(world[parent - count], relative[k], kinds[k], world[k])


@njit(cache=True)
def keep_in_bounds(state):  # type: ignore[no-untyped-def]
    """Limit speeds and places in state rows (N, STATE_WIDTH), so that no force makes a number that later arithmetic or a client cannot take."""
    for i in range(state.shape[0]):
        body = state[i]
        for k in range(body.shape[0]):
            if not math.isfinite(body[k]):
                body[k] = 0.0
        for k in (dynamics.VX, dynamics.VY, dynamics.VZ):
            body[k] = min(max(body[k], -FASTEST_MPS), FASTEST_MPS)
        for k in (dynamics.PITCH_RATE, dynamics.YAW_RATE, dynamics.ROLL_RATE):
            body[k] = min(max(body[k], -FASTEST_RADPS), FASTEST_RADPS)
        for k in (dynamics.X, dynamics.Y, dynamics.Z):
            body[k] = min(max(body[k], -FARTHEST_M), FARTHEST_M)


@njit(cache=True)
def turning(body):  # type: ignore[no-untyped-def]
    """Return the angular velocity (x, y, z) in the world (rad/s) of a body from its state row.

    With the angular velocity w, a point of the body at r from its origin moves at w x r, by the usual components of the cross product.
    CARLA's frame is left-handed. Turning to the right counts for z, a right side that rises for x, and a nose that rises against y.
    """
    cos, sin = math.cos(body[dynamics.YAW]), math.sin(body[dynamics.YAW])
    pitching, rolling = -body[dynamics.PITCH_RATE], -body[dynamics.ROLL_RATE]
    ahead = rolling * math.cos(body[dynamics.PITCH])
    return cos * ahead - sin * pitching, sin * ahead + cos * pitching, body[dynamics.YAW_RATE] + rolling * math.sin(body[dynamics.PITCH])


@njit(cache=True)
def report(state, control, out):  # type: ignore[no-untyped-def]
    """Fill `out` (N, REPORT_WIDTH) float32 with what a snapshot says of each vehicle, from its state and control rows."""
    degrees = 180.0 / math.pi
    for i in range(state.shape[0]):
        body, row = state[i], out[i]
        cos, sin = math.cos(body[dynamics.YAW]), math.sin(body[dynamics.YAW])
        vx, vy, ax, ay = body[dynamics.VX], body[dynamics.VY], body[dynamics.AX], body[dynamics.AY]
        for k in range(3):
            row[R_POSE + k] = body[dynamics.X + k]
            row[R_POSE + 3 + k] = body[dynamics.PITCH + k] * degrees
        row[R_VELOCITY], row[R_VELOCITY + 1], row[R_VELOCITY + 2] = cos * vx - sin * vy, sin * vx + cos * vy, body[dynamics.VZ]
        turn_x, turn_y, turn_z = turning(body)
        row[R_TURNING], row[R_TURNING + 1], row[R_TURNING + 2] = turn_x * degrees, turn_y * degrees, turn_z * degrees
        row[R_ACCELERATION], row[R_ACCELERATION + 1], row[R_ACCELERATION + 2] = cos * ax - sin * ay, sin * ax + cos * ay, body[dynamics.AZ]
        row[R_PEDALS], row[R_PEDALS + 1] = control[i, dynamics.C_THROTTLE], control[i, dynamics.C_STEER]
        row[R_PEDALS + 2] = control[i, dynamics.C_BRAKE]


@njit(cache=True)
def locate_boxes(state, offsets, out):  # type: ignore[no-untyped-def]
    """Fill `out` (N, 6) with the poses of the centres of bounding boxes, which lie at offsets (N, 3) in the bodies' frames (m)."""
    for i in range(state.shape[0]):
        body = state[i]
        turn = rotation(body[dynamics.PITCH], body[dynamics.YAW], body[dynamics.ROLL])
        for k in range(3):
            out[i, k] = body[dynamics.X + k] + turn[k, 0] * offsets[i, 0] + turn[k, 1] * offsets[i, 1] + turn[k, 2] * offsets[i, 2]
        out[i, 3], out[i, 4], out[i, 5] = body[dynamics.PITCH], body[dynamics.YAW], body[dynamics.ROLL]
