"""Intervals of rates, proportions and means: against published values, and by how often they cover the truth."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from driving.evaluation.statistics.bootstrap import bootstrap_mean, bootstrap_ratio, bootstrap_seed_ratio
from driving.evaluation.statistics.multiplicity import adjust_p_values
from driving.evaluation.statistics.not_driven import bound_ratio
from driving.evaluation.statistics.proportions import discordant_p_value, wilson_interval
from driving.evaluation.statistics.rates import dispersion_p_value, poisson_interval, rate_interval


def test_no_departure_in_11_km_bounds_the_rate_at_0_27_per_km() -> None:
    bound = poisson_interval(0, 11.0)
    assert (bound.low, bound.high) == (0.0, pytest.approx(0.2723, abs=1e-4))
    assert "one-sided" in bound.basis
    assert poisson_interval(0, 100.0).high == pytest.approx(0.03, abs=1e-4)


def test_poisson_intervals_are_those_of_garwoods_table() -> None:
    for events, low, high in ((1, 0.0253, 5.5716), (10, 4.7954, 18.3904)):
        interval = poisson_interval(events, 1.0)
        assert (interval.low, interval.high) == (pytest.approx(low, abs=2e-4), pytest.approx(high, abs=2e-4))
    towns = poisson_interval(101, 9.9)
    assert (towns.low, towns.high) == (pytest.approx(8.3, abs=0.05), pytest.approx(12.4, abs=0.05))


def test_without_a_kilometre_the_rate_has_no_upper_bound_and_json_has_no_infinity() -> None:
    assert json.loads(json.dumps(poisson_interval(0, 0.0).as_dict(), allow_nan=False))["high"] is None


def test_departures_that_come_evenly_get_the_exact_interval_and_clustered_ones_the_bootstrap() -> None:
    km = np.ones(30)
    even, clustered = np.tile([0, 1, 2], 10), np.repeat([0, 10], [27, 3])
    assert dispersion_p_value(even, km) > 0.5
    assert dispersion_p_value(clustered, km) < 0.001
    assert "exact Poisson over 30 km" in rate_interval(even, km).basis
    resampled = rate_interval(clustered, km)
    assert "bootstrap over 30 routes" in resampled.basis
    assert "cluster" in resampled.basis
    exact = poisson_interval(30, 30.0)
    assert resampled.high - resampled.low > 1.5 * (exact.high - exact.low)


def test_the_test_for_clusters_finds_them_in_poisson_counts_in_at_most_5_percent_of_runs() -> None:
    rng = np.random.default_rng(0)
    counts = rng.poisson(0.3, size=(100, 20))
    assert np.mean([dispersion_p_value(row, np.ones(20), seed) < 0.05 for seed, row in enumerate(counts)]) <= 0.1


def test_wilson_intervals_are_those_of_the_textbook_and_stay_within_0_and_1() -> None:
    interval = wilson_interval(15, 20)
    assert (interval.low, interval.high) == (pytest.approx(0.5313, abs=1e-4), pytest.approx(0.8881, abs=1e-4))
    reference = stats.binomtest(7, 40).proportion_ci(method="wilson")
    assert (wilson_interval(7, 40).low, wilson_interval(7, 40).high) == (pytest.approx(reference.low), pytest.approx(reference.high))
    assert wilson_interval(0, 10).low == 0.0
    assert wilson_interval(10, 10).high == 1.0


def test_routes_that_agree_say_nothing_about_the_difference() -> None:
    assert discordant_p_value(0, 0) == 1.0
    assert discordant_p_value(0, 6) == pytest.approx(2 * 0.5**6)


def test_a_bootstrap_interval_is_seeded_and_covers_a_mean_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    samples = rng.gamma(2.0, 0.05, size=(60, 25))
    assert bootstrap_mean(samples[0], 3) == bootstrap_mean(samples[0], 3)
    assert np.mean([0.1 in bootstrap_mean(sample) for sample in samples]) >= 0.85


def test_a_ratio_weighs_each_route_by_its_length() -> None:
    interval = bootstrap_ratio(np.array([5.0, 0, 1, 0, 2, 0]), np.array([10.0, 1, 2, 1, 2, 1]))
    assert interval.low <= 8 / 17 <= interval.high
    assert "few" in interval.basis


def test_routes_that_are_all_the_same_or_alone_are_said_to_be() -> None:
    same = bootstrap_mean(np.full(8, 0.5))
    assert (same.low, same.high) == (0.5, 0.5)
    assert "all the same" in same.basis
    assert bootstrap_mean(np.array([0.5])).high == np.inf


def test_training_seeds_are_the_unit_of_replication_and_not_their_pooled_routes() -> None:
    rng = np.random.default_rng(2)
    of_seed = rng.normal(0.0, 1.0, size=(6, 1))
    values = 5.0 + of_seed + rng.normal(0.0, 0.1, size=(6, 50))
    pooled = bootstrap_mean(values.ravel())
    seeds = bootstrap_seed_ratio(values, np.ones_like(values))
    assert seeds.high - seeds.low > 3 * (pooled.high - pooled.low)
    assert "6 training seeds x 50 routes" in seeds.basis


def test_a_route_that_all_seeds_find_hard_is_one_hard_route() -> None:
    hard = np.tile(np.random.default_rng(3).gamma(0.5, 2.0, size=50), (8, 1))
    alone, seeds = bootstrap_mean(hard[0]), bootstrap_seed_ratio(hard, np.ones_like(hard))
    assert seeds.high - seeds.low > 0.8 * (alone.high - alone.low)


def test_several_questions_cost_each_finding_its_share() -> None:
    adjusted = adjust_p_values({"one": 0.01, "two": 0.04, "three": 0.03, "four": 0.9})
    assert adjusted == pytest.approx({"one": 0.04, "two": 0.16 / 3, "three": 0.16 / 3, "four": 0.9})
    assert adjust_p_values({}) == {}


def test_routes_that_were_not_driven_leave_bounds_on_the_figure() -> None:
    bounds = bound_ratio(np.array([0.5, 1.0]), np.array([1.0, 1.0]), np.array([2.0]), (0.0, 1.0))
    assert (bounds.low, bounds.high) == (pytest.approx(0.375), pytest.approx(0.875))
    assert "1 drive not driven" in bounds.basis
