"""Bootstrap intervals over routes, and over training seeds x routes.

A figure over several drives is a ratio of sums: departures / km, or (mean error x seconds) / seconds. So everything here takes numerators and
denominators. The mean of plain values has denominators of 1. What is resampled are routes, never ticks: the ticks of a drive depend on each other.

Shapes: R routes, S training seeds, D draws.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator

import numpy as np
from scipy import stats

from driving.evaluation.statistics.interval import CONFIDENCE, Interval

DRAWS = 10_000
FEW_ROUTES = 20  # with fewer routes a bootstrap interval is too narrow: for clustered counts over 10 routes it covers about 87 % instead of 95 %
MOST_PICKS = 4_000_000  # resampled values that are held at a time


def bootstrap_ratio(numerator_R: np.ndarray, denominator_R: np.ndarray, seed: int = 0, confidence: float = CONFIDENCE) -> Interval:
    """Return the BCa bootstrap interval of sum(numerator) / sum(denominator) over routes (Efron 1987).

    Where all routes have the same ratio there is nothing to resample: both ends are that ratio. One route alone says nothing: no end has a bound.
    """
    numerator_R, denominator_R = np.asarray(numerator_R, float), np.asarray(denominator_R, float)
    routes = len(numerator_R)
    basis = f"bootstrap over {describe_routes(routes)}"
    if routes < 2:
        return Interval(-np.inf, np.inf, basis)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio_R = numerator_R / denominator_R
    if np.all(ratio_R == ratio_R[0]):
        return Interval(float(ratio_R[0]), float(ratio_R[0]), f"{basis}, which are all the same")
    low, high = bootstrap_ends((numerator_R, denominator_R), lambda top, bottom, axis=-1: top.sum(axis) / bottom.sum(axis), seed, confidence)
    return Interval(low, high, basis)


def bootstrap_mean(values_R: np.ndarray, seed: int = 0, confidence: float = CONFIDENCE) -> Interval:
    """Return the BCa bootstrap interval of a mean over routes."""
    return bootstrap_ratio(values_R, np.ones(len(values_R)), seed, confidence)


def bootstrap_ends(
    samples: tuple[np.ndarray, ...], statistic: Callable[..., np.ndarray], seed: int = 0, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Return both ends of the bootstrap interval of `statistic(*samples, axis)`, which resamples the same routes in all samples.

    The interval is BCa, or the percentile interval where BCa is not defined (all leave-one-out values are the same).
    """
    for method in ("BCa", "percentile"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", (stats.DegenerateDataWarning, RuntimeWarning))
            found = stats.bootstrap(
                samples,
                statistic,
                paired=True,
                vectorized=True,
                n_resamples=DRAWS,
                batch=max(1, MOST_PICKS // max(len(samples[0]), 1)),
                confidence_level=confidence,
                method=method,
                random_state=np.random.default_rng(seed),
            ).confidence_interval
        if np.isfinite([found.low, found.high]).all():
            break
    return float(found.low), float(found.high)


def bootstrap_seeds(statistic: Callable[[np.ndarray, np.ndarray], np.ndarray], seeds: int, routes: int, rng: np.random.Generator) -> np.ndarray:
    """Return DRAWS values of `statistic`, each for resampled training seeds and resampled routes.

    `statistic` takes the drawn seeds (D, S) and the drawn routes (D, R) and returns (D,). All seeds drive the same routes, so one draw of
    routes serves all seeds of a draw (the pigeonhole bootstrap, Owen 2007): a bad bend that all seeds meet is one bad bend. Drawing routes afresh
    within each seed would count it once per seed, and the interval would be too narrow.
    """
    parts = [
        statistic(rng.integers(seeds, size=(count, seeds)), rng.integers(routes, size=(count, routes))) for count in _batches(DRAWS, seeds * routes)
    ]
    return np.concatenate(parts)


def bootstrap_seed_ratio(numerator_SR: np.ndarray, denominator_SR: np.ndarray, seed: int = 0, confidence: float = CONFIDENCE) -> Interval:
    """Return the percentile interval of the mean over training seeds of each seed's ratio, over seeds x routes.

    One seed alone is resampled over its routes only, as `bootstrap_ratio` does.
    """
    seeds, routes = numerator_SR.shape
    if seeds == 1:
        return bootstrap_ratio(numerator_SR[0], denominator_SR[0], seed, confidence)

    def mean_ratio(seed_DS: np.ndarray, route_DR: np.ndarray) -> np.ndarray:
        return pick_seed_ratios(numerator_SR, denominator_SR, seed_DS, route_DR).mean(-1)

    drawn = bootstrap_seeds(mean_ratio, seeds, routes, np.random.default_rng(seed))
    low, high = percentile_ends(drawn, confidence)
    return Interval(low, high, f"bootstrap over {seeds} training seeds x {describe_routes(routes)}")


def pick_seed_ratios(numerator_SR: np.ndarray, denominator_SR: np.ndarray, seed_DS: np.ndarray, route_DR: np.ndarray) -> np.ndarray:
    """Return the ratio (D, S) of each drawn seed over the drawn routes."""
    seed_DSR, route_DSR = seed_DS[:, :, None], route_DR[:, None, :]
    return numerator_SR[seed_DSR, route_DSR].sum(-1) / denominator_SR[seed_DSR, route_DSR].sum(-1)


def percentile_ends(drawn_D: np.ndarray, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the two quantiles between which the middle `confidence` of the draws lies."""
    low, high = np.quantile(drawn_D, [(1.0 - confidence) / 2.0, (1.0 + confidence) / 2.0])
    return float(low), float(high)


def describe_routes(routes: int) -> str:
    """Return the number of resampled routes in words, with a warning where they are few."""
    words = f"{routes} route{'' if routes == 1 else 's'}"
    return f"{words} (few: it is too narrow)" if routes < FEW_ROUTES else words


def _batches(draws: int, picks: int) -> Iterator[int]:
    """Yield how many draws to make at a time, so that at most MOST_PICKS values are held."""
    most = max(1, MOST_PICKS // max(picks, 1))
    while draws > 0:
        yield min(most, draws)
        draws -= most
