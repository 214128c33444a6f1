"""One measure of A and of B, and all that is known about their difference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np

from driving.evaluation.comparison.measures import MEASURES, Measure, Rows, sum_routes
from driving.evaluation.statistics.events import count_discordant, rate_difference
from driving.evaluation.statistics.interval import CONFIDENCE, Interval
from driving.evaluation.statistics.multiplicity import adjust_p_values
from driving.evaluation.statistics.paired import Sums, difference_p_value, improvement_probability, interquartile_mean, paired_difference
from driving.evaluation.statistics.power import detectable_difference, detectable_rate_difference, factor_to_settle
from driving.evaluation.statistics.proportions import discordant_p_value, greatest_unseen_share

SIGNIFICANT = 1.0 - CONFIDENCE
FEW_SEEDS = 5  # with fewer training seeds, their own values are shown as well

Verdict = Literal["A is better", "A is worse", "undecided"]


@dataclass(frozen=True)
class Difference:
    """A measure on both sides, and A - B."""

    measure: str
    a: float
    b: float
    difference: float
    interval: Interval  # of the difference, 95 %
    p_value: float  # of "no difference"
    adjusted_p_value: float  # for the number of measures that were asked about
    improvement_probability: float  # that A is better than B on a route; ties count half
    improvement_interval: Interval
    interquartile_means: tuple[float, float]  # of A and of B
    interquartile_difference: Interval
    detectable: float  # the smallest difference that these drives would have shown
    factor_to_settle: float  # as many times as many drives would show the observed difference
    discordant: tuple[int, int] | None  # for events: routes with one for A only, and for B only
    discordant_p_value: float | None
    seed_values: tuple[tuple[float, ...], tuple[float, ...]] | None  # of A and of B, where training seeds are several but few

    @property
    def verdict(self) -> Verdict:
        """What is known: the interval and the corrected p-value must agree that there is a difference."""
        if self.adjusted_p_value >= SIGNIFICANT or 0.0 in self.interval:
            return "undecided"
        return "A is better" if (self.difference < 0.0) == MEASURES[self.measure].less_is_better else "A is worse"

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; what is infinite or not known becomes None."""
        values = asdict(self) | {"verdict": self.verdict}
        for name, value in values.items():
            one = getattr(self, name)
            values[name] = one.as_dict() if isinstance(one, Interval) else None if isinstance(value, float) and not math.isfinite(value) else value
        return values


def compare_all(sides: Sequence[Sequence[Rows]], seed: int = 0) -> list[Difference]:
    """Return the difference in every measure that has a value. The p-values are corrected for the number of measures."""
    sums = {name: sum_routes(name, sides) for name in MEASURES}
    found = [compare_measure(name, both[0], both[1], seed) for name, both in sums.items() if both[0].routes]
    adjusted = adjust_p_values({one.measure: one.p_value for one in found})
    return [replace(one, adjusted_p_value=adjusted[one.measure]) for one in found]


def compare_measure(name: str, a: Sums, b: Sums, seed: int = 0) -> Difference:
    """Return the difference in one measure. Its p-value is not corrected."""
    measure = MEASURES[name]
    difference = a.value() - b.value()
    share, share_interval = improvement_probability(a, b, measure.less_is_better, seed)
    detectable = detectable_rate_difference(a, b) if measure.events else detectable_difference(a, b)
    discordant = count_discordant(a, b) if measure.events else None
    several = max(a.seeds, b.seeds) > 1 and min(a.seeds, b.seeds) < FEW_SEEDS
    p_value = difference_p_value(a, b, seed)
    return Difference(
        measure=name,
        a=a.value(),
        b=b.value(),
        difference=difference,
        interval=difference_interval(measure, a, b, seed),
        p_value=p_value,
        adjusted_p_value=p_value,
        improvement_probability=share,
        improvement_interval=share_interval,
        interquartile_means=(_interquartile(a), _interquartile(b)),
        interquartile_difference=paired_difference(a, b, seed, value=interquartile_mean),
        detectable=detectable,
        factor_to_settle=factor_to_settle(difference, detectable),
        discordant=discordant,
        discordant_p_value=None if discordant is None else discordant_p_value(*discordant),
        seed_values=(tuple(a.seed_values().tolist()), tuple(b.seed_values().tolist())) if several else None,
    )


def difference_interval(measure: Measure, a: Sums, b: Sums, seed: int = 0, confidence: float = CONFIDENCE) -> Interval:
    """Return the interval of A - B in a measure.

    Where both sides are equal on each route, resampling would give exactly 0. Then some routes may still differ: as many as one may miss by chance
    among so many, by as much as the measure allows.
    """
    if measure.events:
        return rate_difference(a, b, seed, confidence)
    if len(np.unique(np.concatenate([a.route_values(), b.route_values()]), axis=0)) > 1:
        return paired_difference(a, b, seed, confidence)
    span = greatest_unseen_share(a.routes, (1.0 - confidence) / 2.0) * (measure.extremes[1] - measure.extremes[0])
    return Interval(-span, span, f"both are the same on each of {a.routes} routes")


def _interquartile(side: Sums) -> float:
    """Return a side's interquartile mean."""
    return float(interquartile_mean(side.numerator_SR, side.denominator_SR))
