"""How well a car kept its lane: departures, interventions, autonomy, and where it drove in the lane. Right is positive.

Sources:
- departure: the car is more than 2 m from the centre line and is put back 2 s further on (the lane-following test of UT-ADL and VISTA).
  The loop marks these ticks; nothing here decides it.
- intervention: a departure, or the end of a drive whose car could not go on. It is what a safety driver would have had to do.
- autonomy: Bojarski et al. 2016, "End to End Learning for Self-Driving Cars" (NVIDIA), section 7.2.
- VISTA's end test: Amini et al. 2020, "Learning Robust Control Policies for End-to-End Autonomous Driving from Data-Driven Simulation".
"""

from __future__ import annotations

import math

import numpy as np

from driving.evaluation.measures.stretches import Columns, compute_mean, split_at_put_backs

INTERVENTION_S = 6.0
VISTA_LATERAL_M, VISTA_HEADING_RAD = 2.0, math.radians(18.0)
BROKEN_OFF = ("stuck", "collided")  # reasons for which a drive ends before its route does, and someone must help the car


def count_departures(columns: Columns) -> int:
    """Return how often the car left its lane and was put back."""
    return int(np.count_nonzero(columns["departed"]))


def count_interventions(columns: Columns, end_reason: str) -> int:
    """Return how often someone had to help: at each departure, and where the car was stuck or had collided at the drive's end."""
    return count_departures(columns) + (end_reason in BROKEN_OFF)


def autonomy_percent(interventions: int, elapsed_s: float) -> float:
    """Return NVIDIA's autonomy, (1 - interventions * 6 s / elapsed s) * 100, at least 0; NaN where no time has passed."""
    return 100.0 * max(0.0, 1.0 - interventions * INTERVENTION_S / elapsed_s) if elapsed_s > 0 else float("nan")


def time_to_departure_s(columns: Columns) -> float:
    """Return when the car left its lane first (s after the start of the drive), NaN where it never did."""
    departed = np.flatnonzero(columns["departed"])
    return float(columns["dt_s"][: departed[0] + 1].sum()) if len(departed) else float("nan")


def count_vista_ends(columns: Columns) -> int:
    """Return how often VISTA would have ended the drive: |lateral| > 2 m, half its road's width, or |heading error| > 18 degrees.

    Ticks in a row count once. Its end test is stricter than a departure, because it looks at the heading as well.
    """
    over = (np.abs(columns["lateral_m"]) > VISTA_LATERAL_M) | (np.abs(columns["heading_error_rad"]) > VISTA_HEADING_RAD)
    return sum(int(np.count_nonzero(np.diff(over[ticks].astype(int), prepend=0) == 1)) for ticks in split_at_put_backs(columns))


def mean_lateral_m(columns: Columns) -> float:
    """Return the mean of the signed offset from the centre line (m), right positive. A car that always drives on one side shows here."""
    return compute_mean(columns["lateral_m"])


def mean_abs_lateral_m(columns: Columns) -> float:
    """Return the mean distance from the centre line (m)."""
    return compute_mean(np.abs(columns["lateral_m"]))


def max_abs_lateral_m(columns: Columns) -> float:
    """Return the greatest distance from the centre line (m)."""
    return float(np.abs(columns["lateral_m"]).max(initial=0.0))


def mean_abs_heading_error_rad(columns: Columns) -> float:
    """Return the mean angle between the car and the centre line (rad)."""
    return compute_mean(np.abs(columns["heading_error_rad"]))
