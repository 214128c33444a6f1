"""What all measures share: a drive's columns, and its stretches between two put-backs.

When a car has departed, the loop puts it elsewhere before the next tick. Nothing that compares two ticks may reach across that jump.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

Columns = Mapping[str, np.ndarray]
"""Arrays (T,) by name, as `driving.rollout.trace.COLUMNS` lists them."""


def split_at_put_backs(columns: Columns) -> list[slice]:
    """Return the ticks of each stretch that the car drove without being put back. A departed tick is the last one of its stretch."""
    ticks = len(columns["dt_s"])
    ends = [*(np.flatnonzero(columns["departed"]) + 1).tolist(), ticks]
    starts = [0, *ends[:-1]]
    return [slice(start, end) for start, end in zip(starts, ends, strict=True) if end > start]


def compute_mean(values: np.ndarray) -> float:
    """Return the mean, NaN of no values."""
    return float(values.mean()) if len(values) else float("nan")
