"""How many roads of each family a round records: hard families come more often.

Half of the roads go to the families as the configuration says, so that nothing is forgotten. The other half goes in proportion to the
interventions per km that the last evaluation counted on each family. A rate is taken as LEAST_PER_KM at least, because a short drive without a
failure proves little, and as MOST_PER_KM at most, so that a family that the policy cannot drive at all leaves room for the others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from driving.evaluation.comparison.sides import SUMMARY
from driving.evaluation.estimates import choose_headline
from driving.evaluation.measures.families import intervention_rate, measure_families, rate_worst_families
from driving.evaluation.measures.summary import Measures, combine
from driving.quantities import UserError

KEPT_SHARE = 0.5
LEAST_PER_KM, MOST_PER_KM = 0.5, 10.0


def share_by_failures(families: Mapping[str, int], rates: Mapping[str, float]) -> dict[str, float]:
    """Return each family's share of a round, from its number of roads so far and its interventions per km; the shares add up to 1."""
    bounded = {family: min(max(rates.get(family, 0.0), LEAST_PER_KM), MOST_PER_KM) for family in families}
    roads, total = sum(families.values()), sum(bounded.values())
    return {family: KEPT_SHARE * families[family] / roads + (1.0 - KEPT_SHARE) * rate / total for family, rate in bounded.items()}


def count_roads(families: Mapping[str, int], judged: Mapping[str, Measures]) -> dict[str, int]:
    """Divide the roads of a recording anew.

    Args:
        families: the number of roads of each family before. Their sum stays, and a family without roads stays without.
        judged: how the policy drove by family; a family that was not driven counts as one without a failure.

    Each family keeps at least one road, also where that makes more roads in all.
    """
    rates = {family: intervention_rate(measures) for family, measures in judged.items()}
    kept = {family: count for family, count in families.items() if count > 0}
    total = sum(families.values())
    wanted = {family: share * total for family, share in share_by_failures(kept, rates).items()}
    counts = {family: max(1, int(roads)) for family, roads in wanted.items()}
    by_rest = sorted(kept, key=lambda family: counts[family] - wanted[family])
    for family in by_rest[: max(0, total - sum(counts.values()))]:
        counts[family] += 1
    return counts


def read_families(evaluation: Path) -> dict[str, Measures]:
    """Return the measures by family of a finished evaluation. Raises UserError where its summary cannot be read."""
    try:
        rows = json.loads((evaluation / SUMMARY).read_text(encoding="utf-8"))["routes"]
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{evaluation / SUMMARY} cannot be read ({error}): give another --out to begin anew") from error
    return measure_families(choose_headline(rows))


def score(evaluation: Path) -> tuple[float, float]:
    """Return how badly a policy drives: on its worst families, and how far off centre, which decides between equals."""
    families = read_families(evaluation)
    return rate_worst_families(families), combine(list(families.values())).mean_abs_lateral_m
