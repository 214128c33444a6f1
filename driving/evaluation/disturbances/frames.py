"""Disturbances of the stream of images: images that are lost, and a camera that freezes."""

from __future__ import annotations

import numpy as np

from driving.rollout.disturbance import Disturbance

FREEZE_S = 1.0  # the mean length of a freeze


class DroppedFrames(Disturbance):
    """Images that are lost one by one; the driver gets a black one instead."""

    kind, unit, highest = "dropped_frames", "share of the images", 1.0

    def change_image(self, image: np.ndarray, time_s: float) -> np.ndarray:
        """Lose the image, or do not."""
        return np.zeros_like(image) if self.random.random() < self.severity else image


class FrozenFrames(Disturbance):
    """A camera that freezes again and again, for FREEZE_S on average, and shows its last image meanwhile."""

    kind, unit, highest = "frozen_frames", "share of the time", 0.8

    _shown: np.ndarray | None = None
    _frozen = False
    _before_s = 0.0

    def change_image(self, image: np.ndarray, time_s: float) -> np.ndarray:
        """Freeze, thaw, or go on as before."""
        thaws = min(1.0, (time_s - self._before_s) / FREEZE_S)
        freezes = thaws * self.severity / (1.0 - self.severity)  # so that the share of the time is as wanted
        self._before_s = time_s
        changes = self.random.random() < (thaws if self._frozen else freezes)
        self._frozen = self._frozen != changes
        if not self._frozen or self._shown is None:
            self._shown = image
        return self._shown
