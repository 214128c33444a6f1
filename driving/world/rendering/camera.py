"""A pinhole camera: its lens, and the numbers that compiled code takes.

The pixel of a point (x forward, y right, z up in the camera's frame, m) is (W / 2 + f y / x, H / 2 - f z / x) with the focal length
f = W / (2 tan(fov / 2)) in pixels. Pixel k covers [k, k + 1).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from driving.quantities import Pose
from driving.world.geometry.rotations import rotation_of

# Columns of a camera row.
C_POSITION = 0  # 3 columns: x, y, z in the world (m)
C_FORWARD = 3  # 3 columns: the forward axis in the world, a unit vector
C_RIGHT = 6  # 3 columns: the right axis
C_UP = 9  # 3 columns: the up axis
C_FOCAL = 12  # focal length (px)
C_CX = 13  # column of the image centre (px)
C_CY = 14  # row of the image centre (px)
CAMERA_WIDTH = 15

BIRDS_EYE_M = 80.0  # a camera that looks down from higher than this draws proportionally farther
LOOKS_DOWN = -0.3  # vertical part of the forward axis below which a camera looks down


class Lens(NamedTuple):
    """The picture's size and the horizontal field of view."""

    width_px: int
    height_px: int
    fov_deg: float


class Frustum(NamedTuple):
    """The part of the world that a picture shows."""

    camera: np.ndarray  # (CAMERA_WIDTH,) the camera row
    columns: int  # X, of the picture
    rows: int  # Y, of the picture
    range_factor: float  # 1 or more: how many times farther than usual things are drawn

    @staticmethod
    def of(pose: Pose, lens: Lens) -> Frustum:
        """Return the frustum of a camera at a pose. A camera high up that looks down sees farther than usual."""
        row = camera_row(pose, lens)
        factor = max(1.0, row[C_POSITION + 2] / BIRDS_EYE_M) if row[C_FORWARD + 2] < LOOKS_DOWN else 1.0
        return Frustum(row, lens.width_px, lens.height_px, float(factor))


def camera_row(pose: Pose, lens: Lens) -> np.ndarray:
    """Return the row (CAMERA_WIDTH,) of a camera at a pose."""
    row = np.empty(CAMERA_WIDTH)
    row[C_POSITION:C_FORWARD] = pose.x_m, pose.y_m, pose.z_m
    row[C_FORWARD:C_FOCAL] = rotation_of(pose).T.reshape(-1)
    row[C_FOCAL] = lens.width_px / (2.0 * math.tan(math.radians(lens.fov_deg) / 2.0))
    row[C_CX], row[C_CY] = lens.width_px / 2.0, lens.height_px / 2.0
    return row
