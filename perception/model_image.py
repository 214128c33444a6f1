"""Camera images as the model sees them: crop, resize, bytes. This half of the camera transform does not need PyTorch.

Shapes: Y rows (down), X columns (right), the last axis the colours RGB.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from perception.errors import ConfigError


@dataclass
class CameraTransformConfig:
    """The model's image size, and which shares of the camera image's height are cut off at the top (sky) and bottom (bonnet)."""

    height_px: int = 48
    width_px: int = 144
    crop_top: float = 0.35
    crop_bottom: float = 0.0

    def __post_init__(self) -> None:
        """Raises ConfigError for sizes below 8 pixels and crops that leave nothing."""
        if self.height_px < 8 or self.width_px < 8:
            raise ConfigError(f"the model's image is {self.height_px}x{self.width_px} pixels: give a height_px and a width_px of at least 8")
        if self.crop_top < 0 or self.crop_bottom < 0 or self.crop_top + self.crop_bottom >= 1:
            raise ConfigError(f"crops of {self.crop_top} and {self.crop_bottom} leave no image: they are shares of its height, together below 1")


def model_image(config: CameraTransformConfig, image: np.ndarray) -> np.ndarray:
    """A camera image (Y, X, 3) uint8 RGB of any size as the model sees it: (height_px, width_px, 3) uint8 RGB, a fresh array.

    Raises ValueError for another type or shape, ConfigError where the crops leave less than two rows.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"a camera image is {image.dtype} {image.shape}, expected uint8 (rows, columns, 3): convert it to RGB bytes first")
    part = image[_rows(config, image.shape[0])]
    size = (config.width_px, config.height_px)
    if (part.shape[1], part.shape[0]) == size:
        return part.copy()
    return cv2.resize(part, size, interpolation=cv2.INTER_AREA)


def _rows(config: CameraTransformConfig, height_px: int) -> slice:
    """The rows of a camera image of this height that the model sees."""
    first, last = round(config.crop_top * height_px), height_px - round(config.crop_bottom * height_px)
    if last - first < 2:
        raise ConfigError(f"a camera image {height_px} rows high has none left after the crop: give images of more rows, or crop less")
    return slice(first, last)
