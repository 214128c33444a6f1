"""A drive that the loop saved (trace and camera movie) as a playback."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from driving.quantities import UserError
from driving.rollout.trace import Trace
from driving.video import read_frames
from driving.viewer.playback import Neurons, Playback


def load_drive(folder: Path) -> Playback:
    """Return the drive that is saved in `folder`. Raises UserError when a network did not drive it or the camera movie is missing."""
    return make_playback(Trace.load(folder), folder / "camera.mp4", folder.name)


def make_playback(trace: Trace, camera: Path, name: str) -> Playback:
    """Return the playback of a trace with its camera movie on disk.

    Raises UserError when the trace has no neurons or fewer than 2 ticks, or the movie is missing.
    """
    meta = trace.meta
    if "neuron_state" not in trace.columns or not meta.get("neurons"):
        raise UserError(f"drive '{name}' was driven by '{meta.get('driver', '?')}', which has no neurons: choose a drive of a trained policy")
    if len(trace.columns["time_s"]) < 2:
        raise UserError(f"drive '{name}' has {len(trace.columns['time_s'])} ticks: a view needs at least 2")
    if not camera.is_file():
        raise UserError(f"drive '{name}' has no {camera.name} in {camera.parent}: evaluate again, or restore the file")
    columns = {key: values for key, values in trace.columns.items() if values.ndim == 1}
    columns["time_s"] = columns["time_s"].astype(float) - float(columns["time_s"][0])
    neurons, route = meta["neurons"], trace.route
    return Playback(
        title=f"{meta.get('driver', 'policy')} on {name}",
        facts=describe_drive(meta, columns["dt_s"], name),
        columns=columns,
        neurons=Neurons.from_parts(neurons["names"], neurons["roles"], neurons["edges"]),
        state_TH=np.asarray(trace.columns["neuron_state"], dtype=np.float32),
        tau_s_TH=_read_time_constants(trace.columns.get("neuron_tau_s")),
        features_TI=trace.columns.get("features"),
        open_frames=lambda: read_frames(camera),
        centre_xy=None if route is None else np.stack([route.x_m, route.y_m], axis=1),
        meta=meta,
    )


def describe_drive(meta: Mapping[str, Any], dt_s: np.ndarray, name: str) -> str:
    """Return one line about the drive: map (unless the name contains it), weather, rate, seed."""
    weather, map_name = meta.get("weather"), str(meta.get("map", ""))
    parts = ["" if map_name in name else map_name]
    if weather:
        parts.append(str(weather.get("name", "")) if isinstance(weather, Mapping) else str(weather))
    parts.append(f"{1.0 / float(np.median(dt_s)):.3g} Hz")
    if meta.get("seed") is not None:
        parts.append(f"seed {meta['seed']}")
    return "  ·  ".join(part for part in parts if part)


def _read_time_constants(values: np.ndarray | None) -> np.ndarray | None:
    """Return the time constants, or None when the cell has no time constants."""
    if values is None or not np.isfinite(values).any():
        return None
    return np.asarray(values, dtype=np.float32)
