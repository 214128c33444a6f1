"""What a number of drives could have shown, and how many drives would show it.

Everything here is for a two-sided test at 5 % that finds a true difference with a probability of 80 % (a power of 80 %).

Shapes: R routes.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from driving.evaluation.statistics.paired import Sums, is_about_recipes

NEEDED = float(stats.norm.ppf(0.975) + stats.norm.ppf(0.8))  # 1.96 + 0.84: the true difference, in standard errors
ROUNDING = 1e-12


def standard_error(a: Sums, b: Sums) -> float:
    """Return the standard error of A - B: over training seeds where both sides have several, else over the paired routes."""
    if is_about_recipes(a, b):
        return math.sqrt(sum(float(side.seed_values().var(ddof=1)) / side.seeds for side in (a, b)))
    if a.routes < 2:
        return math.inf
    return float((a.route_means() - b.route_means()).std(ddof=1)) / math.sqrt(a.routes)


def detectable_difference(a: Sums, b: Sums) -> float:
    """Return the smallest true difference of means that these drives would have shown."""
    return NEEDED * standard_error(a, b)


def detectable_rate_difference(a: Sums, b: Sums) -> float:
    """Return by how much one rate per km must exceed the other, which is the smaller one observed, so that these drives would have shown it.

    It is the greater one of two: that of the paired routes, and that of two Poisson counts over equal distances. For the second, the square root
    of a count has a standard deviation of 1/2 whatever its mean.
    """
    km = float(np.mean([side.denominator_SR.sum() for side in (a, b)]))
    least = min(a.value(), b.value()) * km
    poisson = ((math.sqrt(least) + NEEDED / math.sqrt(2.0)) ** 2 - least) / km
    return max(poisson, detectable_difference(a, b))


def factor_to_settle(difference: float, detectable: float) -> float:
    """Return how many times as many drives (or training seeds) would show a difference, if it is as large as observed.

    The detectable difference shrinks with the square root of the number of drives. A difference within rounding counts as none: the factor is
    infinite.
    """
    return math.inf if abs(difference) < ROUNDING else (detectable / abs(difference)) ** 2
