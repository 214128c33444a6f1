"""A drive that the loop saved (trace and camera movie), as something to look at."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from driving.quantities import UserError
from driving.rollout.trace import Trace
from driving.video import read_frames
from driving.viewer.playback import Neurons, Playback


def playback_of_drive(folder: Path) -> Playback:
    """The drive saved in `folder` (trace and camera.mp4). Raises UserError where a network did not drive it or the movie is missing."""
    trace = Trace.load(folder)
    return playback_of_trace(trace, folder / "camera.mp4", folder.name)


def playback_of_trace(trace: Trace, camera: Path, name: str) -> Playback:
    """A trace in memory with its camera movie on disk."""
    meta = trace.meta
    if "neuron_state" not in trace.columns or not meta.get("neurons"):
        raise UserError(f"drive '{name}' was driven by '{meta.get('driver', '?')}', which has no neurons: choose a drive of a trained policy")
    if len(trace.columns["time_s"]) < 2:
        raise UserError(f"drive '{name}' has {len(trace.columns['time_s'])} ticks: a view needs at least 2")
    if not camera.is_file():
        raise UserError(f"drive '{name}' has no {camera.name} in {camera.parent}: evaluate again, or restore the file")
    columns = {key: values for key, values in trace.columns.items() if values.ndim == 1}
    columns["time_s"] = columns["time_s"].astype(float) - float(columns["time_s"][0])
    parts = meta["neurons"]
    route = trace.route
    return Playback(
        title=f"{meta.get('driver', 'policy')} on {name}",
        facts=facts_of(meta, columns["dt_s"], name),
        columns=columns,
        neurons=Neurons.from_parts(parts["names"], parts["roles"], parts["edges"]),
        state_TH=np.asarray(trace.columns["neuron_state"], dtype=np.float32),
        tau_s_TH=_finite(trace.columns.get("neuron_tau_s")),
        open_frames=lambda: read_frames(camera),
        centre_xy=None if route is None else np.stack([route.x_m, route.y_m], axis=1),
        meta=meta,
    )


def facts_of(meta: Mapping[str, Any], dt_s: np.ndarray, name: str) -> str:
    """One line about the drive: map (unless the name tells it), weather, rate, seed."""
    weather, world = meta.get("weather"), str(meta.get("map", ""))
    parts = ["" if world in name else world]
    if weather:
        parts.append(str(weather.get("name", "")) if isinstance(weather, Mapping) else str(weather))
    parts.append(f"{1.0 / float(np.median(dt_s)):.3g} Hz")
    if meta.get("seed") is not None:
        parts.append(f"seed {meta['seed']}")
    return "  ·  ".join(part for part in parts if part)


def _finite(values: np.ndarray | None) -> np.ndarray | None:
    """The time constants, or None where the cell has none to tell."""
    if values is None or not np.isfinite(values).any():
        return None
    return np.asarray(values, dtype=np.float32)
