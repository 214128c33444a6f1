"""What is certain about a policy's neurons and its steering, beside what its drives have used of it. Shapes: H neurons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from driving.explanation.watched import WatchedDrive
from perception.errors import ConfigError
from policy.bounds import CellBounds
from policy.network import DrivingPolicy

ROUNDING = 1e-4  # relative: the states are computed in float32


@dataclass(frozen=True)
class Certainty:
    """A policy's bounds with what was seen, or why there are none."""

    bounds: CellBounds | None
    why: str
    seen_low_H: np.ndarray
    seen_high_H: np.ndarray
    seen_tau_s_H2: np.ndarray | None  # shortest and longest
    prediction_range: tuple[float, float] | None  # of the policy's target, in its unit
    is_kept: bool  # whether every state and time constant of the drives lies within the bounds


def check_bounds(policy: DrivingPolicy, drives: Sequence[WatchedDrive]) -> Certainty:
    """Return the bounds of a policy and whether some drives have kept to them."""
    states = np.concatenate([drive.state_TH for drive in drives])
    taus = None if drives[0].tau_s_TH is None else np.concatenate([drive.tau_s_TH for drive in drives if drive.tau_s_TH is not None])
    seen_tau = None if taus is None else np.stack([taus.min(0), taus.max(0)], axis=1)
    seen = states.min(0), states.max(0), seen_tau
    try:
        bounds = policy.cell.bounds()
    except ConfigError as error:
        return Certainty(None, str(error).partition(":")[0], *seen, None, True)
    motor = torch.tensor([[float(bounds.motor_low_M[0]), float(bounds.motor_high_M[0])]], dtype=torch.float64)
    low, high = policy.prediction(motor[..., None])[0].tolist()
    kept = _is_within(states.min(0), states.max(0), bounds.low_H, bounds.high_H)
    if seen_tau is not None and bounds.tau_low_s_H is not None and bounds.tau_high_s_H is not None:
        kept = kept and _is_within(seen_tau[:, 0], seen_tau[:, 1], bounds.tau_low_s_H, bounds.tau_high_s_H)
    return Certainty(bounds, bounds.why, *seen, (min(low, high), max(low, high)), kept)


def _is_within(seen_low_H: np.ndarray, seen_high_H: np.ndarray, low_H: np.ndarray, high_H: np.ndarray) -> bool:
    slack_H = ROUNDING * np.maximum(np.abs(low_H), np.abs(high_H))
    return bool(np.all(seen_low_H >= low_H - slack_H) and np.all(seen_high_H <= high_H + slack_H))
