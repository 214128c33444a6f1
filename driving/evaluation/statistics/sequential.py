"""Tests that may be looked at after each drive: the error probability holds however often one looks, and whenever one stops.

Each test keeps the evidence against a hypothesis, which starts at 1 and does not grow on average while the hypothesis is true. By Ville's
inequality it ever reaches 1 / alpha with a probability of at most alpha. Evidence is returned as its logarithm.

Shapes: N drives; all functions work along the last axis, so that many runs can be simulated at once.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import special

ALPHA = 0.05  # per direction
FEWEST_DRIVES = 10  # before the first decision: fewer do not show how events cluster
SHAPE = 0.5  # of the gamma distribution that mixes the rates; its mean is the tested rate
BET_SHARE = 0.75  # no bet risks more than this share of the evidence


def rate_evidence(events_N: np.ndarray, km_N: np.ndarray, rate_per_km: float, is_below: bool) -> np.ndarray:
    """Return the log evidence (N,) after each drive that events are rarer (`is_below`) or more frequent than `rate_per_km`.

    It is the gamma-Poisson mixture of likelihood ratios, one-sided (Howard, Ramdas, McAuliffe, Sekhon 2021, "Time-uniform, nonparametric,
    nonasymptotic confidence sequences", conjugate mixtures): with n events in d km, the mean of (x / r)^n exp((r - x) d) over rates x below
    (or above) r, drawn from a gamma distribution.

    Events that cluster would make a plain Poisson test too sure. So events and km of each drive are divided by the dispersion of the drives before
    it (`dispersion_so_far`), and at least by the dispersion of rates that vary between drives as much as their mean. For Poisson events the test is
    valid with any such divisor of 1 or more. The same holds for events in clusters of at most that many, because (1 - exp(-s j)) / j falls, and
    (exp(s j) - 1) / j grows, with the size j of a cluster. Stronger clusters cost error probability: where rates vary by 1.8 times their mean, it
    was up to 13 % instead of 5 %.
    """
    divisor_N = np.fmax(dispersion_so_far(events_N, km_N), 1.0 + rate_per_km * km_N)
    events_N, km_N = np.cumsum(events_N / divisor_N, axis=-1), np.cumsum(km_N / divisor_N, axis=-1)
    prior_km = SHAPE / rate_per_km
    tail = special.gammainc if is_below else special.gammaincc
    shape_N, distance_N = events_N + SHAPE, km_N + prior_km
    posterior_N = special.gammaln(shape_N) - shape_N * np.log(distance_N) + _log(tail(shape_N, rate_per_km * distance_N))
    prior = math.lgamma(SHAPE) - SHAPE * math.log(prior_km) + math.log(tail(SHAPE, SHAPE))
    return posterior_N - prior - events_N * math.log(rate_per_km) + km_N * rate_per_km


def dispersion_so_far(events_N: np.ndarray, km_N: np.ndarray) -> np.ndarray:
    """Return for each drive the variance of the earlier drives' counts by their mean (Pearson's chi-squared by its freedom), at least 1."""
    zero_N = np.zeros((*np.shape(events_N)[:-1], 1))

    def before(values_N: np.ndarray) -> np.ndarray:
        return np.concatenate([zero_N, np.cumsum(values_N, axis=-1)[..., :-1]], axis=-1)

    count_N = np.arange(np.shape(events_N)[-1])
    events, km, squares = before(events_N), before(km_N), before(events_N**2 / km_N)
    with np.errstate(divide="ignore", invalid="ignore"):
        dispersion_N = (squares * km / events - events) / (count_N - 1)
    return np.where((count_N > 1) & (events > 0), np.fmax(dispersion_N, 1.0), 1.0)


def first_decision(shown_N: np.ndarray, refuted_N: np.ndarray) -> tuple[bool, int] | None:
    """Return whether a claim is shown (else it is refuted), and after how many drives; None where the evidence (N,) decides nothing yet."""
    enough = math.log(1.0 / ALPHA)
    decided_N = np.flatnonzero(np.fmax(shown_N, refuted_N)[FEWEST_DRIVES - 1 :] >= enough)
    if not len(decided_N):
        return None
    place = int(decided_N[0]) + FEWEST_DRIVES - 1
    return bool(shown_N[place] >= enough), place + 1


def mean_evidence(values_N: np.ndarray, mean: float, is_below: bool) -> np.ndarray:
    """Return the log evidence (N,) after each drive that the mean of values in [0, 1] is below (`is_below`) or above `mean`, which lies in (0, 1).

    It is the capital of a bettor who stakes on each next value (Waudby-Smith and Ramdas 2024, "Estimating means of bounded random variables by
    betting"): the product of 1 + b (x - mean), with the bets of their approximate GRAPA, which use the values before only.
    """
    values_N = np.asarray(values_N, float)
    count_N = np.arange(values_N.shape[-1])
    sums_N = np.cumsum(values_N, axis=-1) - values_N
    squares_N = np.cumsum(values_N**2, axis=-1) - values_N**2
    guess_N = (0.5 + sums_N) / (1.0 + count_N)
    variance_N = (0.25 + np.fmax(squares_N - 2 * guess_N * sums_N + count_N * guess_N**2, 0.0)) / (1.0 + count_N)
    bet_N = (guess_N - mean) / (variance_N + (guess_N - mean) ** 2)
    most = BET_SHARE / (1.0 - mean) if is_below else BET_SHARE / mean
    bet_N = np.clip(bet_N, -most, 0.0) if is_below else np.clip(bet_N, 0.0, most)
    return np.cumsum(np.log1p(bet_N * (values_N - mean)), axis=-1)


def _log(values: np.ndarray) -> np.ndarray:
    """Return the logarithm, -infinity of 0."""
    with np.errstate(divide="ignore"):
        return np.log(values)
