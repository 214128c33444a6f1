"""How long the driver takes per tick from image to action, without the simulator. It is measured by the wall clock, so no two runs agree on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from driving.evaluation.measures.stretches import Columns


@dataclass(frozen=True, slots=True)
class Latency:
    """Quantiles of the driver's time per tick, None where there is no tick."""

    latency_p50_ms: float | None
    latency_p99_ms: float | None

    def as_dict(self) -> dict[str, float | None]:
        """Return the quantiles by name."""
        return asdict(self)


def measure_latency(columns: Columns) -> Latency:
    """Return the median and the 99th percentile of one drive's ticks."""
    if len(columns["act_s"]) == 0:
        return Latency(None, None)
    half, most = np.quantile(np.asarray(columns["act_s"], dtype=float) * 1e3, (0.5, 0.99))
    return Latency(float(half), float(most))


def combine_latencies(drives: Sequence[Latency]) -> Latency:
    """Return the median of the drives' medians, and the greatest of their 99th percentiles."""
    halves = [drive.latency_p50_ms for drive in drives if drive.latency_p50_ms is not None]
    mosts = [drive.latency_p99_ms for drive in drives if drive.latency_p99_ms is not None]
    return Latency(float(np.median(halves)) if halves else None, max(mosts, default=None))
