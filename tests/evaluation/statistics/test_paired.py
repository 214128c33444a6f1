"""Two sides on the same routes: what is found where there is something, how often something is found where there is nothing, and the power."""

from __future__ import annotations

import numpy as np
import pytest

from driving.evaluation.statistics.events import count_discordant, rate_difference
from driving.evaluation.statistics.paired import (
    Sums,
    difference_p_value,
    improvement_probability,
    interquartile_mean,
    paired_difference,
    sign_flip_p_value,
)
from driving.evaluation.statistics.power import NEEDED, detectable_difference, detectable_rate_difference, factor_to_settle


def means(*values_of_seeds: np.ndarray) -> Sums:
    """Return a measure with denominators of 1: one row of values per training seed."""
    values = np.array(values_of_seeds, float)
    return Sums(values, np.ones_like(values))


def test_pairing_finds_a_small_difference_between_routes_that_differ_much() -> None:
    rng = np.random.default_rng(0)
    route = rng.gamma(2.0, 1.0, size=40)
    a, b = means(route + 0.05 + rng.normal(0, 0.05, 40)), means(route)
    interval = paired_difference(a, b)
    assert 0.0 < interval.low < 0.05 < interval.high < 0.1
    assert difference_p_value(a, b) < 0.001
    assert interval == paired_difference(a, b)


def test_the_permutation_test_is_exact_for_few_routes() -> None:
    assert sign_flip_p_value(means(np.arange(1.0, 7.0)), means(np.zeros(6))) == pytest.approx(2 / 2**6)
    assert sign_flip_p_value(means(np.ones(5)), means(np.ones(5))) == 1.0


def test_two_drivers_without_a_departure_are_not_shown_to_be_the_same() -> None:
    none = Sums(np.zeros((1, 11)), np.ones((1, 11)))
    interval = rate_difference(none, none)
    assert (interval.low, interval.high) == (pytest.approx(-3.689 / 11, abs=1e-3), pytest.approx(3.689 / 11, abs=1e-3))
    assert "exact Poisson" in interval.basis


def test_many_departures_on_many_routes_are_resampled_in_pairs() -> None:
    rng = np.random.default_rng(1)
    route = rng.gamma(1.0, 10.0, size=40)
    a, b = (Sums(rng.poisson(route + more)[None].astype(float), np.ones((1, 40))) for more in (4.0, 0.0))
    interval = rate_difference(a, b)
    assert "paired bootstrap over 40 routes" in interval.basis
    assert 0.0 < interval.low < 4.0 < interval.high
    assert count_discordant(a, b) == (np.count_nonzero((a.numerator_SR > 0) & (b.numerator_SR == 0)), 0)


def test_a_difference_between_two_policies_is_not_one_between_two_recipes() -> None:
    rng = np.random.default_rng(2)
    one, other = (rng.normal(0.1 * number, 0.01, 50) for number in range(2))
    assert difference_p_value(means(one), means(other)) < 0.001
    recipe_a, recipe_b = means(one, other, one + 0.05), means(other, one, one + 0.03)
    assert difference_p_value(recipe_a, recipe_b) > 0.5
    interval = paired_difference(recipe_a, recipe_b)
    assert interval.low < 0.0 < interval.high
    assert "3 and 3 training seeds" in interval.basis
    assert interval.high - interval.low > 5 * (paired_difference(means(one), means(other)).high - paired_difference(means(one), means(other)).low)


def test_recipes_of_three_seeds_that_do_not_differ_are_found_to_differ_in_at_most_5_percent_of_runs() -> None:
    rng, found = np.random.default_rng(3), 0
    for run in range(60):
        route = rng.gamma(1.0, 1.0, size=12)
        a, b = (means(*(route + rng.normal(0.0, 0.3) + rng.normal(0.0, 0.1, 12) for _ in range(3))) for _ in range(2))
        found += difference_p_value(a, b, run) < 0.05 and 0.0 not in paired_difference(a, b, run)
    assert found <= 6


def test_the_probability_of_improvement_counts_ties_half_and_has_an_interval() -> None:
    a, b = means(np.array([1.0, 2.0, 3.0, 4.0])), means(np.array([2.0, 2.0, 4.0, 3.0]))
    share, interval = improvement_probability(a, b, less_is_better=True)
    assert share == pytest.approx(2.5 / 4)
    assert interval.low < share < interval.high
    assert improvement_probability(a, b, less_is_better=False)[0] == pytest.approx(1.5 / 4)
    seeds = means(np.zeros(30), np.full(30, 2.0)), means(np.ones(30), np.ones(30))
    share, interval = improvement_probability(*seeds, less_is_better=True)
    assert share == 0.5
    assert interval.low < 0.1 < 0.9 < interval.high


def test_the_interquartile_mean_does_not_follow_one_extreme_route() -> None:
    values = np.array([[1.0, 1.0, 2.0, 3.0, 3.0, 3.0, 4.0, 1000.0]])
    assert interquartile_mean(values, np.ones_like(values)) == pytest.approx((2 + 3 + 3 + 3) / 4)


def test_the_detectable_difference_is_found_in_about_80_percent_of_runs() -> None:
    rng, routes = np.random.default_rng(4), 50
    true = NEEDED * 0.2 / routes**0.5
    found = 0
    for run in range(40):
        route = rng.normal(5.0, 1.0, routes)
        found += difference_p_value(means(route + true + rng.normal(0.0, 0.2, routes)), means(route), run) < 0.05
    assert 0.65 < found / 40 < 0.95
    assert detectable_difference(means(route + rng.normal(0.0, 0.2, routes)), means(route)) == pytest.approx(true, rel=0.3)


def test_eleven_km_without_a_departure_could_have_shown_0_36_per_km() -> None:
    none = Sums(np.zeros((1, 11)), np.ones((1, 11)))
    assert detectable_rate_difference(none, none) == pytest.approx(NEEDED**2 / 2 / 11, rel=1e-6)


def test_half_of_the_detectable_difference_needs_four_times_the_drives() -> None:
    assert factor_to_settle(0.5, 1.0) == 4.0
    assert factor_to_settle(0.0, 1.0) == float("inf")
