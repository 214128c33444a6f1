"""Tiles of noise: the texture of ground, leaves and clouds."""

from __future__ import annotations

import cv2
import numpy as np
from numba import njit

TILE = 256


def noise_tiles(seed: int = 1) -> np.ndarray:
    """Return two tiles (2, TILE, TILE) uint8 that repeat without seams, mean 128: one with fine grain, one smooth, for broad patches."""
    random = np.random.default_rng(seed)
    return np.stack([_make_tile(random, ((256, 0.35), (64, 0.35), (16, 0.45))), _make_tile(random, ((32, 0.30), (16, 0.40), (8, 0.50)))])


def grain_of(noise: np.ndarray) -> np.ndarray:
    """Return the same tiles with mean 0, (2, TILE * TILE) float32, row after row."""
    return noise.reshape(2, -1).astype(np.float32) - np.float32(128.0)


def _make_tile(random: np.random.Generator, octaves: tuple[tuple[int, float], ...]) -> np.ndarray:
    """Return a tile (TILE, TILE) uint8, the sum of `octaves`: how many random values across the tile, and their weight."""
    total = np.zeros((TILE, TILE), np.float32)
    for cells, weight in octaves:
        small = random.random((cells, cells)).astype(np.float32)
        wrapped = np.pad(small, 2, mode="wrap")
        scale = TILE // cells
        large = cv2.resize(wrapped, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        total += weight * (large[2 * scale : 2 * scale + TILE, 2 * scale : 2 * scale + TILE] - 0.5)
    return np.clip(128 + 255 * total / 1.6, 0, 255).astype(np.uint8)


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def interpolate_tile(tile, x, y):  # type: ignore[no-untyped-def]
    """Return the bilinear value (0 to 255) of a tile (TILE, TILE) at x and y, both positive, in pixels. The tile repeats."""
    column, row = int(x), int(y)
    right, down, mask = x - column, y - row, TILE - 1
    top = float(tile[row & mask, column & mask]) * (1 - right) + float(tile[row & mask, (column + 1) & mask]) * right
    low = float(tile[(row + 1) & mask, column & mask]) * (1 - right) + float(tile[(row + 1) & mask, (column + 1) & mask]) * right
    return top * (1 - down) + low * down
