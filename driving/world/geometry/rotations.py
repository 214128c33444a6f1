"""Poses as rows of numbers, and the rotation matrices of their angles.

A pose row (POSE_WIDTH,) is x, y, z (m), pitch, yaw, roll (rad). Frames and signs are those of `driving.quantities`.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from driving.quantities import Pose

POSE_WIDTH = 6


def row_of(pose: Pose) -> np.ndarray:
    """Return a pose as a row (6,)."""
    return np.array([pose.x_m, pose.y_m, pose.z_m, pose.pitch_rad, pose.yaw_rad, pose.roll_rad])


def pose_of(row: np.ndarray) -> Pose:
    """Return a row (6,) as a pose."""
    return Pose(*row.tolist())


def rotation_of(pose: Pose) -> np.ndarray:
    """Return the rotation matrix (3, 3) of a pose; see `rotation`."""
    return np.asarray(rotation(pose.pitch_rad, pose.yaw_rad, pose.roll_rad))


@njit(cache=True, nogil=True)
def rotation(pitch, yaw, roll):  # type: ignore[no-untyped-def]
    """Return the matrix (3, 3) whose columns are a body's forward, right and up axes in the world. Angles in rad."""
    cp, sp, cy, sy, cr, sr = math.cos(pitch), math.sin(pitch), math.cos(yaw), math.sin(yaw), math.cos(roll), math.sin(roll)
    out = np.empty((3, 3))
    out[0, 0], out[0, 1], out[0, 2] = cp * cy, cy * sp * sr - sy * cr, -cy * sp * cr - sy * sr
    out[1, 0], out[1, 1], out[1, 2] = cp * sy, sy * sp * sr + cy * cr, -sy * sp * cr + cy * sr
    out[2, 0], out[2, 1], out[2, 2] = sp, -cp * sr, cp * cr
    return out


def turn(points: np.ndarray, yaw: np.ndarray) -> np.ndarray:
    """Turn points (N, ..., 3) about the vertical axis by N angles (rad), clockwise seen from above."""
    yaw = yaw.reshape(-1, *([1] * (points.ndim - 2)))
    cos, sin = np.cos(yaw), np.sin(yaw)
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    return np.stack([cos * x - sin * y, sin * x + cos * y, z], axis=-1)
