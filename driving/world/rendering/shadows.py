"""Where the sun's shadows fall: flat triangles on the ground.

Each scenery object casts the shadow of a proxy, a round or a box-shaped body; a moving box casts the shadow of its outline.
Shapes: N proxies or boxes, with 10 or 2 triangles each.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from driving.world.geometry.rectangles import make_footprints
from driving.world.rendering.camera import C_FORWARD
from driving.world.scenery.objects import ShadowProxies

LONGEST_SHADOW = 6.0  # times the height
LOWEST_SUN = 0.07  # sine of the sun's altitude, about 4 degrees
ABOVE_GROUND_M = 0.32  # scenery's shadows lie this high, so that the ground's unevenness does not hide them
UNDER_BOX_M = 0.03
BEHIND_M = 40.0  # a shadow that lies farther behind the camera is not drawn
NO_SHADOWS = np.zeros((0, 10, 3, 3), np.float32)


def flat_shadows(proxies: ShadowProxies, sun: np.ndarray) -> np.ndarray:
    """Return the shadow triangles (N, 10, 3, 3) of N proxies for a unit vector to the sun; none for a sun below LOWEST_SUN."""
    if sun[2] < LOWEST_SUN or len(proxies.feet) == 0:
        return NO_SHADOWS
    slope = min(LONGEST_SHADOW, float(np.hypot(sun[0], sun[1]) / sun[2]))
    away = -sun[:2] / max(float(np.hypot(sun[0], sun[1])), 1e-9) * slope
    rounds, boxes = _round_shadows(proxies, away), _box_shadows(proxies, away)
    return np.where(proxies.boxes[:, None, None, None], boxes, rounds).astype(np.float32)


def _round_shadows(proxies: ShadowProxies, away: np.ndarray) -> np.ndarray:
    """Return a crown's shadow as an eight-sided ellipse and its trunk's as a quad: (N, 10, 3, 3). away (2,): the shadow's shift per height."""
    feet, size = proxies.feet, proxies.sizes
    ground = feet[:, 2] + ABOVE_GROUND_M
    along = away / max(float(np.hypot(*away)), 1e-9)
    across = np.array([-along[1], along[0]])
    radius, reach = size[:, 0] * 0.38, float(np.hypot(*away))
    middle = feet[:, :2] + away * (size[:, 2:] * 0.62)
    angle = np.arange(8) * np.pi / 4
    a = (radius + 0.22 * size[:, 2] * reach)[:, None, None] * np.cos(angle)[None, :, None] * along
    b = radius[:, None, None] * np.sin(angle)[None, :, None] * across
    rim = np.concatenate([middle[:, None] + a + b, np.broadcast_to(ground[:, None, None], (len(feet), 8, 1))], axis=2)
    fan = np.stack([np.stack([rim[:, 0], rim[:, n], rim[:, n + 1]], 1) for n in range(1, 7)], 1)
    side = across * 0.15

    def flat(xy: np.ndarray) -> np.ndarray:
        return np.concatenate([xy, ground[:, None]], axis=1)

    p, q, r, s = flat(feet[:, :2] - side), flat(feet[:, :2] + side), flat(middle + side), flat(middle - side)
    trunk = np.stack([np.stack([p, q, r], 1), np.stack([p, r, s], 1)], 1)
    return np.concatenate([fan, trunk, trunk], axis=1)


def _box_shadows(proxies: ShadowProxies, away: np.ndarray) -> np.ndarray:
    """Return a house's shadow, the projections of its walls and its eaves: (N, 10, 3, 3). away (2,): the shadow's shift per height."""
    feet, size = proxies.feet, proxies.sizes
    ground = feet[:, 2] + ABOVE_GROUND_M
    low = make_footprints(feet[:, :2], proxies.yaw, -0.5 * size[:, :2], 0.5 * size[:, :2])
    high = low + away * (size[:, 2] * 0.85)[:, None, None]
    low, high = (np.concatenate([part, np.broadcast_to(ground[:, None, None], (len(feet), 4, 1))], axis=2) for part in (low, high))
    faces = [np.stack([high[:, 0], high[:, 1], high[:, 2]], 1), np.stack([high[:, 0], high[:, 2], high[:, 3]], 1)]
    for n in range(4):
        m = (n + 1) % 4
        faces += [np.stack([low[:, n], low[:, m], high[:, m]], 1), np.stack([low[:, n], high[:, m], high[:, n]], 1)]
    return np.stack(faces, axis=1)


@njit(cache=True, nogil=True)
def select_shadows(shadows, camera, far_m):  # type: ignore[no-untyped-def]
    """Return the triangles (F, 3, 3) of the shadows (N, 10, 3, 3) that are nearer than `far_m` to a camera row and not far behind it."""
    kept = []
    for n in range(shadows.shape[0]):
        x, y = shadows[n, 0, 0, 0] - camera[0], shadows[n, 0, 0, 1] - camera[1]
        if x * x + y * y < far_m * far_m and x * camera[C_FORWARD] + y * camera[C_FORWARD + 1] > -BEHIND_M:
            kept.append(n)
    out = np.empty((len(kept) * 10, 3, 3), np.float32)
    for i in range(len(kept)):
        for n in range(10):
            for c in range(3):
                for axis in range(3):
                    out[i * 10 + n, c, axis] = shadows[kept[i], n, c, axis]
    return out


@njit(cache=True, nogil=True)
def shadows_under(poses, half_sizes, sun):  # type: ignore[no-untyped-def]
    """Return the shadow below each box, (2 N, 3, 3), shifted away from the sun.

    poses (N, 6) of the boxes' centres, half_sizes (N, 3) m, sun (3,) a unit vector to it.
    """
    out = np.empty((2 * poses.shape[0], 3, 3), np.float32)
    for n in range(poses.shape[0]):
        cos, sin = math.cos(poses[n, 4]), math.sin(poses[n, 4])
        z = poses[n, 2] - half_sizes[n, 2] + UNDER_BOX_M
        shift = min(2.0, half_sizes[n, 2] / max(sun[2], 0.2)) if sun[2] > LOWEST_SUN else 0.0
        corners = np.empty((4, 3))
        for c in range(4):
            x = half_sizes[n, 0] * (1.0 if c in (0, 3) else -1.0)
            y = half_sizes[n, 1] * (1.0 if c < 2 else -1.0)
            corners[c, 0] = poses[n, 0] + cos * x - sin * y - sun[0] * shift
            corners[c, 1] = poses[n, 1] + sin * x + cos * y - sun[1] * shift
            corners[c, 2] = z
        out[2 * n, 0], out[2 * n, 1], out[2 * n, 2] = corners[0], corners[1], corners[2]
        out[2 * n + 1, 0], out[2 * n + 1, 1], out[2 * n + 1, 2] = corners[0], corners[2], corners[3]
    return out
