"""What the drives that could not be driven leave open in a comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from driving.evaluation.comparison.measures import MEASURES, row_terms
from driving.evaluation.comparison.sides import Evaluation, Side
from driving.evaluation.statistics.interval import Interval
from driving.evaluation.statistics.not_driven import bound_ratio


def describe_not_driven(sides: Sequence[Side]) -> list[str]:
    """Return one sentence for each evaluation with drives that could not be driven."""
    lines = []
    for side in sides:
        for evaluation in side.evaluations:
            if evaluation.summary["not_driven"]:
                bounds = {name: bound_measure(name, evaluation) for name in MEASURES if np.isfinite(MEASURES[name].extremes).all()}
                words = ", ".join(f"{name} {bound.low:.3g} to {bound.high:.3g}" for name, bound in bounds.items())
                count = len(evaluation.summary["not_driven"])
                lines.append(f"{count} drives of {evaluation.folder} were not driven. All best to all worst, they leave: {words}.")
    return lines


def bound_measure(name: str, evaluation: Evaluation) -> Interval:
    """Return the bounds of a measure over all drives of an evaluation, driven or not."""
    measure = MEASURES[name]
    terms = np.array([row_terms(name, row) for row in evaluation.summary["routes"]])
    per_m = terms[:, 1].sum() / sum(_length_m(row) for row in evaluation.summary["routes"])
    missing = np.array([per_m * _length_m(row) for row in evaluation.summary["not_driven"]])
    return bound_ratio(terms[:, 0], terms[:, 1], missing, measure.extremes)


def _length_m(row: Mapping[str, Any]) -> float:
    """Return the length that was to be driven (m)."""
    return float(row["route"]["length_m"])
