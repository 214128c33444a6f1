"""Two sides, A and B, that have driven the same routes: difference, p-value, probability of improvement, interquartile mean.

A side is one policy, or several policies of one recipe, one per training seed. Where both sides have several, training seeds are the unit of
replication: an interval then holds for the two recipes. Else it holds for these policies only, and only routes are resampled.

Shapes: S training seeds of a side, R routes, D draws. All sides have the same R routes in the same order.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from driving.evaluation.statistics.bootstrap import (
    DRAWS,
    bootstrap_ends,
    bootstrap_seeds,
    describe_routes,
    percentile_ends,
)
from driving.evaluation.statistics.interval import CONFIDENCE, Interval
from driving.evaluation.statistics.proportions import wilson_interval

TIE = 1e-12  # differences this close count as equal: their sums were added in another order
SideValue = Callable[[np.ndarray, np.ndarray], np.ndarray]  # numerators and denominators (..., S, R) to one value per side (...)


@dataclass(frozen=True)
class Sums:
    """One measure of one side as sums per route: departures and km, or error x seconds and seconds."""

    numerator_SR: np.ndarray
    denominator_SR: np.ndarray

    @property
    def seeds(self) -> int:
        """The number of training seeds."""
        return len(self.numerator_SR)

    @property
    def routes(self) -> int:
        """The number of routes."""
        return self.numerator_SR.shape[1]

    def seed_values(self) -> np.ndarray:
        """Return the measure (S,) of each training seed over all routes."""
        return self.numerator_SR.sum(-1) / self.denominator_SR.sum(-1)

    def value(self) -> float:
        """Return the measure: the mean over training seeds."""
        return float(self.seed_values().mean())

    def route_values(self) -> np.ndarray:
        """Return the measure (S, R) of each training seed on each route."""
        return self.numerator_SR / self.denominator_SR

    def route_means(self) -> np.ndarray:
        """Return the measure (R,) on each route, as the mean over training seeds."""
        return self.route_values().mean(0)


def is_about_recipes(a: Sums, b: Sums) -> bool:
    """Return whether both sides have several training seeds, so that a difference holds for recipes and not only for these policies."""
    return min(a.seeds, b.seeds) > 1


def mean_of_ratios(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Return the value of a side: each training seed's ratio of sums over routes, averaged over the seeds."""
    return (numerator.sum(-1) / denominator.sum(-1)).mean(-1)


