"""Disturbances of each image by itself: noise, blur, light, compression.

OpenCV and numpy do the work. Libraries of augmentations (albumentations, kornia) draw other strengths for each image, in ranges of their own. Here
the strength is given, in a unit that one can look up, and nothing but the noise changes from one image to the next.
"""

from __future__ import annotations

import cv2
import numpy as np

from driving.rollout.disturbance import Disturbance

LEVELS = np.arange(256, dtype=np.float32) / 255.0


def look_up(image: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the image (Y, X, C) with each grey level replaced by its value (256,) or (256, C) in [0, 1]; other values are clipped."""
    table = np.rint(np.clip(values, 0.0, 1.0) * 255.0).astype(np.uint8)
    return np.asarray(cv2.LUT(image, table if table.ndim == 1 else table[None]))


class ImageNoise(Disturbance):
    """Gaussian noise, independent for each pixel, colour and image: the disturbance of Lechner et al. 2020, with variances 0.1, 0.2 and 0.3."""

    kind, unit, highest = "image_noise", "variance, on a scale of 0 to 1", 0.5

    def change_image(self, image: np.ndarray, time_s: float) -> np.ndarray:
        """Add the noise and clip."""
        noise = self.random.standard_normal(image.shape, np.float32) * np.float32(255.0 * self.severity**0.5)
        return np.asarray(np.clip(np.rint(image + noise), 0.0, 255.0), np.uint8)


class Blur(Disturbance):
    """A lens out of focus: a Gaussian blur."""

    kind, unit, highest = "blur", "% of the image's width (standard deviation)", 10.0

    def change_image(self, image: np.ndarray, time_s: float) -> np.ndarray:
        """Blur the image; its edges are mirrored outwards."""
        return np.asarray(cv2.GaussianBlur(image, (0, 0), self.severity / 100.0 * image.shape[1]))


class Brightness(Disturbance):
    """Light that is added to each pixel, or removed."""

    kind, unit, lowest, highest = "brightness", "share of full scale", -1.0, 1.0

    def change_image(self, image: np.ndarray, time_s: float) -> np.ndarray:
        """Add the same light everywhere."""
        return look_up(image, LEVELS + self.severity)


class Contrast(Disturbance):
    """Contrast that is lost: at 1 the image is a plain mid-grey."""

    kind, unit, highest = "contrast_loss", "share", 1.0

    def change_image(self, image: np.ndarray, time_s: float) -> np.ndarray:
        """Bring each pixel closer to mid-grey."""
        return look_up(image, 0.5 + (LEVELS - 0.5) * (1.0 - self.severity))


class Jpeg(Disturbance):
    """Compression as JPEG, as on a camera's narrow link. 0 leaves the image as it is; 1 is almost lossless and 100 the strongest."""

    kind, unit, highest = "jpeg", "100 less the JPEG quality", 100.0

    def change_image(self, image: np.ndarray, time_s: float) -> np.ndarray:
        """Encode the image and decode it. JPEG separates brightness from colour; so the order of the colours counts."""
        bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        packed = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, round(100.0 - self.severity)])[1]
        return np.asarray(cv2.cvtColor(np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR)), cv2.COLOR_BGR2RGB))
