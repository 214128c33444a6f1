"""neurons.html: one self-contained page that plays a drive neuron by neuron, explains each steer, and runs the network again with changes.

The page holds at most MAX_TICKS ticks of every series and MAX_FRAMES small camera frames, so that its size is limited for long drives too.
Its scripts are files of their own, one per part of the page, and are joined here in the order of SCRIPTS.
"""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from driving.bicycle import Bicycle
from driving.quantities import UserError
from driving.viewer.activity import find_components, find_largest_changes, select_hidden_states
from driving.viewer.drawing import theme
from driving.viewer.drawing.wiring import lay_out
from driving.viewer.page.circuit import describe_bounds, describe_circuit
from driving.viewer.page.explained import read_explained
from driving.viewer.page.frames import collect_frames
from driving.viewer.page.packing import HIGHEST_LEVEL, pack, pack_exactly
from driving.viewer.playback import Neurons, Playback
from driving.viewer.saliency import SaliencyComputer
from policy.command import COMMAND_NAMES
from policy.network import DrivingPolicy
from policy.whole_file import write_text

MAX_TICKS = 6000
MAX_FRAMES = 400
MAX_ROUTE_POINTS = 1500
SAME_ROUTE_M = 1.0  # two drives are on one route where their centre lines are nowhere further apart than this
SERIES = ("time_s", "x_m", "y_m", "yaw_rad", "s_m", "lateral_m", "heading_error_rad", "curvature_per_m", "speed_mps", "steer", "label_steer")
SCRIPTS = (
    *("data", "canvas", "circuit", "playback", "track", "wiring", "strips", "reasons"),
    *("card", "changes", "events", "search", "figures", "beside", "sharing"),
)


@dataclass(frozen=True)
class Network:
    """The network that drove, with the car for which it was trained: the page shows its saliency and runs its neurons again."""

    policy: DrivingPolicy
    bicycle: Bicycle


@dataclass(frozen=True)
class Additions:
    """What the page shows besides one drive."""

    beside: Playback | None = None  # a second drive on the same route
    explained: Path | None = None  # the folder that scripts/explain.py wrote about the policy

    def check(self, playback: Playback) -> None:
        """Raise UserError where the second drive is on another route than this one, or the explanation is of another policy."""
        if self.beside is not None:
            _check_route(playback, self.beside)
        if self.explained is not None:
            read_explained(self.explained, playback.neurons.names)


def write_page(path: Path, playback: Playback, network: Network | None = None, additions: Additions | None = None) -> None:
    """Write the page. It does not need an internet connection or any other file.

    Raises UserError where the second drive is on another route, or the explanation is of another policy.
    """
    additions = additions or Additions()
    additions.check(playback)
    folder = files("driving.viewer.page")
    data = collect_data(playback, network)
    if additions.beside is not None:
        data["beside"] = _collect_drive(additions.beside, _choose_ticks(additions.beside), None)
    if additions.explained is not None:
        data["explained"] = read_explained(additions.explained, playback.neurons.names)
    parts = {
        "TITLE": html.escape(playback.title),
        "STYLE": (folder / "page.css").read_text(encoding="utf-8"),
        "DATA": json.dumps(data, separators=(",", ":"), allow_nan=False).replace("</", "<\\/"),
        "SCRIPT": "\n".join((folder / "scripts" / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS),
    }
    page = (folder / "page.html").read_text(encoding="utf-8")
    for name, text in parts.items():
        page = page.replace(f"@@{name}@@", text)
    write_text(path, page)


def collect_data(playback: Playback, network: Network | None = None) -> dict[str, Any]:
    """Return everything that the page's scripts read, as JSON values."""
    kept = _choose_ticks(playback)
    return {
        **_collect_drive(playback, kept, None if network is None else SaliencyComputer(network.policy)),
        "steerNames": playback.steer_names._asdict(),
        "route": None if playback.centre_xy is None else _thin_out(playback.centre_xy).round(2).tolist(),
        "highestLevel": HIGHEST_LEVEL,
        "lateralTop": theme.LATERAL_TOP_M,
        "edges": _list_edges(playback.neurons),
        "places": lay_out(playback.neurons).round(4).tolist(),
        "circuit": None if network is None else describe_circuit(network.policy, network.bicycle),
        "bounds": None if network is None else describe_bounds(network.policy),
        "figures": _collect_figures(playback, kept),
        "beside": None,
        "explained": None,
    }


def _collect_drive(playback: Playback, kept: np.ndarray, compute: SaliencyComputer | None) -> dict[str, Any]:
    """Return a drive's series, neurons and pictures. All neurons' features are there only if the page holds every tick."""
    frames, brightness = collect_frames(playback, kept, MAX_FRAMES, compute)
    columns = {**playback.columns, "brightness": brightness}
    whole = playback.features_TI is not None and len(kept) == playback.ticks
    return {
        "title": playback.title,
        "facts": playback.facts,
        "ticks": kept.tolist(),
        "series": {name: pack(columns[name][kept, None]) for name in (*SERIES, "command", "brightness") if name in columns},
        "commandNames": COMMAND_NAMES,
        "departed": np.flatnonzero(np.diff(playback.departures_so_far[kept], prepend=0)).tolist(),
        "names": playback.neurons.names,
        "roles": playback.neurons.roles,
        "state": pack(playback.state_TH[kept]),
        "usual": playback.range_H2.round(6).tolist(),
        "tau": None if playback.tau_s_TH is None else pack(playback.tau_s_TH[kept]),
        "features": pack_exactly(playback.features_TI) if whole and playback.features_TI is not None else None,
        "dt": pack_exactly(playback.columns["dt_s"][kept]),
        "frames": frames,
    }


def _choose_ticks(playback: Playback) -> np.ndarray:
    """Return the ticks that the page holds, evenly spread."""
    return np.unique(np.linspace(0, playback.ticks - 1, min(playback.ticks, MAX_TICKS)).round().astype(int))


def _list_edges(neurons: Neurons) -> dict[str, list[Any]]:
    """Return the connections in the order of the cell. A feature is the source -1, -2 and so on, in the order of `sensory_names`."""
    place = {name: i for i, name in enumerate(neurons.names)} | {name: -1 - i for i, name in enumerate(neurons.sensory_names)}
    return {
        "source": [place[synapse.source] for synapse in neurons.synapses],
        "target": [place[synapse.target] for synapse in neurons.synapses],
        "weight": [round(synapse.weight, 5) for synapse in neurons.synapses],
        "features": list(neurons.sensory_names),
    }


def _check_route(playback: Playback, beside: Playback) -> None:
    """Raise UserError where two drives are not on one route, so that there is no common place to align them by."""
    one, other = playback.centre_xy, beside.centre_xy
    same = one is not None and other is not None and len(one) == len(other) and float(np.abs(one - other).max()) < SAME_ROUTE_M
    if not same or not all("s_m" in drive.columns for drive in (playback, beside)):
        raise UserError(
            f"'{beside.title}' is not on the route of '{playback.title}', so the two cannot stand side by side: give a drive of the same route's name"
        )


def _thin_out(route_xy: np.ndarray) -> np.ndarray:
    """Return about MAX_ROUTE_POINTS points of the route, evenly spread."""
    return route_xy[:: max(1, len(route_xy) // MAX_ROUTE_POINTS)]


def _collect_figures(playback: Playback, kept: np.ndarray) -> dict[str, Any]:
    components = find_components(select_hidden_states(playback))
    return {
        "shares": components.shares.round(5).tolist(),
        "components": pack(components.first_two[kept]),
        "changes": find_largest_changes(playback).round(5).tolist(),
    }
