"""Two sides' events per km on the same routes, where events are rare.

The bootstrap and the t test see only what varies between routes. Two drivers without a single departure do not vary at all, and their difference
would come out as exactly 0. So where the two sides differ on few routes, the interval of the difference comes from exact Poisson intervals.

Shapes: S training seeds of a side, R routes.
"""

from __future__ import annotations

import numpy as np

from driving.evaluation.statistics.interval import CONFIDENCE, Interval
from driving.evaluation.statistics.paired import Sums, paired_difference
from driving.evaluation.statistics.rates import poisson_ends

FEW_DISCORDANT = 10  # routes; with fewer that differ, resampling has too few values to draw from


def rate_difference(a: Sums, b: Sums, seed: int = 0, confidence: float = CONFIDENCE) -> Interval:
    """Return the interval of A's rate less B's: resampled, or made of both exact Poisson intervals where fewer than 10 routes differ.

    The second is the method of variance estimates recovery (Zou and Donner 2008). It does not use the pairing. It is never narrower than the
    resampled one.
    """
    resampled = paired_difference(a, b, seed, confidence)
    if np.count_nonzero(a.route_means() != b.route_means()) >= FEW_DISCORDANT:
        return resampled
    (rate_a, low_a, high_a), (rate_b, low_b, high_b) = (_exact(side, confidence) for side in (a, b))
    difference = rate_a - rate_b
    low = difference - ((rate_a - low_a) ** 2 + (high_b - rate_b) ** 2) ** 0.5
    high = difference + ((high_a - rate_a) ** 2 + (rate_b - low_b) ** 2) ** 0.5
    if not np.isfinite([resampled.low, resampled.high]).all():
        return Interval(low, high, "exact Poisson intervals of both")
    return Interval(min(low, resampled.low), max(high, resampled.high), "exact Poisson intervals of both, because few routes differ")


def count_discordant(a: Sums, b: Sums) -> tuple[int, int]:
    """Return on how many routes only A had an event, and on how many only B."""
    with_a_R, with_b_R = (side.numerator_SR.sum(0) > 0 for side in (a, b))
    return int(np.count_nonzero(with_a_R & ~with_b_R)), int(np.count_nonzero(with_b_R & ~with_a_R))


def _exact(side: Sums, confidence: float) -> tuple[float, float, float]:
    """Return a side's rate over all its km, and both ends of its exact Poisson interval."""
    events, km = float(side.numerator_SR.sum()), float(side.denominator_SR.sum())
    return events / km, *poisson_ends(events, km, (1.0 - confidence) / 2.0)
