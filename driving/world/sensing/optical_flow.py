"""Optical flow: how far each pixel's thing has moved on the screen since the camera's picture before.

Y rows, X columns, N boxes. A camera is a row of `rasteriser`. Flow is in half widths to the right and half heights up (CARLA's unit), the place
now minus the place before, so that pixels = flow * (X / 2, -Y / 2). The sky is infinitely far: only turning moves it.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from driving.quantities import Pose
from driving.world.rendering.renderer import camera_row

LARGEST = 2.0
NEAREST_M = 1e-3
STILL = np.eye(3, 4)


def motion(now: np.ndarray, before: np.ndarray) -> np.ndarray:
    """The map (3, 4) from where a body's points are in the world to where they were, for its poses (6,): x, y, z (m), pitch, yaw, roll (rad)."""
    axes_now, axes_before = (camera_row(Pose(*pose.tolist()), 1, 1, 90.0)[3:12].reshape(3, 3) for pose in (now, before))
    turn = axes_before.T @ axes_now
    return np.column_stack([turn, before[:3] - turn @ now[:3]])


@njit(cache=True, nogil=True)
def flow_of(near, seen, camera, before, motions):  # type: ignore[no-untyped-def]
    """The flow (Y, X, 2) float32, each within LARGEST.

    near (Y, X): 1 / depth (1/m), 0 for the sky; seen (Y, X): which of motions (N + 1, 3, 4) a pixel follows; camera, before: now and before.
    """
    rows, columns = near.shape
    out = np.empty((rows, columns, 2), np.float32)
    point, away = np.empty(3), np.empty(3)
    focal, cx, cy = camera[12], camera[13], camera[14]
    for y in range(rows):
        up = (cy - (y + 0.5)) / focal
        for x in range(columns):
            right = (x + 0.5 - cx) / focal
            for i in range(3):
                away[i] = camera[3 + i] + right * camera[6 + i] + up * camera[9 + i]
            if near[y, x] > 0.0:
                for i in range(3):
                    point[i] = camera[i] + away[i] / near[y, x]
                move = motions[seen[y, x]]
                for i in range(3):
                    away[i] = move[i, 0] * point[0] + move[i, 1] * point[1] + move[i, 2] * point[2] + move[i, 3] - before[i]
            ahead = max(NEAREST_M, away[0] * before[3] + away[1] * before[4] + away[2] * before[5])
            was_right = (away[0] * before[6] + away[1] * before[7] + away[2] * before[8]) / ahead
            was_up = (away[0] * before[9] + away[1] * before[10] + away[2] * before[11]) / ahead
            out[y, x, 0] = min(max((right - was_right) * focal / cx, -LARGEST), LARGEST)
            out[y, x, 1] = min(max((up - was_up) * focal / cy, -LARGEST), LARGEST)
    return out
