"""Tests that one may look at after each drive: how often they are wrong, and how soon they decide."""

from __future__ import annotations

import math

import numpy as np
import pytest

from driving.evaluation.statistics.sequential import ALPHA, first_decision, mean_evidence, rate_evidence

RUNS, DRIVES = 1000, 150
ENOUGH = math.log(1.0 / ALPHA)


def share_that_ever_decides(evidence: np.ndarray) -> float:
    """Return the share of runs in which the evidence is enough at any look."""
    return float((evidence >= ENOUGH).any(-1).mean())


@pytest.mark.parametrize("rate", [0.05, 0.5, 5.0])
def test_a_rate_at_the_limit_is_decided_in_at_most_5_percent_of_1000_runs_however_often_one_looks(rate: float) -> None:
    rng = np.random.default_rng(0)
    km = rng.uniform(0.3, 1.5, (RUNS, DRIVES))
    even, varying = rng.poisson(rate * km), rng.poisson(rate * km * rng.exponential(1.0, km.shape))
    for events in (even, varying):
        wrong = sum(share_that_ever_decides(rate_evidence(events.astype(float), km, rate, is_below)) for is_below in (True, False))
        assert wrong <= 0.05


@pytest.mark.parametrize("mean", [0.5, 0.9, 0.98])
def test_a_mean_at_the_limit_is_decided_in_at_most_5_percent_of_1000_runs_however_often_one_looks(mean: float) -> None:
    rng = np.random.default_rng(1)
    for values in (rng.binomial(1, mean, (RUNS, DRIVES)), rng.beta(4 * mean, 4 * (1 - mean), (RUNS, DRIVES))):
        assert share_that_ever_decides(mean_evidence(values, mean, True)) <= 0.05
        assert share_that_ever_decides(mean_evidence(values, mean, False)) <= 0.05


def test_a_fixed_interval_that_is_looked_at_after_each_drive_is_wrong_far_more_often() -> None:
    events = np.random.default_rng(2).poisson(0.5, (RUNS, DRIVES)).cumsum(-1)
    km = np.arange(1, DRIVES + 1)
    wrong = np.abs(events - 0.5 * km)[:, 10:] > 1.96 * np.sqrt(0.5 * km)[10:]
    assert wrong.any(-1).mean() > 0.2


def test_a_rate_far_from_the_limit_is_decided_soon_and_rightly() -> None:
    rng, km = np.random.default_rng(3), np.ones((RUNS, DRIVES))
    for rate, is_below in ((0.2, True), (3.0, False)):
        events = rng.poisson(rate, (RUNS, DRIVES)).astype(float)
        right = rate_evidence(events, km, 1.0, is_below) >= ENOUGH
        assert right[:, 40].mean() > 0.9
        assert share_that_ever_decides(rate_evidence(events, km, 1.0, not is_below)) < 0.02


def test_drives_without_a_departure_show_a_rate_below_0_1_after_41_km_of_which_30_would_do_for_one_look() -> None:
    none = rate_evidence(np.zeros(60), np.ones(60), 0.1, True)
    assert first_decision(none, -none) == (True, 41)
    assert first_decision(none[:40], -none[:40]) is None
    assert first_decision(-none, none) == (False, 41)


def test_the_outcome_does_not_depend_on_how_many_drives_came_after_it() -> None:
    events = np.random.default_rng(4).poisson(3.0, 60).astype(float)
    evidence = [rate_evidence(events, np.ones(60), 1.0, is_below) for is_below in (True, False)]
    decided = first_decision(*evidence)
    assert decided is not None
    assert first_decision(*(one[: decided[1]] for one in evidence)) == decided
    assert first_decision(*(one[: decided[1] - 1] for one in evidence)) is None
