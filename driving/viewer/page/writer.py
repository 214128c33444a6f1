"""neurons.html: one self-contained page that plays a drive neuron by neuron, with the study's figures of the network's activity.

The page holds at most MAX_TICKS ticks of every series (as 16-bit numbers) and MAX_FRAMES small camera frames, whatever the drive's length.
"""

from __future__ import annotations

import base64
import html
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from driving.viewer.activity import hidden_states, largest_changes, principal_components
from driving.viewer.drawing import theme
from driving.viewer.drawing.wiring import lay_out, links
from driving.viewer.playback import Playback
from driving.viewer.recording import jpeg

MAX_TICKS = 3000
MAX_FRAMES = 400
FRAME_WIDTH_PX = 256
FRAME_QUALITY = 72
LEVELS = 65535
SERIES = ("time_s", "x_m", "y_m", "yaw_rad", "lateral_m", "steer", "label_steer", "speed_mps")


def write_page(path: Path, playback: Playback) -> None:
    """Writes the page; it needs no network and no other file."""
    folder = files("driving.viewer.page")
    parts = {
        "TITLE": html.escape(playback.title),
        "STYLE": (folder / "page.css").read_text(encoding="utf-8"),
        "DATA": json.dumps(page_data(playback), separators=(",", ":"), allow_nan=False).replace("</", "<\\/"),
        "SCRIPT": (folder / "page.js").read_text(encoding="utf-8"),
    }
    page = (folder / "page.html").read_text(encoding="utf-8")
    for name, text in parts.items():
        page = page.replace(f"@@{name}@@", text)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")


def page_data(playback: Playback) -> dict[str, Any]:
    """All that the page's script needs, as JSON values."""
    kept = np.unique(np.linspace(0, playback.ticks - 1, min(playback.ticks, MAX_TICKS)).round().astype(int))
    neurons = playback.neurons
    return {
        "title": playback.title,
        "facts": playback.facts,
        "steerNames": list(playback.steer_names),
        "ticks": kept.tolist(),
        "series": {name: packed(playback.columns[name][kept, None]) for name in SERIES if name in playback.columns},
        "departed": np.flatnonzero(np.diff(playback.departures_so_far[kept], prepend=0)).tolist(),
        "route": None if playback.centre_xy is None else playback.centre_xy[:: max(1, len(playback.centre_xy) // 1500)].round(2).tolist(),
        "neurons": {
            "names": neurons.names,
            "roles": neurons.roles,
            "places": lay_out(neurons).round(4).tolist(),
            "features": len(neurons.sensory_names),
        },
        "links": [[link.source, link.target, round(link.share, 4), link.excites] for link in links(neurons)],
        "synapses": len(neurons.synapses),
        "state": packed(playback.state_TH[kept]),
        "lit": packed(playback.lit_TH[kept]),
        "tau": None if playback.tau_s_TH is None else packed(playback.tau_s_TH[kept]),
        "frames": _frames(playback, kept),
        "figures": _figures(playback, kept),
        "colours": {
            "roles": {role: list(theme.role_colour(role)) for role in neurons.by_role()},
            "excites": list(theme.EXCITES),
            "inhibits": list(theme.INHIBITS),
            "goodToBad": [list(colour) for colour in theme.GOOD_TO_BAD],
        },
    }


def packed(values: np.ndarray) -> dict[str, Any]:
    """(T, K) numbers as base64 of 16-bit levels, with each column's lowest and highest value; what is not finite counts as the lowest."""
    values = np.asarray(values, dtype=np.float64)
    known = np.where(np.isfinite(values), values, np.nan)
    empty = ~np.isfinite(known).any(axis=0)
    known[:, empty] = 0.0
    low, high = np.nanmin(known, axis=0), np.nanmax(known, axis=0)
    levels = np.round((np.nan_to_num(known - low)) / np.where(high > low, high - low, 1.0) * LEVELS).astype("<u2")
    return {"low": low.tolist(), "high": high.tolist(), "levels": base64.b64encode(levels.tobytes()).decode("ascii")}


def _frames(playback: Playback, kept: np.ndarray) -> dict[str, Any]:
    """Small frames at evenly spread ticks, with their places among the kept ticks."""
    wanted = set(np.unique(np.linspace(0, playback.ticks - 1, min(playback.ticks, MAX_FRAMES)).round().astype(int)).tolist())
    places, pictures = [], []
    for tick, image in enumerate(playback.open_frames()):
        if tick in wanted:
            size = (FRAME_WIDTH_PX, round(FRAME_WIDTH_PX * image.shape[0] / image.shape[1]))
            small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
            places.append(int(np.searchsorted(kept, tick)))
            pictures.append(base64.b64encode(jpeg(small, FRAME_QUALITY)).decode("ascii"))
    return {"at": places, "jpeg": pictures}


def _figures(playback: Playback, kept: np.ndarray) -> dict[str, Any]:
    components = principal_components(hidden_states(playback))
    return {
        "shares": components.shares.round(5).tolist(),
        "components": packed(components.first_two[kept]),
        "changes": largest_changes(playback).round(5).tolist(),
    }
