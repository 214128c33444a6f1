"""The measures that a comparison asks about, each as a ratio of sums over drives, with the direction that is better."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from driving.evaluation.estimates import route_key
from driving.evaluation.statistics.paired import Sums
from driving.quantities import UserError
from driving.rollout.loop import PUT_BACK_S, SLOWEST_MPS
from policy.options import nearest

MOST_DEPARTURES_PER_KM = 1e3 / (PUT_BACK_S * SLOWEST_MPS)  # each one puts the car at least this far on

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Measure:
    """One measure of an evaluation's rows."""

    unit: str
    less_is_better: bool
    weight: str  # the row's value that weighs a drive; "" for equal weights
    extremes: tuple[float, float]  # the least and the greatest value of one drive
    events: str = ""  # for a rate: the row's number of events


MEASURES: dict[str, Measure] = {
    "departures_per_km": Measure("per km", True, "km", (0.0, MOST_DEPARTURES_PER_KM), "departures"),
    "completion": Measure("", False, "length_m", (0.0, 1.0)),
    "driving_score": Measure("of 100", False, "", (0.0, 100.0)),
    "mean_abs_lateral_m": Measure("m", True, "ticks", (0.0, math.inf)),
    "mean_abs_heading_error_rad": Measure("rad", True, "ticks", (0.0, math.pi)),
    "steering_smoothness": Measure("1/s", True, "", (0.0, math.inf)),
    "comfortable_share": Measure("", False, "", (0.0, 1.0)),
}


def find_measure(name: str) -> Measure:
    """Return a measure by its name. Raises UserError for an unknown one."""
    if name not in MEASURES:
        raise UserError(f"there is no measure '{name}' to compare{nearest(name, MEASURES)}: choose from {', '.join(MEASURES)}")
    return MEASURES[name]


class Terms(NamedTuple):
    """What one drive adds to the two sums of a measure."""

    numerator: float
    denominator: float


def row_terms(name: str, row: Mapping[str, Any]) -> Terms:
    """Return a drive's terms; both are 0 where it has no value. Raises UserError where the row lacks the measure."""
    measure = MEASURES[name]
    try:
        weight = float(row[measure.weight]) if measure.weight else 1.0
        if measure.events:
            return Terms(float(row[measure.events]), weight)
        return Terms(0.0, 0.0) if row[name] is None else Terms(float(row[name]) * weight, weight)
    except (KeyError, TypeError) as error:
        raise UserError(f"the drive {row.get('name', json.dumps(row))} has no {name} ({error}): evaluate again") from error


def sum_routes(name: str, sides: Sequence[Sequence[Rows]]) -> list[Sums]:
    """Return a measure of each side as sums per route, from its drives [training seed][drive]. Routes without a value on one side are left out."""
    keys = [route_key(row) for row in sides[0][0]]
    place = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    totals = [np.zeros((2, len(rows_of_seeds), len(place))) for rows_of_seeds in sides]
    for total, rows_of_seeds in zip(totals, sides, strict=True):
        for seed, rows in enumerate(rows_of_seeds):
            for key, row in zip(keys, rows, strict=True):
                total[:, seed, place[key]] += row_terms(name, row)
    known_R = np.all([(total[1] > 0).all(0) for total in totals], axis=0)
    return [Sums(*total[:, :, known_R]) for total in totals]
