"""Tiles of noise: the texture of grounds, leaves and clouds."""

from __future__ import annotations

import cv2
import numpy as np
from numba import njit

TILE = 256


def noise_tiles(seed: int = 1) -> np.ndarray:
    """Two (TILE, TILE) uint8 tiles that repeat without seams, mean 128: one with fine grain, one smooth, for broad patches."""
    random = np.random.default_rng(seed)
    return np.stack([_tile(random, ((256, 0.35), (64, 0.35), (16, 0.45))), _tile(random, ((32, 0.30), (16, 0.40), (8, 0.50)))])


def grain_of(noise: np.ndarray) -> np.ndarray:
    """The same tiles about 0: (2, TILE * TILE) float32, row after row."""
    return noise.reshape(2, -1).astype(np.float32) - np.float32(128.0)


def _tile(random: np.random.Generator, octaves: tuple[tuple[int, float], ...]) -> np.ndarray:
    total = np.zeros((TILE, TILE), np.float32)
    for cells, weight in octaves:
        small = random.random((cells, cells)).astype(np.float32)
        wrapped = np.pad(small, 2, mode="wrap")
        scale = TILE // cells
        large = cv2.resize(wrapped, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        total += weight * (large[2 * scale : 2 * scale + TILE, 2 * scale : 2 * scale + TILE] - 0.5)
    return np.clip(128 + 255 * total / 1.6, 0, 255).astype(np.uint8)


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def smooth(noise, x, y):  # type: ignore[no-untyped-def]
    """The tile between its pixels, bilinear; x and y positive, in pixels."""
    i, j = int(x), int(y)
    a, b, mask = x - i, y - j, TILE - 1
    top = float(noise[j & mask, i & mask]) * (1 - a) + float(noise[j & mask, (i + 1) & mask]) * a
    low = float(noise[(j + 1) & mask, i & mask]) * (1 - a) + float(noise[(j + 1) & mask, (i + 1) & mask]) * a
    return top * (1 - b) + low * b
