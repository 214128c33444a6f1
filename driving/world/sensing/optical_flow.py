"""Optical flow: how far what each pixel shows has moved on the picture since the camera's previous picture.

Shapes: Y rows and X columns of a picture, N boxes. Camera rows: `rendering.camera`. Flow is in half widths to the right and half heights up
(CARLA's unit), the present place minus the previous one, so that pixels = flow * (X / 2, -Y / 2). The sky is infinitely far: only turning moves it.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from driving.world.geometry.rotations import rotation
from driving.world.rendering.camera import C_CX, C_CY, C_FOCAL, C_FORWARD, C_RIGHT, C_UP

LARGEST = 2.0  # flow is limited to this
NEAREST_M = 1e-3
STILL = np.eye(3, 4)  # the motion of what stands still


def motion_of(now: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Return the map (3, 4) from the places of a body's points in the world to their previous places, for its two pose rows (6,)."""
    turn = rotation(before[3], before[4], before[5]) @ rotation(now[3], now[4], now[5]).T
    return np.column_stack([turn, before[:3] - turn @ now[:3]])


@njit(cache=True, nogil=True)
def flow_of(inverse_depth, seen, camera, before, motions):  # type: ignore[no-untyped-def]
    """Return the flow (Y, X, 2) float32, each part limited to +-LARGEST.

    inverse_depth (Y, X): 1 / depth (1/m), 0 for the sky. seen (Y, X): which of motions (N + 1, 3, 4) a pixel follows.
    camera, before: the camera rows of this picture and of the previous one.
    """
    rows, columns = inverse_depth.shape
    out = np.empty((rows, columns, 2), np.float32)
    point, away = np.empty(3), np.empty(3)
    focal, cx, cy = camera[C_FOCAL], camera[C_CX], camera[C_CY]
    for y in range(rows):
        up = (cy - (y + 0.5)) / focal
        for x in range(columns):
            right = (x + 0.5 - cx) / focal
            for i in range(3):
                away[i] = camera[C_FORWARD + i] + right * camera[C_RIGHT + i] + up * camera[C_UP + i]
            if inverse_depth[y, x] > 0.0:
                for i in range(3):
                    point[i] = camera[i] + away[i] / inverse_depth[y, x]
                move = motions[seen[y, x]]
                for i in range(3):
                    away[i] = move[i, 0] * point[0] + move[i, 1] * point[1] + move[i, 2] * point[2] + move[i, 3] - before[i]
            ahead = max(NEAREST_M, away[0] * before[C_FORWARD] + away[1] * before[C_FORWARD + 1] + away[2] * before[C_FORWARD + 2])
            was_right = (away[0] * before[C_RIGHT] + away[1] * before[C_RIGHT + 1] + away[2] * before[C_RIGHT + 2]) / ahead
            was_up = (away[0] * before[C_UP] + away[1] * before[C_UP + 1] + away[2] * before[C_UP + 2]) / ahead
            out[y, x, 0] = min(max((right - was_right) * focal / cx, -LARGEST), LARGEST)
            out[y, x, 1] = min(max((up - was_up) * focal / cy, -LARGEST), LARGEST)
    return out
