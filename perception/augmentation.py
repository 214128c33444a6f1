"""Random changes to training images that must not change the steering: light, colour, sensor noise, shadows; `camera_looks` has further ones.

All consecutive images of a window get the same light and the same shadow, as in a real drive. Only the noise differs between them.
All randomness comes from the generator that the caller passes. Input and output are bytes: the changes are made after
`CameraTransform.to_model` and before `normalise`.
Shapes: B windows, T time, Y rows, X columns, C channels (RGB).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor

from perception.camera_looks import CameraLooksConfig, change_looks

LEVELS = np.arange(256, dtype=np.float32)
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
NOISE_BITS = 6  # the noise field is stored in 64ths of a standard deviation
NOISE_OFFSETS = 1 << 16


@dataclass
class AugmentationConfig:
    """The largest size of each change, and the share of windows that get it.

    Args:
        brightness: light is added or removed, up to this share of full scale.
        contrast: the gain about mid-grey is 1 plus or minus up to this value.
        gamma: the exponent of the light is between 1 / (1 + gamma) and 1 + gamma.
        saturation: the strength of colours is 1 plus or minus up to this value.
        noise: the standard deviation of the sensor noise, up to this share of full scale.
        shadow: the opacity of a dark or bright band over the images, up to this value.
        light_share: share of the windows whose light changes.
        colour_share: share of the windows whose colours change.
        noise_share: share of the windows that get noise.
        shadow_share: share of the windows that get a shadow.
        looks: what other cameras do to images; without it, or with shares of 0, nothing.
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
    looks: CameraLooksConfig = field(default_factory=CameraLooksConfig)


class Draws(NamedTuple):
    """One window's random numbers, each uniform in [0, 1).

    The first four decide which changes a window gets. The others decide the size of each change.
    """

    has_shadow: float
    has_colour: float
    has_light: float
    has_noise: float
    shadow_direction: float
    shadow_column: float
    shadow_row: float
    shadow_width: float
    shadow_opacity: float
    shadow_is_bright: float
    saturation: float
    brightness: float
    contrast: float
    gamma: float
    noise: float
    noise_offset: float


class Augmentation:
    """Draws the changes and applies them."""

    def __init__(self, config: AugmentationConfig) -> None:
        self.config = config
        self._noise = torch.empty(0, dtype=torch.int16)

    def __call__(self, images_BTYXC: Tensor, generator: torch.Generator) -> Tensor:
        """Return changed copies of uint8 windows (B, T, Y, X, C). Each window gets its own draws."""
        out = images_BTYXC.clone(memory_format=torch.contiguous_format)
        draws = torch.rand(len(out), len(Draws._fields), generator=generator).tolist()
        for window_TYXC, numbers in zip(out, draws, strict=True):
            self._change(window_TYXC, Draws(*numbers))
        if any(self.config.looks.shares.values()):
            random = np.random.default_rng(int(torch.randint(1 << 62, (), generator=generator)))
            for window_TYXC in out:
                change_looks(window_TYXC.numpy(), self.config.looks, random)
        return out

    def _change(self, window_TYXC: Tensor, draw: Draws) -> None:
        """Change one window in place."""
        config, pixels = self.config, window_TYXC.numpy()
        flat = pixels.reshape(-1, pixels.shape[2], 3)
        if draw.has_shadow < config.shadow_share:
            cast_shadow(pixels, draw, draw.shadow_opacity * config.shadow)
        if draw.has_colour < config.colour_share:
            cv2.transform(flat, saturation_matrix(1.0 + _centre(draw.saturation) * config.saturation), dst=flat)
        if draw.has_light < config.light_share:
            table = light_table(
                _centre(draw.brightness) * config.brightness,
                1.0 + _centre(draw.contrast) * config.contrast,
                (1.0 + config.gamma) ** _centre(draw.gamma),
            )
            cv2.LUT(flat, table, dst=flat)
        if draw.has_noise < config.noise_share:
            self._add_noise(window_TYXC, 255.0 * config.noise * draw.noise, int(draw.noise_offset * NOISE_OFFSETS))

    def _add_noise(self, window_TYXC: Tensor, std: float, offset: int) -> None:
        """Add the part of a fixed field of Gaussian noise that starts at `offset`; `std` is in grey levels."""
        size = window_TYXC.numel()
        if len(self._noise) < size + NOISE_OFFSETS:
            field = torch.randn(size + NOISE_OFFSETS, generator=torch.Generator().manual_seed(0))
            self._noise = (field * 2**NOISE_BITS).to(torch.int16)
        noise = (self._noise[offset : offset + size] * round(std)).bitwise_right_shift_(NOISE_BITS)
        window_TYXC.copy_(noise.add_(window_TYXC.flatten()).clamp_(0, 255).view(window_TYXC.shape))


def _centre(draw: float) -> float:
    """Map a number from [0, 1) to [-1, 1)."""
    return 2.0 * draw - 1.0


def light_table(brightness: float, contrast: float, gamma: float) -> np.ndarray:
    """Return the new value (256,) uint8 of each grey level: gamma first, then contrast about mid-grey, then brightness."""
    light = (LEVELS / 255.0) ** gamma
    light = (light - 0.5) * contrast + 0.5 + brightness
    return np.clip(np.rint(light * 255.0), 0, 255).astype(np.uint8)


def saturation_matrix(strength: float) -> np.ndarray:
    """Return the colour matrix (3, 3) that scales the distance between a pixel's colour and its grey by `strength`."""
    return strength * np.eye(3, dtype=np.float32) + (1.0 - strength) * np.tile(LUMA, (3, 1))


def cast_shadow(pixels_TYXC: np.ndarray, draw: Draws, opacity: float) -> None:
    """Lay a straight, half-transparent band of black or white over the window, in place.

    `draw` gives the band's direction, the column and row of its middle, its width and its colour.
    """
    rows, columns = pixels_TYXC.shape[1:3]
    angle = math.pi * draw.shadow_direction
    middle = np.array([draw.shadow_column * columns, draw.shadow_row * rows])
    half_width = (0.05 + 0.35 * draw.shadow_width) * columns / 2
    y, x = np.mgrid[:rows, :columns]
    distance = np.abs((x - middle[0]) * math.cos(angle) + (y - middle[1]) * math.sin(angle))
    band = (distance < half_width).astype(np.uint8)
    light = 255.0 * opacity if draw.shadow_is_bright < 0.5 else 0.0
    table = np.rint(LEVELS * (1.0 - opacity) + light).astype(np.uint8)
    for image in pixels_TYXC:
        cv2.copyTo(cv2.LUT(image, table), band, image)
