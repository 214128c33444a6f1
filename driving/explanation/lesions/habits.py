"""What is typical of a drive's steering besides how far off the centre it is: how restless it is, how late, and how far it comes.

Shapes: T ticks.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from driving.evaluation.measures.stretches import Columns, split_at_put_backs
from driving.rollout.trace import Trace

SMOOTH_S = 1.0  # what is slower than this follows the road
EARLIEST_S, LATEST_S = -1.0, 2.0
LEAST_BEND_PER_M = 0.001  # with less variation of the road's curvature there is nothing to be late for
SLOWEST_MPS = 1.0


def measure_habits(trace: Trace) -> dict[str, float | None]:
    """Return a drive's habits by name, None where there is nothing to measure one on."""
    columns = trace.columns
    return {"restlessness": measure_restlessness(columns), "lag_s": measure_lag_s(columns), "unaided_share": measure_unaided_share(trace)}


def measure_restlessness(columns: Columns) -> float | None:
    """Return the root mean square of the steer less its mean over SMOOTH_S: how much the wheel moves without the road asking for it."""
    width = max(3, round(SMOOTH_S / float(np.mean(columns["dt_s"]))) | 1)
    rest = [columns["steer"][ticks] for ticks in split_at_put_backs(columns)]
    parts = [one[width // 2 : -(width // 2)] - np.convolve(one, np.full(width, 1.0 / width), mode="valid") for one in rest if len(one) >= width]
    return float(np.sqrt(np.mean(np.concatenate(parts) ** 2))) if parts else None


def measure_lag_s(columns: Columns) -> float | None:
    """Return by how much the driven curvature comes after the road's (s): the shift with the greatest correlation. Negative is early."""
    dt_s = float(np.mean(columns["dt_s"]))
    road = columns["curvature_per_m"]
    if float(np.std(road)) < LEAST_BEND_PER_M:
        return None
    driven = columns["yaw_rate_radps"] / np.maximum(columns["speed_mps"], SLOWEST_MPS)
    stretches = split_at_put_backs(columns)
    shifts = range(round(EARLIEST_S / dt_s), round(LATEST_S / dt_s) + 1)
    matches = [_correlate(_shift(road, driven, shift, stretches)) for shift in shifts]
    return None if np.isnan(matches).all() else float(shifts[int(np.nanargmax(matches))] * dt_s)


def _shift(road: np.ndarray, driven: np.ndarray, shift: int, stretches: Iterable[slice]) -> tuple[np.ndarray, np.ndarray]:
    """Return the road's curvature and the one driven `shift` ticks later, where both are in one stretch."""
    pairs = []
    for ticks in stretches:
        first, second = road[ticks], driven[ticks]
        count = len(first) - abs(shift)
        if count > 0:
            pairs.append((first[:count], second[shift:]) if shift >= 0 else (first[-shift:], second[:count]))
    return (np.concatenate([one for one, _ in pairs]), np.concatenate([other for _, other in pairs])) if pairs else (np.zeros(0), np.zeros(0))


def _correlate(pair: tuple[np.ndarray, np.ndarray]) -> float:
    first, second = pair
    if len(first) < 3 or min(first.std(), second.std()) == 0.0:
        return float("nan")
    return float(np.corrcoef(first, second)[0, 1])


def measure_unaided_share(trace: Trace) -> float:
    """Return which share of the route was driven before the car left its lane first, from 0 to 1."""
    columns = trace.columns
    departed = np.flatnonzero(columns["departed"])
    last = int(departed[0]) if len(departed) else len(columns["s_m"]) - 1
    driven_m = float(columns["s_m"][last] - columns["s_m"][0])
    if not len(departed) and trace.meta["end_reason"] == "finished":
        return 1.0
    return float(np.clip(driven_m / float(trace.meta["route_length_m"]), 0.0, 1.0))
