"""The sky of a weather as a table by direction, so that a pixel of sky costs one look-up. An entry is computed when it is first seen.

The table holds the upper half of all directions in octahedral coordinates: with n = |x| + |y| + z, column and row are (1 + x / n) / 2 and
(1 + y / n) / 2 of SKY_PX. Its rim is the horizon.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from driving.world.rendering.light import CLOUD_R, CLOUDS, DISC, FOG_PER_M, FOG_R, GLOW_R, HORIZON_R, SUN_X, SUN_Y, SUN_Z, ZENITH_R
from driving.world.rendering.noise import interpolate_tile

SKY_PX = 1024


def empty_sky() -> np.ndarray:
    """Return a table (SKY_PX, SKY_PX) uint32 for a new weather, BGRA in memory. Entries are 0 until they are seen; a drive sees few of them."""
    return np.zeros((SKY_PX, SKY_PX), np.uint32)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def sky_entry(row, column, light, noise):  # type: ignore[no-untyped-def]
    """Return one entry of the table, never 0, for a light row and the noise tiles (2, TILE, TILE)."""
    x, y = (column + 0.5) / (SKY_PX * 0.4999) - 1.0, (row + 0.5) / (SKY_PX * 0.4999) - 1.0
    r, g, b = _sky_colour(x, y, max(0.0, 1.0 - abs(x) - abs(y)), light, noise)
    return np.uint32(0xFF000000) | (np.uint32(r) << np.uint32(16)) | (np.uint32(g) << np.uint32(8)) | np.uint32(b)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _sky_colour(dx, dy, dz, light, noise):  # type: ignore[no-untyped-def]
    """Return the red, green and blue (0 to 255) of the sky in a direction of any length, dz at least 0."""
    size = math.sqrt(dx * dx + dy * dy + dz * dz)
    up = dz / size
    high = math.sqrt(up)
    r = light[HORIZON_R] * (1.0 - high) + light[ZENITH_R] * high
    g = light[HORIZON_R + 1] * (1.0 - high) + light[ZENITH_R + 1] * high
    b = light[HORIZON_R + 2] * (1.0 - high) + light[ZENITH_R + 2] * high
    cos = (dx * light[SUN_X] + dy * light[SUN_Y] + dz * light[SUN_Z]) / size
    if cos > 0.0:
        cos4 = cos * cos * cos * cos
        cos16 = cos4 * cos4 * cos4 * cos4
        glow = cos4 * cos4 * 0.5 + cos16 * cos16
        disc = min(1.0, max(0.0, (cos - 0.9994) * 4000.0)) * light[DISC]
        r += glow * light[GLOW_R] + disc
        g += glow * light[GLOW_R + 1] + disc
        b += glow * light[GLOW_R + 2] + disc
    clouds = light[CLOUDS]
    if clouds > 0.0 and up > 0.01:
        cx, cy = dx / dz, dy / dz
        value = (
            interpolate_tile(noise[0], cx * 6.0 + 1e5, cy * 6.0 + 1e5) * 0.65 + interpolate_tile(noise[0], cx * 21.0 + 1e5, cy * 21.0 + 1e5) * 0.35
        )
        cover = min(1.0, max(0.0, ((value - 128.0) * 0.016 + (clouds - 0.5) * 2.2) * 1.3)) * min(1.0, up * 9.0)
        pale = 1.0 - 0.0012 * (value - 128.0)
        r = r * (1.0 - cover) + light[CLOUD_R] * pale * cover
        g = g * (1.0 - cover) + light[CLOUD_R + 1] * pale * cover
        b = b * (1.0 - cover) + light[CLOUD_R + 2] * pale * cover
    haze = min(1.0, light[FOG_PER_M] * 90.0) * (1.0 - up) * (1.0 - up)
    haze = max(haze, 1.0 - up * 40.0)  # the land's far end fades into the horizon
    r = r * (1.0 - haze) + light[FOG_R] * haze
    g = g * (1.0 - haze) + light[FOG_R + 1] * haze
    b = b * (1.0 - haze) + light[FOG_R + 2] * haze
    return min(255.0, r * 255.0), min(255.0, g * 255.0), min(255.0, b * 255.0)
