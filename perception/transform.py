"""The camera-to-model transform: crop, resize, colour order, whitening. No other code does any of this.

Training, driving, views and the exported model all use it. `to_model` turns a camera image into bytes of the model's size; its code is in
`model_image.py`, which exported models use without PyTorch. `normalise` turns these bytes into the network's input; an exported model contains
this step. Augmentation happens between the two.
Shapes: N images, Y rows (down), X columns (right), C channels (RGB).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from perception.model_image import CameraTransformConfig, model_image

LEAST_STD = 1.0  # grey levels: a blank image becomes zeros, and its sensor noise is not amplified


class CameraTransform(nn.Module):
    """From camera images to bytes of the model's size, and from these bytes to the network's input."""

    def __init__(self, config: CameraTransformConfig) -> None:
        super().__init__()
        self.config = config

    def to_model(self, image: np.ndarray) -> np.ndarray:
        """Return what the model sees of a camera image (Y, X, 3) uint8 RGB of any size: see `model_image`."""
        return model_image(self.config, image)

    def normalise(self, images_NYXC: Tensor) -> Tensor:
        """Whiten model-size images (N, Y, X, 3) uint8, each by its own mean and standard deviation.

        Returns float images (N, 3, Y, X), channels last in memory.

        Raises ValueError for images of another size.
        """
        size = (self.config.height_px, self.config.width_px, 3)
        if tuple(images_NYXC.shape[1:]) != size:
            raise ValueError(f"model images are {tuple(images_NYXC.shape[1:])}, expected {size}: pass camera images through to_model first")
        flat = images_NYXC.flatten(1).float()
        centred = flat - flat.mean(1, keepdim=True)
        return (centred / _deviation(centred).clamp_min(LEAST_STD)).view(images_NYXC.shape).permute(0, 3, 1, 2)

    def forward(self, images_NYXC: Tensor) -> Tensor:
        """Do the same as `normalise`."""
        return self.normalise(images_NYXC)


def _deviation(centred_NP: Tensor) -> Tensor:
    """Return the standard deviation (N, 1) of rows whose mean is 0."""
    if torch.compiler.is_exporting():  # onnxruntime's norm sums the squares one by one in float32, with an error of 1e-4; its mean is exact enough
        return centred_NP.square().mean(1, keepdim=True).sqrt()
    return torch.linalg.vector_norm(centred_NP, dim=1, keepdim=True) * centred_NP.shape[1] ** -0.5
