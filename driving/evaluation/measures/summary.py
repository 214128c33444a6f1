"""All measures of one drive as plain numbers, and the same measures over several drives.

Each measure is defined where it is computed, in the other files of this folder. What the wall clock measures is not here but in `latency`, so
that two runs of one seed have equal measures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, get_args

import numpy as np

from driving.evaluation.measures import comfort, lane_keeping, leaderboard, progress
from driving.evaluation.measures.collisions import CollisionKind, list_collisions
from driving.quantities import UserError
from driving.rollout.trace import Trace


@dataclass(frozen=True, slots=True)
class Measures:
    """The figures of one drive or of several. A figure is NaN where there is nothing to measure it on."""

    length_m: float  # that was to be driven
    ticks: int
    km: float  # distance driven
    elapsed_s: float  # simulated time
    completion: float  # 0 to 1
    mean_speed_mps: float
    departures: int
    departures_per_km: float
    interventions: int  # departures, and ends of drives whose car was stuck or had collided
    interventions_per_km: float
    autonomy_percent: float
    time_to_departure_s: float  # of several drives: their time until the first departure each, by the number of drives that had one
    vista_ends: int
    mean_lateral_m: float  # right positive
    mean_abs_lateral_m: float
    max_abs_lateral_m: float
    mean_abs_heading_error_rad: float
    steering_smoothness: float  # 1/s
    steering_jerk: float  # 1/s^2
    comfortable_share: float  # 0 to 1
    pedestrian_collisions: int
    vehicle_collisions: int
    static_collisions: int
    outside_lane_share: float  # 0 to 1
    infraction_penalty: float  # 0 to 1
    driving_score: float  # 0 to 100

    def as_dict(self) -> dict[str, float | None]:
        """Return the figures as plain numbers for JSON; NaN becomes None."""
        return {name: None if value != value else value for name, value in asdict(self).items()}

    @staticmethod
    def from_row(row: Mapping[str, Any]) -> Measures:
        """Return the figures that `as_dict` gave, from a row that may hold more. Raises UserError where one is missing."""
        names = [field.name for field in fields(Measures)]
        missing = [name for name in names if name not in row]
        if missing:
            raise UserError(f"the result of drive '{row.get('name', '?')}' lacks {missing}: another version wrote it, evaluate again")
        values: dict[str, Any] = {name: float("nan") if row[name] is None else row[name] for name in names}
        return Measures(**values)


def measure(trace: Trace) -> Measures:
    """Return the figures of one drive. The trace's meta must say its route's length, why it ended, its time step and its contacts."""
    columns, meta = trace.columns, trace.meta
    km, elapsed = progress.distance_km(columns), float(columns["dt_s"].sum())
    departures, interventions = lane_keeping.count_departures(columns), lane_keeping.count_interventions(columns, str(meta["end_reason"]))
    collisions = list_collisions(meta["collisions"], float(meta["dt_s"]))
    kinds = [collision.kind for collision in collisions]
    completed, outside = progress.completion(columns, float(meta["route_length_m"])), leaderboard.outside_lane_share(columns)
    penalty = leaderboard.infraction_penalty(collisions, outside)
    return Measures(
        length_m=float(meta["route_length_m"]),
        ticks=len(columns["dt_s"]),
        km=km,
        elapsed_s=elapsed,
        completion=completed,
        mean_speed_mps=progress.mean_speed_mps(columns),
        departures=departures,
        departures_per_km=_divide(departures, km),
        interventions=interventions,
        interventions_per_km=_divide(interventions, km),
        autonomy_percent=lane_keeping.autonomy_percent(interventions, elapsed),
        time_to_departure_s=lane_keeping.time_to_departure_s(columns),
        vista_ends=lane_keeping.count_vista_ends(columns),
        mean_lateral_m=lane_keeping.mean_lateral_m(columns),
        mean_abs_lateral_m=lane_keeping.mean_abs_lateral_m(columns),
        max_abs_lateral_m=lane_keeping.max_abs_lateral_m(columns),
        mean_abs_heading_error_rad=lane_keeping.mean_abs_heading_error_rad(columns),
        steering_smoothness=comfort.steering_smoothness(columns),
        steering_jerk=comfort.steering_jerk(columns),
        comfortable_share=comfort.comfortable_share(columns),
        pedestrian_collisions=kinds.count("pedestrian"),
        vehicle_collisions=kinds.count("vehicle"),
        static_collisions=kinds.count("static"),
        outside_lane_share=outside,
        infraction_penalty=penalty,
        driving_score=leaderboard.driving_score(completed, penalty),
    )


SUMS = ("length_m", "km", "elapsed_s")
COUNTS = ("ticks", "departures", "interventions", "vista_ends", *(f"{kind}_collisions" for kind in get_args(CollisionKind)))
"""Measures that add up over drives."""

WEIGHTS = {
    "completion": "length_m",
    "mean_lateral_m": "ticks",
    "mean_abs_lateral_m": "ticks",
    "mean_abs_heading_error_rad": "ticks",
    "comfortable_share": "elapsed_s",
    "outside_lane_share": "km",
}
"""Measures whose mean over drives is weighted, and by what."""


def combine(drives: Sequence[Measures]) -> Measures:
    """Return the figures over several drives.

    Distances, times and events are sums; rates are those of the sums; the steering's root mean squares are over all ticks; the leaderboard's
    penalty and driving score are plain means of the drives', as the leaderboard has them. Raises UserError where there is no drive.
    """
    if not drives:
        raise UserError("there is no drive to combine: give a suite with at least one route")
    values = {field.name: np.array([getattr(drive, field.name) for drive in drives], dtype=float) for field in fields(Measures)}
    total: dict[str, Any] = {name: float(values[name].sum()) for name in SUMS} | {name: int(values[name].sum()) for name in COUNTS}
    km, elapsed = total["km"], total["elapsed_s"]
    first = values["time_to_departure_s"]
    departed = np.isfinite(first)
    total |= {name: _average(values[name], values[weight]) for name, weight in WEIGHTS.items()}
    total |= {name: _average(values[name] ** 2, values["ticks"]) ** 0.5 for name in ("steering_smoothness", "steering_jerk")}
    total |= {name: _average(values[name], np.ones(len(drives))) for name in ("infraction_penalty", "driving_score")}
    return Measures(
        **total,
        mean_speed_mps=_divide(km * 1e3, elapsed),
        departures_per_km=_divide(total["departures"], km),
        interventions_per_km=_divide(total["interventions"], km),
        autonomy_percent=lane_keeping.autonomy_percent(total["interventions"], elapsed),
        time_to_departure_s=_divide(float(np.where(departed, first, values["elapsed_s"]).sum()), int(departed.sum())),
        max_abs_lateral_m=float(values["max_abs_lateral_m"].max()),
    )


def _average(values: np.ndarray, weights: np.ndarray) -> float:
    """Return the weighted mean of those values that are not NaN, NaN where there is none."""
    known = np.isfinite(values)
    return float(_divide((values[known] * weights[known]).sum(), weights[known].sum()))


def _divide(count: float, by: float) -> float:
    """Return a quotient, NaN by nothing."""
    return count / by if by > 0 else float("nan")
