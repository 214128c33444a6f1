"""Proportions, such as the share of routes without a departure."""

from __future__ import annotations

from scipy import stats

from driving.evaluation.statistics.interval import CONFIDENCE, Interval


def wilson_interval(successes: float, trials: int, confidence: float = CONFIDENCE) -> Interval:
    """Return Wilson's score interval of a proportion (Wilson 1927). Without a trial it is 0 to 1.

    `successes` may hold halves, which stand for ties.
    """
    if trials == 0:
        return Interval(0.0, 1.0, "no trial")
    z = float(stats.norm.ppf((1.0 + confidence) / 2.0))
    share = successes / trials
    middle = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * (share * (1 - share) / trials + z * z / (4 * trials * trials)) ** 0.5
    low = 0.0 if successes == 0 else middle - half
    high = 1.0 if successes == trials else middle + half
    return Interval(low, high, f"Wilson over {trials}")


def discordant_p_value(only_a: int, only_b: int) -> float:
    """Return the two-sided p-value of the conditional binomial test on discordant routes (McNemar 1947, exact).

    `only_a` routes had an event with A but not with B, `only_b` routes the other way round. Routes that agree say nothing about the difference.
    """
    return float(stats.binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0


def greatest_unseen_share(trials: int, tail: float) -> float:
    """Return the greatest share of an event that did not occur in so many trials, with an error probability of `tail` (Clopper and Pearson 1934)."""
    return 1.0 - tail ** (1.0 / trials) if trials else 1.0
