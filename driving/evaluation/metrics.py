"""Closed-loop measures as pure functions of a drive's columns (`driving.rollout.trace.COLUMNS`), and the same measures over several drives.

Definitions and their sources:
- departure: the car is more than 2 m from the centre line; it is put back 2 s further on (the lane-following test of UT-ADL and VISTA).
  The loop marks these ticks; nothing here decides it.
- autonomy: (1 - departures x 6 s / elapsed s) x 100 %, at least 0 (NVIDIA 2016, with departures as the interventions).
- completion: the share of the route's length that the car drove itself. What it skips when it is put back does not count.
- steering smoothness: the root mean square of the applied steer's rate of change (1/s). Less is smoother.
- latency: the driver's wall-clock time per tick from image to action, without the simulator (ms).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from driving.quantities import UserError

Columns = Mapping[str, np.ndarray]

INTERVENTION_S = 6.0  # the time that a departure is counted with, in autonomy


@dataclass(frozen=True, slots=True)
class Measures:
    """The figures of one drive or of several. A figure is NaN where there is no tick to measure it on."""

    km: float  # distance driven
    elapsed_s: float  # simulated time
    departures: int
    completion: float  # 0 to 1
    mean_abs_lateral_m: float
    max_abs_lateral_m: float
    mean_abs_heading_error_rad: float
    steering_smoothness: float  # 1/s
    mean_speed_mps: float
    autonomy_percent: float
    latency_p50_ms: float
    latency_p99_ms: float

    def as_dict(self) -> dict[str, float | None]:
        """Return the figures as plain numbers for JSON; NaN becomes None."""
        return {name: None if value != value else value for name, value in asdict(self).items()}


def own_progress_m(columns: Columns) -> float:
    """Return how far the car drove along the route by itself (m).

    Jumps when it is put back do not count, and neither does a stretch that it drives a second time after rolling back.
    """
    s, total = columns["s_m"], 0.0
    if len(s) == 0:
        return 0.0
    departed = columns["departed"].astype(bool)
    reached = float(s[0])
    for before, now, jumped in zip(s[:-1], s[1:], departed[:-1], strict=True):
        if jumped:
            reached = max(reached, float(now))
        elif now > reached:
            total += float(now) - max(reached, float(before))
            reached = float(now)
    return total


def measure(columns: Columns, route_length_m: float) -> Measures:
    """Return the figures of one drive; `route_length_m` is the length that was to be driven (m)."""
    dt, speed = columns["dt_s"].astype(float), columns["speed_mps"].astype(float)
    elapsed = float(dt.sum())
    departures = int(columns["departed"].astype(bool).sum())
    metres = float((speed * dt).sum())
    latency = np.asarray(columns["act_s"], dtype=float) * 1e3
    return Measures(
        km=metres / 1e3,
        elapsed_s=elapsed,
        departures=departures,
        completion=min(1.0, own_progress_m(columns) / route_length_m) if route_length_m > 0 else float("nan"),
        mean_abs_lateral_m=_mean(np.abs(columns["lateral_m"])),
        max_abs_lateral_m=float(np.abs(columns["lateral_m"]).max(initial=0.0)),
        mean_abs_heading_error_rad=_mean(np.abs(columns["heading_error_rad"])),
        steering_smoothness=_steering_rate_rms(columns),
        mean_speed_mps=metres / elapsed if elapsed > 0 else float("nan"),
        autonomy_percent=_autonomy(departures, elapsed),
        latency_p50_ms=_quantile(latency, 0.5),
        latency_p99_ms=_quantile(latency, 0.99),
    )


def combine(drives: Sequence[tuple[Columns, float]]) -> Measures:
    """Return the figures over several drives, given as (columns, length that was to be driven in m).

    Distances, times and departures are sums, errors are means over all ticks. Raises UserError where there is no drive.
    """
    if not drives:
        raise UserError("there is no drive to combine: give a suite with at least one route")
    singles = [measure(columns, length) for columns, length in drives]
    names = ("dt_s", "speed_mps", "lateral_m", "heading_error_rad", "act_s")
    joined = {name: np.concatenate([np.asarray(columns[name], dtype=float) for columns, _ in drives]) for name in names}
    elapsed = sum(single.elapsed_s for single in singles)
    departures = sum(single.departures for single in singles)
    lengths = np.array([length for _, length in drives])
    ticks = np.array([max(len(columns["dt_s"]) - 1, 0) for columns, _ in drives])
    squares = np.array([single.steering_smoothness**2 if count else 0.0 for single, count in zip(singles, ticks, strict=True)])
    return Measures(
        km=sum(single.km for single in singles),
        elapsed_s=elapsed,
        departures=departures,
        completion=float(np.average([single.completion for single in singles], weights=lengths)),
        mean_abs_lateral_m=_mean(np.abs(joined["lateral_m"])),
        max_abs_lateral_m=max(single.max_abs_lateral_m for single in singles),
        mean_abs_heading_error_rad=_mean(np.abs(joined["heading_error_rad"])),
        steering_smoothness=float(np.sqrt((squares * ticks).sum() / max(ticks.sum(), 1))),
        mean_speed_mps=float((joined["speed_mps"] * joined["dt_s"]).sum()) / elapsed if elapsed > 0 else float("nan"),
        autonomy_percent=_autonomy(departures, elapsed),
        latency_p50_ms=_quantile(joined["act_s"] * 1e3, 0.5),
        latency_p99_ms=_quantile(joined["act_s"] * 1e3, 0.99),
    )


WALL_CLOCK_MEASURES = ("latency_p50_ms", "latency_p99_ms")  # the only measures that differ between two runs of one seed


def _steering_rate_rms(columns: Columns) -> float:
    """Return the root mean square of the steer's rate of change (1/s)."""
    steer, dt = columns["steer"].astype(float), columns["dt_s"].astype(float)
    if len(steer) < 2:
        return float("nan")
    return float(np.sqrt(np.mean((np.diff(steer) / dt[1:]) ** 2)))


def _autonomy(departures: int, elapsed_s: float) -> float:
    """Return the autonomy in percent."""
    return 100.0 * max(0.0, 1.0 - departures * INTERVENTION_S / elapsed_s) if elapsed_s > 0 else float("nan")


def _mean(values: np.ndarray) -> float:
    """Return the mean, NaN of no values."""
    return float(values.mean()) if len(values) else float("nan")


def _quantile(values: np.ndarray, share: float) -> float:
    """Return a quantile, NaN of no values."""
    return float(np.quantile(values, share)) if len(values) else float("nan")
