"""A finished drive as the explanation reads it: the neurons' states, and what they may respond to.

Shapes: T ticks, H neurons, I features, K signals. Right is positive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from driving.evaluation.measures.stretches import split_at_put_backs
from driving.quantities import UserError
from driving.rollout.listeners import CAMERA_MOVIE
from driving.rollout.trace import Trace
from driving.video import read_frames
from policy.network import DrivingPolicy

SIGNALS = ("curvature ahead", "offset", "heading error", "speed", "brightness")
UNITS = ("1/m", "m", "rad", "m/s", "grey levels")
FORMS = ("{:+.4f}", "{:+.2f}", "{:+.3f}", "{:.1f}", "{:.0f}")
AHEAD_S = 1.5  # how far the curvature ahead reaches, in time at the present speed
AHEAD_POINTS = 8
BEGIN_S = 1.0  # the states start at 0 in each drive; until they have settled they say nothing


@dataclass(frozen=True)
class WatchedDrive:
    """One drive of a policy."""

    name: str
    state_TH: np.ndarray
    tau_s_TH: np.ndarray | None
    features_TI: np.ndarray  # the front-end's
    signals_TK: np.ndarray  # in the order of SIGNALS
    dt_s_T: np.ndarray
    stretches: Sequence[slice]  # the ticks between two put-backs


def watch_drive(folder: Path, policy: DrivingPolicy) -> WatchedDrive:
    """Read a saved drive from BEGIN_S on.

    Raises UserError where it has no neurons, is of another network or too short, VideoError where its movie is broken.
    """
    trace = Trace.load(folder)
    columns = trace.columns
    if not {"neuron_state", "features"} <= set(columns) or columns["neuron_state"].shape[1] != policy.cell.neurons or trace.route is None:
        raise UserError(f"the drive in {folder} does not have the {policy.cell.neurons} neurons of this policy: evaluate it again")
    ticks, first = len(columns["dt_s"]), int(np.searchsorted(np.cumsum(columns["dt_s"]), BEGIN_S))
    if ticks < 2 * first:
        raise UserError(f"the drive in {folder} has {ticks} ticks, expected {2 * first} or more: drive longer routes")
    brightness_T = _measure_brightness(folder / CAMERA_MOVIE, ticks, policy)
    curvature_T = find_curvature_ahead(trace)
    signals = [curvature_T, columns["lateral_m"], columns["heading_error_rad"], columns["speed_mps"], brightness_T]
    return WatchedDrive(
        name=folder.name,
        state_TH=columns["neuron_state"][first:].astype(float),
        tau_s_TH=None if "neuron_tau_s" not in columns else columns["neuron_tau_s"][first:].astype(float),
        features_TI=columns["features"][first:],
        signals_TK=np.stack(signals, axis=1)[first:],
        dt_s_T=columns["dt_s"][first:],
        stretches=split_at_put_backs({name: values[first:] for name, values in columns.items()}),
    )


def find_curvature_ahead(trace: Trace) -> np.ndarray:
    """Return the mean curvature (T,) of the route (1/m) on the next AHEAD_S of driving."""
    assert trace.route is not None
    reach_T = AHEAD_S * np.maximum(trace.columns["speed_mps"], 1.0)
    places = trace.columns["s_m"][:, None] + reach_T[:, None] * np.linspace(0.0, 1.0, AHEAD_POINTS)
    return trace.route.curvature_at(places).mean(1)


def _measure_brightness(movie: Path, ticks: int, policy: DrivingPolicy) -> np.ndarray:
    """Return the mean grey level (T,) of what the network sees of each image."""
    levels = np.array([float(policy.transform.to_model(frame).mean()) for frame in read_frames(movie)])
    if len(levels) < ticks:
        raise UserError(f"{movie} has {len(levels)} images, expected {ticks}: evaluate again")
    return levels[:ticks]
