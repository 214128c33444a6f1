"""The pictures of a page: small camera frames with their saliency, and how bright each tick's image is."""

from __future__ import annotations

import base64
from typing import Any

import cv2
import numpy as np

from driving.viewer.playback import Playback
from driving.viewer.saliency import Saliency, SaliencyComputer

WIDTH_PX, QUALITY = 256, 60
HEAT_WIDTH_PX, HEAT_QUALITY = 96, 70


def collect_frames(playback: Playback, kept: np.ndarray, most: int, compute: SaliencyComputer | None) -> tuple[dict[str, Any], np.ndarray]:
    """Return at most `most` frames at evenly spread ticks, with their indices among the kept ticks, and the mean brightness (T,) in [0, 1]."""
    wanted = set(kept[np.unique(np.linspace(0, len(kept) - 1, min(len(kept), most)).round().astype(int))].tolist())
    frames: dict[str, Any] = {"at": [], "pictures": [], "heats": [], "band": None}
    brightness = np.full(playback.ticks, np.nan)
    for tick, image in enumerate(playback.open_frames()):
        if tick >= playback.ticks:
            break
        brightness[tick] = image.mean() / 255.0
        if tick in wanted:
            size = (WIDTH_PX, round(WIDTH_PX * image.shape[0] / image.shape[1]))
            frames["at"].append(int(np.searchsorted(kept, tick)))
            frames["pictures"].append(_encode(cv2.cvtColor(cv2.resize(image, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2BGR), QUALITY))
            if compute is not None:
                (saliency,) = compute(image[None])
                frames["heats"].append(_encode(_colour_heat(saliency), HEAT_QUALITY))
                frames["band"] = [round(share, 4) for share in saliency.band]
    return frames, brightness


def _colour_heat(saliency: Saliency) -> np.ndarray:
    """Return a saliency as a small picture (Y, X, 4) BGR with opacity, clear where nothing steers."""
    size = (HEAT_WIDTH_PX, round(HEAT_WIDTH_PX * saliency.heat.shape[0] / saliency.heat.shape[1]))
    strength = cv2.convertScaleAbs(cv2.resize(saliency.heat.astype(np.float32), size, interpolation=cv2.INTER_AREA), alpha=255.0)
    return np.dstack([cv2.applyColorMap(strength, cv2.COLORMAP_INFERNO), strength])


def _encode(image: np.ndarray, quality: int) -> str:
    """Return a picture as base64 of WebP, which is a third smaller than JPEG and can be clear in places."""
    return base64.b64encode(cv2.imencode(".webp", image, [cv2.IMWRITE_WEBP_QUALITY, quality])[1].tobytes()).decode("ascii")
