"""Events per km, such as departures: exact Poisson intervals, and the bootstrap over routes where events cluster.

Shapes: R routes.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from driving.evaluation.statistics.bootstrap import bootstrap_ratio
from driving.evaluation.statistics.interval import CONFIDENCE, Interval

DRAWS = 2_000  # of counts that come evenly
CLUSTERED = 0.05  # a p-value of the test for over-dispersion below this one means that events cluster


def poisson_interval(events: int, km: float, confidence: float = CONFIDENCE) -> Interval:
    """Return the exact interval of a Poisson rate per km (Garwood 1936).

    Without an event it is one-sided: all of the error probability lies above, and the upper end is 3.0 / km for 95 %. Without a kilometre there
    is no upper bound.
    """
    if km <= 0:
        return Interval(0.0, np.inf, "no distance was driven")
    if events == 0:
        return Interval(*poisson_ends(0, km, 1.0 - confidence), f"exact Poisson over {km:.3g} km, one-sided: there was no event")
    return Interval(*poisson_ends(events, km, (1.0 - confidence) / 2.0), f"exact Poisson over {km:.3g} km")


def poisson_ends(events: float, km: float, tail: float) -> tuple[float, float]:
    """Return the exact lower and upper bound of a Poisson rate per km, each with an error probability of `tail` (Garwood 1936)."""
    low = float(stats.chi2.ppf(tail, 2 * events)) if events > 0 else 0.0
    return low / (2.0 * km), float(stats.chi2.ppf(1.0 - tail, 2 * events + 2)) / (2.0 * km)


def dispersion_p_value(events_R: np.ndarray, km_R: np.ndarray, seed: int = 0) -> float:
    """Return the p-value of the test that events occur evenly over routes, against the alternative that they cluster on some routes.

    It is the test of the variance divided by the mean (Fisher 1950), conditional on the number of events. Its distribution is drawn, because the
    chi-squared approximation fails for the few events per route of a good driver.
    """
    total, km_R = int(np.sum(events_R)), np.asarray(km_R, float)
    if total < 2 or np.count_nonzero(km_R) < 2:
        return 1.0
    share_R = km_R / km_R.sum()
    expected_R = np.where(km_R > 0, total * share_R, 1.0)
    drawn_DR = np.random.default_rng(seed).multinomial(total, share_R, size=DRAWS)
    drawn_D = ((drawn_DR - expected_R) ** 2 / expected_R).sum(-1)
    observed = ((np.asarray(events_R) - expected_R) ** 2 / expected_R).sum()
    return float((1 + np.count_nonzero(drawn_D >= observed * (1.0 - 1e-12))) / (1 + DRAWS))


def rate_interval(events_R: np.ndarray, km_R: np.ndarray, seed: int = 0, confidence: float = CONFIDENCE) -> Interval:
    """Return the interval of a rate per km: exact Poisson, or the bootstrap over routes where events cluster. Its basis says which.

    Give the sums of each route, not of each drive: drives of one route in several weathers meet the same bad bend.
    """
    exact = poisson_interval(int(np.sum(events_R)), float(np.sum(km_R)), confidence)
    if dispersion_p_value(events_R, km_R, seed) >= CLUSTERED:
        return exact
    resampled = bootstrap_ratio(events_R, km_R, seed, confidence)
    return Interval(resampled.low, resampled.high, f"{resampled.basis}, because events cluster on some of them")