def interquartile_mean(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Return the mean of the middle half of all values, over training seeds and routes together.

    It is robust where few routes have very large values (Agarwal et al. 2021, "Deep reinforcement learning at the edge of the statistical
    precipice").
    """
    values = numerator / denominator
    return stats.trim_mean(values.reshape(*values.shape[:-2], -1), 0.25, axis=-1)


def paired_difference(a: Sums, b: Sums, seed: int = 0, confidence: float = CONFIDENCE, value: SideValue = mean_of_ratios) -> Interval:
    """Return the interval of value(A) - value(B), for the same resampled routes on both sides.

    For policies it is a BCa bootstrap over routes. For recipes it is the bootstrap over training seeds x routes. Where the value is the mean, the
    interval is then at least as wide as Welch's t interval over the seeds' values: a bootstrap of two or three seeds is much too narrow.
    """
    if not is_about_recipes(a, b):
        return _policy_difference(a, b, seed, confidence, value)
    rng = np.random.default_rng(seed)

    def difference(seed_DS: np.ndarray, route_DR: np.ndarray) -> np.ndarray:
        b_seed_DS = rng.integers(b.seeds, size=(len(seed_DS), b.seeds))
        return value(*_pick(a, seed_DS, route_DR)) - value(*_pick(b, b_seed_DS, route_DR))

    low, high = percentile_ends(bootstrap_seeds(difference, a.seeds, a.routes, rng), confidence)
    if value is mean_of_ratios:
        welch = _welch_test(a, b).confidence_interval(confidence)
        low, high = float(np.fmin(low, welch.low)), float(np.fmax(high, welch.high))
    return Interval(low, high, f"{a.seeds} and {b.seeds} training seeds x {describe_routes(a.routes)}")


def _policy_difference(a: Sums, b: Sums, seed: int, confidence: float, value: SideValue) -> Interval:
    """Return the interval of value(A) - value(B) for these policies: only routes are resampled."""
    basis = f"paired bootstrap over {describe_routes(a.routes)}"
    if a.routes < 2:
        return Interval(-np.inf, np.inf, basis)
    stacked = np.concatenate([a.numerator_SR, a.denominator_SR, b.numerator_SR, b.denominator_SR])

    def difference(*rows: np.ndarray, axis: int = -1) -> np.ndarray:
        top_a, bottom_a, top_b, bottom_b = np.split(np.stack([np.moveaxis(row, axis, -1) for row in rows], -2), _borders(a, b), axis=-2)
        return value(top_a, bottom_a) - value(top_b, bottom_b)

    if np.array_equal(np.broadcast_to(a.route_means(), b.route_means().shape), b.route_means()):
        return Interval(0.0, 0.0, f"{basis}, on each of which both are the same")
    return Interval(*bootstrap_ends(tuple(stacked), difference, seed, confidence), basis)


def _borders(a: Sums, b: Sums) -> list[int]:
    """Return where A's denominators, B's numerators and B's denominators begin in the stacked rows."""
    return [a.seeds, 2 * a.seeds, 2 * a.seeds + b.seeds]


def _pick(side: Sums, seed_DS: np.ndarray, route_DR: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the numerators and denominators (D, S, R) of drawn training seeds and routes."""
    picked = seed_DS[:, :, None], route_DR[:, None, :]
    return side.numerator_SR[picked], side.denominator_SR[picked]


def difference_p_value(a: Sums, b: Sums, seed: int = 0) -> float:
    """Return the two-sided p-value of "A and B do not differ".

    For policies it is the paired permutation test over routes. For recipes it is the greater one of that and of Welch's t test over the seeds'
    values: a difference between recipes must show over training seeds as well as over routes.
    """
    flips = sign_flip_p_value(a, b, seed)
    if not is_about_recipes(a, b):
        return flips
    welch = float(_welch_test(a, b).pvalue)
    return max(flips, 1.0 if np.isnan(welch) else welch)


def _welch_test(a: Sums, b: Sums) -> Any:
    """Return scipy's Welch test over the seeds' values. Its results are NaN where they are all the same."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return stats.ttest_ind(a.seed_values(), b.seed_values(), equal_var=False)


def sign_flip_p_value(a: Sums, b: Sums, seed: int = 0) -> float:
    """Return the two-sided p-value of the paired permutation test: on each route, A's drives and B's change places or do not.

    It tries every combination where there are at most 13 routes, else DRAWS random ones. With several training seeds, a side's sums on a route are
    the means over its seeds. (scipy's permutation test gives the same, in a hundred times the time.)
    """
    swapped_DR = _list_swaps(a.routes, np.random.default_rng(seed))
    parts = [getattr(side, name).mean(0) for name in ("numerator_SR", "denominator_SR") for side in (a, b)]
    top_a, top_b, bottom_a, bottom_b = (swapped_DR @ (other - own) + own.sum() for own, other in _exchange(parts))
    difference_D = np.abs(top_a / bottom_a - top_b / bottom_b)
    return float(np.mean(difference_D >= difference_D[0] - TIE * max(1.0, difference_D[0])))


def _exchange(parts: Sequence[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return each of A's and B's sums (R,) with those of the other side."""
    top_a, top_b, bottom_a, bottom_b = parts
    return [(top_a, top_b), (top_b, top_a), (bottom_a, bottom_b), (bottom_b, bottom_a)]


def _list_swaps(routes: int, rng: np.random.Generator) -> np.ndarray:
    """Return on which routes the sides change places (D, R), 0 or 1. In the first row they do on none."""
    if 2**routes <= DRAWS:
        return (np.arange(2**routes)[:, None] >> np.arange(routes) & 1).astype(float)
    return np.concatenate([np.zeros((1, routes)), rng.integers(2, size=(DRAWS, routes))]).astype(float)


def improvement_probability(a: Sums, b: Sums, less_is_better: bool, seed: int = 0, confidence: float = CONFIDENCE) -> tuple[float, Interval]:
    """Return the probability that A is better than B on a route, where ties count half, and its interval (Agarwal et al. 2021).

    Each training seed of A meets each one of B. For policies the interval is Wilson's over routes; for recipes it is the bootstrap over training
    seeds x routes.
    """
    sign = -1.0 if less_is_better else 1.0
    wins_SSR = (1.0 + np.sign(sign * (a.route_values()[:, None, :] - b.route_values()[None, :, :]))) / 2.0
    share = float(wins_SSR.mean())
    if not is_about_recipes(a, b):
        return share, wilson_interval(share * a.routes, a.routes, confidence)
    rng = np.random.default_rng(seed)

    def mean_wins(seed_DS: np.ndarray, route_DR: np.ndarray) -> np.ndarray:
        b_seed_DS = rng.integers(b.seeds, size=(len(seed_DS), b.seeds))
        return wins_SSR[seed_DS[:, :, None, None], b_seed_DS[:, None, :, None], route_DR[:, None, None, :]].mean((1, 2, 3))

    low, high = percentile_ends(bootstrap_seeds(mean_wins, a.seeds, a.routes, rng), confidence)
    return share, Interval(low, high, f"{a.seeds} and {b.seeds} training seeds x {describe_routes(a.routes)}")
