"""The figures by which policies are compared, each with its interval and what was resampled for it, from the rows of an evaluation.

Drives of one route in several weathers are not independent: they meet the same bend. So routes are resampled, not drives, and never ticks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from driving.evaluation.statistics.bootstrap import bootstrap_ratio
from driving.evaluation.statistics.interval import Interval
from driving.evaluation.statistics.proportions import wilson_interval
from driving.evaluation.statistics.rates import rate_interval
from driving.rollout.disturbance import Disturbance

Row = Mapping[str, Any]
Weight = Literal["km", "length_m", "ticks", "elapsed_s", "drives"]


@dataclass(frozen=True)
class Figure:
    """A figure over several drives: the mean of a measure, weighted, or a rate, or a share of drives."""

    name: str
    heading: str  # with its unit
    form: str  # the format string of a value
    measure: str = ""  # in a drive's row; "" for the share of drives without a departure
    weight: Weight = "drives"
    factor: float = 1.0  # from the row's unit to the heading's


DEPARTURES = Figure("departures_per_km", "departures per km", "{:.2f}", "departures", "km")
FIGURES = (
    DEPARTURES,
    Figure("clean_share", "drives without a departure, %", "{:.0f}", factor=100.0),
    Figure("completion", "driven by itself, %", "{:.1f}", "completion", "length_m", 100.0),
    Figure("mean_abs_lateral_m", "off centre, m", "{:.3f}", "mean_abs_lateral_m", "ticks"),
    Figure("mean_lateral_m", "to the right, m", "{:+.3f}", "mean_lateral_m", "ticks"),
    Figure("comfortable_share", "comfortable, % of time", "{:.0f}", "comfortable_share", "elapsed_s", 100.0),
    Figure("driving_score", "driving score, 0 to 100", "{:.1f}", "driving_score"),
)


@dataclass(frozen=True)
class Estimate:
    """A figure's value with its 95 % interval."""

    figure: Figure
    value: float
    interval: Interval

    def format(self, value: float) -> str:
        """Return a value of the figure as text."""
        return self.figure.form.format(value).replace("-", "−") if np.isfinite(value) else "–"

    @property
    def text(self) -> str:
        """The value and its interval: "10.20 (8.31 to 12.40)", or "0.00 (below 0.27)" where the interval has one side."""
        low, high = self.interval.low, self.interval.high
        if not np.isfinite(low) or not np.isfinite(high):
            return f"{self.format(self.value)} (unknown)"
        if self.figure.weight == "km" and low == 0.0 and self.value == 0.0:
            return f"{self.format(self.value)} (below {self.format(high)})"
        return f"{self.format(self.value)} ({self.format(low)} to {self.format(high)})"


def make_estimates(rows: Sequence[Row]) -> list[Estimate]:
    """Return all FIGURES over some drives, in order; NaN where there is no drive."""
    return [_estimate(figure, rows) for figure in FIGURES]


def _estimate(figure: Figure, rows: Sequence[Row]) -> Estimate:
    """Return one figure over some drives."""
    if not figure.measure:
        clean = sum(row["departures"] == 0 for row in rows)
        return _scale(figure, clean / len(rows) if rows else float("nan"), wilson_interval(clean, len(rows)), f" drive{'s' * (len(rows) > 1)}")
    top_R, weight_R = sum_by_route(figure, rows)
    value = float(top_R.sum() / weight_R.sum()) if weight_R.sum() > 0 else float("nan")
    return _scale(figure, value, rate_interval(top_R, weight_R) if figure.weight == "km" else bootstrap_ratio(top_R, weight_R))


def _scale(figure: Figure, value: float, interval: Interval, of: str = "") -> Estimate:
    """Return an estimate in the heading's unit."""
    scaled = Interval(interval.low * figure.factor, interval.high * figure.factor, interval.basis + of)
    return Estimate(figure, value * figure.factor, scaled)


def sum_by_route(figure: Figure, rows: Sequence[Row]) -> tuple[np.ndarray, np.ndarray]:
    """Return the numerators (R,) and denominators (R,) of a figure, one per route. A drive without the measure is left out."""
    sums: dict[str, np.ndarray] = {}
    for row in rows:
        if row[figure.measure] is None:
            continue
        weight = 1.0 if figure.weight == "drives" else float(row[figure.weight])
        top = float(row[figure.measure]) * (1.0 if figure.weight == "km" else weight)
        sums.setdefault(route_key(row), np.zeros(2))[:] += top, weight
    both_R2 = np.array(list(sums.values())).reshape(-1, 2)
    return both_R2[:, 0], both_R2[:, 1]


def choose_headline(rows: Sequence[Row]) -> list[Row]:
    """Return the drives that stand for the driver: those without a disturbance, or all where each has one. Others are shown by severity."""
    return [row for row in rows if row.get("disturbance", Disturbance.kind) == Disturbance.kind] or list(rows)


def group_by_disturbance(rows: Sequence[Row]) -> dict[tuple[str, float], list[Row]]:
    """Return the disturbed drives by kind and severity, in the suite's order."""
    groups: dict[tuple[str, float], list[Row]] = {}
    for row in rows:
        if row.get("disturbance", Disturbance.kind) != Disturbance.kind:
            groups.setdefault((str(row["disturbance"]), float(row["severity"])), []).append(row)
    return groups


def route_key(row: Row) -> str:
    """Return what makes two drives one route: drives in other weathers or with other seeds meet the same bends."""
    return json.dumps([row["map"], row["route"]], sort_keys=True)


def describe(rows: Sequence[Row]) -> list[str]:
    """Return in plain sentences what some drives show and what they leave open: departures, and whether the car keeps to one side."""
    by_name = {estimate.figure.name: estimate for estimate in make_estimates(rows)}
    return [_describe_departures(rows, by_name["departures_per_km"]), _describe_side(by_name["mean_lateral_m"])] if rows else []


def _describe_departures(rows: Sequence[Row], rate: Estimate) -> str:
    """Return the departures in words; without any, what their absence shows."""
    departures, km = sum(int(row["departures"]) for row in rows), sum(float(row["km"]) for row in rows)
    if departures:
        return f"{departures} departure{'s' * (departures > 1)} in {km:.1f} km."
    if not np.isfinite(rate.interval.high):
        return "Nothing was driven."
    return f"No departure in {km:.1f} km: this bounds the rate at {rate.format(rate.interval.high)} per km (one-sided 95 %), not at zero."


def _describe_side(lateral: Estimate) -> str:
    """Return on which side of the lane's centre the car drives, in words."""
    low, high = lateral.interval.low, lateral.interval.high
    where = f"on average it is {abs(lateral.value):.3f} m {'right' if lateral.value > 0 else 'left'} of the centre"
    if not np.isfinite([low, high]).all():
        return f"One route does not show whether the car keeps to one side: {where}."
    if low <= 0.0 <= high:
        return f"The car is not shown to keep to one side: {where}."
    return f"The car keeps to the {'right' if lateral.value > 0 else 'left'}: {where}."
