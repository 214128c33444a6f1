"""Changes to training images that must not change the steering: light, colour, sensor noise, shadows. One draw a window.

A window of consecutive images gets one light and one shadow, as a drive has them; only its noise differs from image to image.
Everything comes from the passed generator. Works on bytes in and out, between `CameraTransform.to_model` and `normalise`.
Shapes: B windows, T time, Y rows, X columns, C channels (RGB).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

LEVELS = np.arange(256, dtype=np.float32)
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
NOISE_BITS = 6  # the noise field is kept in 64ths of a standard deviation
NOISE_OFFSETS = 1 << 16
DRAWS = 16


@dataclass
class AugmentationConfig:
    """How far each change goes, and the share of windows that get it.

    Args:
        brightness: added light, up to this share of full scale either way.
        contrast: gain about mid-grey, 1 plus or minus up to this.
        gamma: exponent of the light, from 1 / (1 + gamma) to 1 + gamma.
        saturation: strength of colours, 1 plus or minus up to this.
        noise: standard deviation of the sensor noise, up to this share of full scale.
        shadow: opacity of a dark or bright band laid over the images, up to this.
        light_share, colour_share, noise_share, shadow_share: how many of the windows get each.
    """

    brightness: float = 0.2
    contrast: float = 0.3
    gamma: float = 0.5
    saturation: float = 0.6
    noise: float = 0.04
    shadow: float = 0.7
    light_share: float = 0.8
    colour_share: float = 0.4
    noise_share: float = 0.3
    shadow_share: float = 0.5


class Augmentation:
    """Draws and applies the changes."""

    def __init__(self, config: AugmentationConfig) -> None:
        self.config = config
        self._noise = torch.empty(0, dtype=torch.int16)

    def __call__(self, images_BTYXC: Tensor, generator: torch.Generator) -> Tensor:
        """Changed copies of uint8 windows (B, T, Y, X, C), each by draws of its own."""
        out = images_BTYXC.clone(memory_format=torch.contiguous_format)
        draws = torch.rand(len(out), DRAWS, generator=generator).tolist()
        for window_TYXC, draw in zip(out, draws, strict=True):
            self._change(window_TYXC, draw)
        return out

    def _change(self, window_TYXC: Tensor, draw: list[float]) -> None:
        config, pixels = self.config, window_TYXC.numpy()
        flat = pixels.reshape(-1, pixels.shape[2], 3)
        if draw[0] < config.shadow_share:
            cast_shadow(pixels, draw[4:8], draw[8] * config.shadow, bright=draw[9] < 0.5)
        if draw[1] < config.colour_share:
            cv2.transform(flat, saturation_matrix(1.0 + _both_ways(draw[10]) * config.saturation), dst=flat)
        if draw[2] < config.light_share:
            table = light_table(
                _both_ways(draw[11]) * config.brightness,
                1.0 + _both_ways(draw[12]) * config.contrast,
                (1.0 + config.gamma) ** _both_ways(draw[13]),
            )
            cv2.LUT(flat, table, dst=flat)
        if draw[3] < config.noise_share:
            self._add_noise(window_TYXC, 255.0 * config.noise * draw[14], int(draw[15] * NOISE_OFFSETS))

    def _add_noise(self, window_TYXC: Tensor, std: float, offset: int) -> None:
        """Adds the part of a fixed field of Gaussian noise that starts at `offset`; std in grey levels."""
        size = window_TYXC.numel()
        if len(self._noise) < size + NOISE_OFFSETS:
            field = torch.randn(size + NOISE_OFFSETS, generator=torch.Generator().manual_seed(0))
            self._noise = (field * 2**NOISE_BITS).to(torch.int16)
        noise = (self._noise[offset : offset + size] * round(std)).bitwise_right_shift_(NOISE_BITS)
        window_TYXC.copy_(noise.add_(window_TYXC.flatten()).clamp_(0, 255).view(window_TYXC.shape))


def _both_ways(draw: float) -> float:
    """A draw from [0, 1) as one from [-1, 1)."""
    return 2.0 * draw - 1.0


def light_table(brightness: float, contrast: float, gamma: float) -> np.ndarray:
    """The new value (256,) uint8 of each grey level: gamma first, then contrast about mid-grey, then brightness."""
    light = (LEVELS / 255.0) ** gamma
    light = (light - 0.5) * contrast + 0.5 + brightness
    return np.clip(np.rint(light * 255.0), 0, 255).astype(np.uint8)


def saturation_matrix(strength: float) -> np.ndarray:
    """The colour matrix (3, 3) that scales a pixel's distance from its grey by `strength`."""
    return strength * np.eye(3, dtype=np.float32) + (1.0 - strength) * np.tile(LUMA, (3, 1))


def cast_shadow(pixels_TYXC: np.ndarray, where: list[float], opacity: float, bright: bool) -> None:
    """Lays a straight half-transparent band of black (or white) over the window, in place.

    where: four draws in [0, 1) for its direction, its middle's column and row, and its width.
    """
    rows, columns = pixels_TYXC.shape[1:3]
    angle = math.pi * where[0]
    middle = np.array([where[1] * columns, where[2] * rows])
    half_width = (0.05 + 0.35 * where[3]) * columns / 2
    y, x = np.mgrid[:rows, :columns]
    distance = np.abs((x - middle[0]) * math.cos(angle) + (y - middle[1]) * math.sin(angle))
    band = (distance < half_width).astype(np.uint8)
    table = np.rint(LEVELS * (1.0 - opacity) + (255.0 * opacity if bright else 0.0)).astype(np.uint8)
    for image in pixels_TYXC:
        cv2.copyTo(cv2.LUT(image, table), band, image)
