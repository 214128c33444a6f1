"""The camera-to-model transform: crop, resize, colour order, whitening. It exists here and nowhere else.

Training, driving, views and the exported model go through it: recorded or live images become model-size bytes (`to_model`), and bytes
become the network's input (`normalise`). Augmentation happens between the two.
Shapes: N images, Y rows (down), X columns (right), C channels (RGB).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor, nn

LEAST_STD = 1.0  # grey levels: a blank image becomes zeros, its sensor noise is not blown up


@dataclass
class CameraTransformConfig:
    """The model's image size, and which shares of the camera image's height are cut off at the top (sky) and bottom (bonnet)."""

    height_px: int = 48
    width_px: int = 144
    crop_top: float = 0.35
    crop_bottom: float = 0.0

    def __post_init__(self) -> None:
        """Raises ValueError for sizes below 8 pixels and crops that leave nothing."""
        if self.height_px < 8 or self.width_px < 8:
            raise ValueError(f"the model's image is {self.height_px}x{self.width_px} pixels: give a height_px and a width_px of at least 8")
        if self.crop_top < 0 or self.crop_bottom < 0 or self.crop_top + self.crop_bottom >= 1:
            raise ValueError(f"crops of {self.crop_top} and {self.crop_bottom} leave no image: they are shares of its height, together below 1")


class CameraTransform(nn.Module):
    """Camera images to model-size bytes, and those to the network's input."""

    def __init__(self, config: CameraTransformConfig) -> None:
        super().__init__()
        self.config = config

    def rows(self, height_px: int) -> slice:
        """The rows of a camera image of this height that the model sees. Raises ValueError where the crops leave less than two."""
        first, last = round(self.config.crop_top * height_px), height_px - round(self.config.crop_bottom * height_px)
        if last - first < 2:
            raise ValueError(f"a camera image {height_px} rows high has none left after the crop: give images of more rows, or crop less")
        return slice(first, last)

    def to_model(self, image: np.ndarray) -> np.ndarray:
        """A camera image (Y, X, 3) uint8 RGB of any size as the model sees it: (height_px, width_px, 3) uint8 RGB, a fresh array.

        Raises ValueError for another type or shape.
        """
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise ValueError(f"a camera image is {image.dtype} {image.shape}, expected uint8 (rows, columns, 3): convert it to RGB bytes first")
        part = image[self.rows(image.shape[0])]
        size = (self.config.width_px, self.config.height_px)
        if (part.shape[1], part.shape[0]) == size:
            return part.copy()
        return cv2.resize(part, size, interpolation=cv2.INTER_AREA)

    def normalise(self, images_NYXC: Tensor) -> Tensor:
        """Model-size images (N, Y, X, 3) uint8, each whitened by its own mean and deviation: float (N, 3, Y, X), channels last in memory.

        Raises ValueError for images of another size.
        """
        size = (self.config.height_px, self.config.width_px, 3)
        if tuple(images_NYXC.shape[1:]) != size:
            raise ValueError(f"model images are {tuple(images_NYXC.shape[1:])}, expected {size}: pass camera images through to_model first")
        flat = images_NYXC.flatten(1).float()
        centred = flat - flat.mean(1, keepdim=True)
        deviation = torch.linalg.vector_norm(centred, dim=1, keepdim=True) * flat.shape[1] ** -0.5
        return (centred / deviation.clamp_min(LEAST_STD)).view(images_NYXC.shape).permute(0, 3, 1, 2)

    def forward(self, images_NYXC: Tensor) -> Tensor:
        """The same as `normalise`."""
        return self.normalise(images_NYXC)
