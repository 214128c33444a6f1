"""Where the sun's shadows of still things fall: flat triangles on the ground, of a round or a box-shaped stand-in for each thing."""

from __future__ import annotations

import numpy as np

from driving.world.scenery.objects import ShadowProxies

LONGEST_SHADOW = 6.0  # times the height
LOWEST_SUN = 0.07  # sine of its height, about 4 degrees


def flat_shadows(proxies: ShadowProxies, sun: np.ndarray) -> np.ndarray:
    """Shadow triangles (N, 10, 3, 3) of N proxies for a unit vector to the sun; none for a sun below LOWEST_SUN."""
    if sun[2] < LOWEST_SUN or len(proxies.feet) == 0:
        return np.zeros((0, 10, 3, 3), np.float32)
    slope = min(LONGEST_SHADOW, float(np.hypot(sun[0], sun[1]) / sun[2]))
    away = -sun[:2] / max(float(np.hypot(sun[0], sun[1])), 1e-9) * slope
    rounds, boxes = _round_shadows(proxies, away), _box_shadows(proxies, away)
    return np.where(proxies.boxes[:, None, None, None], boxes, rounds).astype(np.float32)


def _round_shadows(proxies: ShadowProxies, away: np.ndarray) -> np.ndarray:
    """A crown's shadow as an eight-sided ellipse and its trunk's as a quad: (N, 10, 3, 3)."""
    feet, size = proxies.feet, proxies.sizes
    ground = feet[:, 2] + 0.32
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
    """A house's shadow: its walls' and its eaves' projections, (N, 10, 3, 3)."""
    feet, size = proxies.feet, proxies.sizes
    ground = feet[:, 2] + 0.32
    cos, sin = np.cos(proxies.yaw)[:, None], np.sin(proxies.yaw)[:, None]
    x = np.array([-0.5, 0.5, 0.5, -0.5]) * size[:, :1]
    y = np.array([-0.5, -0.5, 0.5, 0.5]) * size[:, 1:2]
    low = np.stack([feet[:, :1] + cos * x - sin * y, feet[:, 1:2] + sin * x + cos * y], axis=2)
    high = low + away * (size[:, 2] * 0.85)[:, None, None]
    low, high = (np.concatenate([part, np.broadcast_to(ground[:, None, None], (len(feet), 4, 1))], axis=2) for part in (low, high))
    faces = [np.stack([high[:, 0], high[:, 1], high[:, 2]], 1), np.stack([high[:, 0], high[:, 2], high[:, 3]], 1)]
    for n in range(4):
        m = (n + 1) % 4
        faces += [np.stack([low[:, n], low[:, m], high[:, m]], 1), np.stack([low[:, n], high[:, m], high[:, n]], 1)]
    return np.stack(faces, axis=1)
