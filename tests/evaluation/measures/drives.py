"""Traces made by hand, of a car that drives straight on at 10 m/s, 0.2 m left of the centre line, unless a test says otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np

from driving.rollout.trace import Trace


def make_columns(ticks: int = 101, speed: float = 10.0, dt: float = 0.1, **changed: np.ndarray) -> dict[str, np.ndarray]:
    """Return the columns of a drive; those that are given replace the usual ones."""
    columns = {
        "dt_s": np.full(ticks, dt),
        "time_s": np.arange(ticks) * dt,
        "speed_mps": np.full(ticks, speed),
        "yaw_rate_radps": np.zeros(ticks),
        "s_m": np.arange(ticks) * speed * dt,
        "lateral_m": np.full(ticks, -0.2),
        "lane_width_m": np.full(ticks, 3.5),
        "heading_error_rad": np.full(ticks, 0.01),
        "steer": np.zeros(ticks),
        "departed": np.zeros(ticks, dtype=bool),
        "act_s": np.linspace(0.001, 0.002, ticks),
    }
    return columns | changed


def make_trace(columns: dict[str, np.ndarray] | None = None, **meta: Any) -> Trace:
    """Return a trace of 100 m that has finished without touching anything, unless `meta` says otherwise."""
    usual: dict[str, Any] = {"route_length_m": 100.0, "end_reason": "finished", "collisions": [], "dt_s": 0.1}
    return Trace(make_columns() if columns is None else columns, usual | meta)


def mark(ticks: int, *at: int) -> np.ndarray:
    """Return a column (T,) that is true at these ticks only."""
    column = np.zeros(ticks, dtype=bool)
    column[list(at)] = True
    return column
