"""How far and how fast a car drove.

Completion follows the route score of the CARLA leaderboard: the share of the route's length that was done. Here it counts only what the car
drove itself, because our loop puts a departed car further on, which the leaderboard does not do.
"""

from __future__ import annotations

import numpy as np

from driving.evaluation.measures.stretches import Columns


def distance_km(columns: Columns) -> float:
    """Return the distance driven (km): speed times time, over all ticks."""
    return float((columns["speed_mps"] * columns["dt_s"]).sum()) / 1e3


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


def completion(columns: Columns, route_length_m: float) -> float:
    """Return the share (0 to 1) of the length to be driven that the car drove by itself; NaN for a route without a length."""
    return min(1.0, own_progress_m(columns) / route_length_m) if route_length_m > 0 else float("nan")


def mean_speed_mps(columns: Columns) -> float:
    """Return the distance driven by the time that it took (m/s), NaN without a tick."""
    elapsed = float(np.sum(columns["dt_s"]))
    return distance_km(columns) * 1e3 / elapsed if elapsed > 0 else float("nan")
