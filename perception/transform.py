"""The camera-to-model transform: crop, resize, colour order, whitening. It exists here and nowhere else.

Training, driving, views and the exported model go through it: recorded or live images become model-size bytes (`to_model`, whose code is in
`model_image.py`, so that exported models share it without PyTorch), and bytes become the network's input (`normalise`, which an exported
model has inside). Augmentation happens between the two.
Shapes: N images, Y rows (down), X columns (right), C channels (RGB).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from perception.model_image import CameraTransformConfig, model_image

LEAST_STD = 1.0  # grey levels: a blank image becomes zeros, its sensor noise is not blown up


class CameraTransform(nn.Module):
    """Camera images to model-size bytes, and those to the network's input."""

    def __init__(self, config: CameraTransformConfig) -> None:
        super().__init__()
        self.config = config

    def to_model(self, image: np.ndarray) -> np.ndarray:
        """A camera image (Y, X, 3) uint8 RGB of any size as the model sees it: `model_image`."""
        return model_image(self.config, image)

    def normalise(self, images_NYXC: Tensor) -> Tensor:
        """Model-size images (N, Y, X, 3) uint8, each whitened by its own mean and deviation: float (N, 3, Y, X), channels last in memory.

        Raises ValueError for images of another size.
        """
        size = (self.config.height_px, self.config.width_px, 3)
        if tuple(images_NYXC.shape[1:]) != size:
            raise ValueError(f"model images are {tuple(images_NYXC.shape[1:])}, expected {size}: pass camera images through to_model first")
        flat = images_NYXC.flatten(1).float()
        centred = flat - flat.mean(1, keepdim=True)
        return (centred / _deviation(centred).clamp_min(LEAST_STD)).view(images_NYXC.shape).permute(0, 3, 1, 2)

    def forward(self, images_NYXC: Tensor) -> Tensor:
        """The same as `normalise`."""
        return self.normalise(images_NYXC)


def _deviation(centred_NP: Tensor) -> Tensor:
    """The standard deviation (N, 1) of rows of mean 0."""
    if torch.compiler.is_exporting():  # onnxruntime's norm adds up an image's squares one by one in float32, 1e-4 off; its mean does not
        return centred_NP.square().mean(1, keepdim=True).sqrt()
    return torch.linalg.vector_norm(centred_NP, dim=1, keepdim=True) * centred_NP.shape[1] ** -0.5
