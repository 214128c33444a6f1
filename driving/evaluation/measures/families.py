"""The measures of drives by the family of their roads, and how the families fare that a driver masters least.

The mean over all roads hides a family that a driver cannot drive at all. The single worst family of a short suite is often one unlucky bend. So a
driver is judged by the mean of the worst third of the families. An intervention is a departure, or the end of a drive whose car is stuck or has
collided. Departures alone would praise a driver that stops at the first obstacle.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from driving.evaluation.measures.summary import Measures, combine
from driving.world.generated.families import family_of

WORST_SHARE = 1.0 / 3.0


def measure_families(rows: Sequence[Mapping[str, Any]]) -> dict[str, Measures]:
    """Return the measures of each family's drives, from the rows of an evaluation; a map from a file is a family of its own."""
    drives: dict[str, list[Measures]] = {}
    for row in rows:
        drives.setdefault(family_of(str(row["map"])), []).append(Measures.from_row(row))
    return {family: combine(own) for family, own in drives.items()}


def intervention_rate(measures: Measures) -> float:
    """Return the interventions per km; infinite where nothing was driven."""
    return measures.interventions_per_km if measures.km > 0 else math.inf


def rate_worst_families(families: Mapping[str, Measures]) -> float:
    """Return the mean interventions per km of the worst third of the families, of one at least."""
    rates = sorted(map(intervention_rate, families.values()), reverse=True)
    count = math.ceil(WORST_SHARE * len(rates))
    return sum(rates[:count]) / count
