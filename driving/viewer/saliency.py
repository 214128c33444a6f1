"""What in the picture steers the car: VisualBackProp through the policy's front-end, laid over the camera image."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from perception.saliency import visual_backprop
from policy.network import DrivingPolicy

BATCH = 16
DIMMED = 0.5
PICTURE_WIDTH_PX = 300


@dataclass(frozen=True)
class Attention:
    """One frame's saliency: `heat` (Y, X) in 0 to 1 over the rows that the network sees, those rows as shares of the image's
    height (top, bottom), and `picture` (Y, X, 3) RGB, the dimmed camera image with the heat over it."""

    heat: np.ndarray
    rows: tuple[float, float]
    picture: np.ndarray


class Attender:
    """Computes the saliency of camera images (N, Y, X, 3) uint8 RGB with a policy's own transform and front-end."""

    def __init__(self, policy: DrivingPolicy) -> None:
        self._policy = policy.eval()
        config = policy.config.transform
        self._rows = (float(config.crop_top), 1.0 - float(config.crop_bottom))

    @torch.no_grad()
    def __call__(self, images: np.ndarray) -> list[Attention]:
        """One Attention an image, in order."""
        transform = self._policy.transform
        small = torch.from_numpy(np.stack([transform.to_model(image) for image in images]))
        heats = visual_backprop(self._policy.frontend, transform.normalise(small)).cpu().numpy()
        return [Attention(heat, self._rows, overlay(image, heat, self._rows)) for image, heat in zip(images, heats, strict=True)]


def overlay(image: np.ndarray, heat: np.ndarray, rows: tuple[float, float]) -> np.ndarray:
    """The image, dimmed and grey, with the heat over the rows that it belongs to."""
    height = round(PICTURE_WIDTH_PX * image.shape[0] / image.shape[1])
    grey = cv2.cvtColor(cv2.resize(image, (PICTURE_WIDTH_PX, height), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    picture = cv2.cvtColor(cv2.convertScaleAbs(grey, alpha=DIMMED), cv2.COLOR_GRAY2RGB)
    top, bottom = round(rows[0] * height), round(rows[1] * height)
    strength = cv2.resize(heat.astype(np.float32), (PICTURE_WIDTH_PX, bottom - top), interpolation=cv2.INTER_LINEAR)
    colours = cv2.applyColorMap(cv2.convertScaleAbs(strength, alpha=255.0), cv2.COLORMAP_INFERNO)
    part = picture[top:bottom]
    cv2.add(part, cv2.cvtColor(colours, cv2.COLOR_BGR2RGB), dst=part)
    return picture


def attended_frames(
    frames: Iterator[np.ndarray], attend: Callable[[np.ndarray], list[Attention]], batch: int = BATCH
) -> Iterator[tuple[np.ndarray, Attention]]:
    """Each frame with its attention, computed a batch at a time."""
    waiting: list[np.ndarray] = []
    for frame in frames:
        waiting.append(frame)
        if len(waiting) == batch:
            yield from zip(waiting, attend(np.stack(waiting)), strict=True)
            waiting = []
    if waiting:
        yield from zip(waiting, attend(np.stack(waiting)), strict=True)
