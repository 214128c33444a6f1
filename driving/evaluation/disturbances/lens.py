"""Disturbances in front of the camera, which stay where they are on the image: a lens flare, dirt, something that covers a part of the view."""

from __future__ import annotations

from abc import ABC, abstractmethod

import cv2
import numpy as np

from driving.rollout.disturbance import Disturbance

GLOW, GHOST = 0.12, 0.05  # radii of a flare's glow and of its ghosts, as shares of the image's width
GHOSTS = (0.4, 0.8, 1.3, 1.7)  # their places, from the glow (0) through the image's middle (1)
WARM = np.array([1.0, 0.95, 0.8], np.float32)
BLOB = 0.03  # the size of a blob of dirt, as a share of the image's width
DIRT_COLOUR = np.array([70.0, 60.0, 50.0], np.float32)  # RGB


class _OnLens(Disturbance, ABC):
    """Something on the lens. It is drawn for the first image and laid over all of them."""

    _seen: np.ndarray | None = None  # (Y, X, 1) float32, how much of the view comes through, 0 to 1
    _light: np.ndarray  # (Y, X, 3) float32, what it adds to the image

    def change_image(self, image: np.ndarray, time_s: float) -> np.ndarray:
        """Lay it over the image."""
        if self._seen is None:
            covered, self._light = self._draw(image.shape[0], image.shape[1])
            self._seen = 1.0 - covered
        return np.asarray(np.clip(np.rint(image * self._seen + self._light), 0.0, 255.0), np.uint8)

    @abstractmethod
    def _draw(self, rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
        """Return how much of the view it covers (Y, X, 1), 0 to 1, and the light that comes from it (Y, X, 3), 0 to 255."""


class LensFlare(_OnLens):
    """The sun in the upper part of the view: a glow, and its ghosts on the other side of the image's middle."""

    kind, unit, highest = "lens_flare", "share of full scale that the glow adds", 1.0

    def _draw(self, rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
        middle = np.array([columns, rows], np.float32) / 2.0
        sun = np.array([self.random.uniform(0.1, 0.9) * columns, self.random.uniform(0.05, 0.35) * rows])
        x, y = np.meshgrid(np.arange(columns, dtype=np.float32), np.arange(rows, dtype=np.float32))
        distance = np.hypot(x - sun[0], y - sun[1]) / columns
        light = np.exp(-((distance / GLOW) ** 2)) + 0.3 * np.exp(-distance / (3.0 * GLOW))
        for along in GHOSTS:
            at = sun + along * (middle - sun)
            light += 0.25 * (np.hypot(x - at[0], y - at[1]) < GHOST * (1.0 + along) * columns / 2.0)
        return np.zeros((rows, columns, 1), np.float32), np.float32(255.0 * self.severity) * light[..., None] * WARM


class Dirt(_OnLens):
    """Mud on the lens: dull blobs, all together as large as the severity says."""

    kind, unit, highest = "dirt", "share of the image", 0.8

    def _draw(self, rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
        field = cv2.GaussianBlur(self.random.standard_normal((rows, columns), np.float32), (0, 0), BLOB * columns)
        blobs = (field > np.quantile(field, 1.0 - self.severity)).astype(np.float32)
        covered = cv2.GaussianBlur(blobs, (0, 0), 0.1 * BLOB * columns)[..., None]
        return covered, covered * DIRT_COLOUR


class Occlusion(_OnLens):
    """Something black that covers a rectangle, with the image's proportions, somewhere in the view."""

    kind, unit, highest = "occlusion", "share of the image", 0.9

    def _draw(self, rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
        high, wide = round(self.severity**0.5 * rows), round(self.severity**0.5 * columns)
        top, left = int(self.random.random() * (rows - high + 1)), int(self.random.random() * (columns - wide + 1))
        covered = np.zeros((rows, columns, 1), np.float32)
        covered[top : top + high, left : left + wide] = 1.0
        return covered, np.zeros((rows, columns, 3), np.float32)
