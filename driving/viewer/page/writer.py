"""neurons.html: one self-contained page that plays a drive neuron by neuron, with the study's figures of the network's activity.

The page holds at most MAX_TICKS ticks of every series (as 16-bit numbers) and MAX_FRAMES small camera frames, so that its size is limited
for long drives too.
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

from driving.viewer.activity import find_components, find_largest_changes, select_hidden_states
from driving.viewer.drawing import theme
from driving.viewer.drawing.wiring import lay_out, make_links
from driving.viewer.playback import Playback
from driving.viewer.recording import encode_jpeg
from policy.whole_file import write_text

MAX_TICKS = 3000
MAX_FRAMES = 400
FRAME_WIDTH_PX = 256
FRAME_QUALITY = 72
MAX_ROUTE_POINTS = 1500
HIGHEST_LEVEL = 65535  # the largest 16-bit number
SERIES = ("time_s", "x_m", "y_m", "yaw_rad", "lateral_m", "steer", "label_steer", "speed_mps")


def write_page(path: Path, playback: Playback) -> None:
    """Write the page. It does not need a network or any other file."""
    folder = files("driving.viewer.page")
    parts = {
        "LATERAL_TOP": f"{theme.LATERAL_TOP_M:g}",
        "TITLE": html.escape(playback.title),
        "STYLE": (folder / "page.css").read_text(encoding="utf-8"),
        "DATA": json.dumps(collect_data(playback), separators=(",", ":"), allow_nan=False).replace("</", "<\\/"),
        "SCRIPT": (folder / "page.js").read_text(encoding="utf-8"),
    }
    page = (folder / "page.html").read_text(encoding="utf-8")
    for name, text in parts.items():
        page = page.replace(f"@@{name}@@", text)
    write_text(path, page)


def collect_data(playback: Playback) -> dict[str, Any]:
    """Return everything that the page's script reads, as JSON values."""
    kept = np.unique(np.linspace(0, playback.ticks - 1, min(playback.ticks, MAX_TICKS)).round().astype(int))
    neurons = playback.neurons
    return {
        "title": playback.title,
        "facts": playback.facts,
        "steerNames": playback.steer_names._asdict(),
        "ticks": kept.tolist(),
        "series": {name: pack(playback.columns[name][kept, None]) for name in SERIES if name in playback.columns},
        "departed": np.flatnonzero(np.diff(playback.departures_so_far[kept], prepend=0)).tolist(),
        "route": None if playback.centre_xy is None else _thin_out(playback.centre_xy).round(2).tolist(),
        "highestLevel": HIGHEST_LEVEL,
        "lateralTop": theme.LATERAL_TOP_M,
        "neurons": {
            "names": neurons.names,
            "roles": neurons.roles,
            "places": lay_out(neurons).round(4).tolist(),
            "features": len(neurons.sensory_names),
        },
        "links": [
            {"source": link.source, "target": link.target, "share": round(link.share, 4), "excites": link.excites} for link in make_links(neurons)
        ],
        "synapses": len(neurons.synapses),
        "state": pack(playback.state_TH[kept]),
        "lit": pack(playback.lit_TH[kept]),
        "tau": None if playback.tau_s_TH is None else pack(playback.tau_s_TH[kept]),
        "frames": _collect_frames(playback, kept),
        "figures": _collect_figures(playback, kept),
        "colours": {
            "roles": {role: list(theme.role_colour(role)) for role in neurons.by_role()},
            "excites": list(theme.EXCITES),
            "inhibits": list(theme.INHIBITS),
            "goodToBad": [list(colour) for colour in theme.GOOD_TO_BAD],
        },
    }


def _thin_out(route_xy: np.ndarray) -> np.ndarray:
    """Return about MAX_ROUTE_POINTS points of the route, evenly spread."""
    return route_xy[:: max(1, len(route_xy) // MAX_ROUTE_POINTS)]


def pack(values: np.ndarray) -> dict[str, Any]:
    """Return numbers (T, K) as base64 of 16-bit levels, with each column's lowest and highest value.

    Values that are not finite count as the lowest.
    """
    values = np.asarray(values, dtype=np.float64)
    known = np.where(np.isfinite(values), values, np.nan)
    empty = ~np.isfinite(known).any(axis=0)
    known[:, empty] = 0.0
    low, high = np.nanmin(known, axis=0), np.nanmax(known, axis=0)
    levels = np.round((np.nan_to_num(known - low)) / np.where(high > low, high - low, 1.0) * HIGHEST_LEVEL).astype("<u2")
    return {"low": low.tolist(), "high": high.tolist(), "levels": base64.b64encode(levels.tobytes()).decode("ascii")}


def _collect_frames(playback: Playback, kept: np.ndarray) -> dict[str, Any]:
    """Return small frames at evenly spread ticks, with their indices among the kept ticks."""
    wanted = set(np.unique(np.linspace(0, playback.ticks - 1, min(playback.ticks, MAX_FRAMES)).round().astype(int)).tolist())
    places, pictures = [], []
    for tick, image in enumerate(playback.open_frames()):
        if tick in wanted:
            size = (FRAME_WIDTH_PX, round(FRAME_WIDTH_PX * image.shape[0] / image.shape[1]))
            small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
            places.append(int(np.searchsorted(kept, tick)))
            pictures.append(base64.b64encode(encode_jpeg(small, FRAME_QUALITY)).decode("ascii"))
    return {"at": places, "jpeg": pictures}


def _collect_figures(playback: Playback, kept: np.ndarray) -> dict[str, Any]:
    components = find_components(select_hidden_states(playback))
    return {
        "shares": components.shares.round(5).tolist(),
        "components": pack(components.first_two[kept]),
        "changes": find_largest_changes(playback).round(5).tolist(),
    }
