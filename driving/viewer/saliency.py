"""What in the picture steers the car: VisualBackProp through the policy's front-end, laid over the camera image."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import torch

from perception.saliency import visual_backprop
from policy.network import DrivingPolicy

BATCH = 16
DIMMED = 0.5
PICTURE_WIDTH_PX = 300


class Band(NamedTuple):
    """The rows of the image that the network sees, as shares of the image's height."""

    top: float
    bottom: float


@dataclass(frozen=True)
class Saliency:
    """The saliency of one camera image."""

    heat: np.ndarray  # (Y, X) in [0, 1], over the rows that the network sees
    band: Band
    picture: np.ndarray  # (Y, X, 3) uint8 RGB, the dimmed camera image with the heat over it


ComputeSaliency = Callable[[np.ndarray], list[Saliency]]
"""Computes the saliency of camera images (N, Y, X, 3) uint8 RGB, one per image in order."""


class SaliencyComputer:
    """Computes the saliency of camera images with a policy's own transform and front-end."""

    def __init__(self, policy: DrivingPolicy) -> None:
        self._policy = policy.eval()
        config = policy.config.transform
        self._band = Band(float(config.crop_top), 1.0 - float(config.crop_bottom))

    @torch.no_grad()
    def __call__(self, images: np.ndarray) -> list[Saliency]:
        """Return one Saliency per image of (N, Y, X, 3) uint8 RGB, in order."""
        transform = self._policy.transform
        small = torch.from_numpy(np.stack([transform.to_model(image) for image in images]))
        heats = visual_backprop(self._policy.frontend, transform.normalise(small)).cpu().numpy()
        return [Saliency(heat, self._band, overlay(image, heat, self._band)) for image, heat in zip(images, heats, strict=True)]


def overlay(image: np.ndarray, heat: np.ndarray, band: Band) -> np.ndarray:
    """Draw the image (Y, X, 3), dimmed and grey, with the heat over the band to which it belongs. Returns uint8 RGB."""
    height = round(PICTURE_WIDTH_PX * image.shape[0] / image.shape[1])
    grey = cv2.cvtColor(cv2.resize(image, (PICTURE_WIDTH_PX, height), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    picture = cv2.cvtColor(cv2.convertScaleAbs(grey, alpha=DIMMED), cv2.COLOR_GRAY2RGB)
    top, bottom = round(band.top * height), round(band.bottom * height)
    strength = cv2.resize(heat.astype(np.float32), (PICTURE_WIDTH_PX, bottom - top), interpolation=cv2.INTER_LINEAR)
    colours = cv2.applyColorMap(cv2.convertScaleAbs(strength, alpha=255.0), cv2.COLORMAP_INFERNO)
    part = picture[top:bottom]
    cv2.add(part, cv2.cvtColor(colours, cv2.COLOR_BGR2RGB), dst=part)
    return picture


def add_saliency(frames: Iterator[np.ndarray], compute: ComputeSaliency, batch: int = BATCH) -> Iterator[tuple[np.ndarray, Saliency]]:
    """Yield each frame with its saliency. The saliency is computed for `batch` frames at a time."""
    waiting: list[np.ndarray] = []
    for frame in frames:
        waiting.append(frame)
        if len(waiting) == batch:
            yield from zip(waiting, compute(np.stack(waiting)), strict=True)
            waiting = []
    if waiting:
        yield from zip(waiting, compute(np.stack(waiting)), strict=True)
