"""Figures of the network's activity."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from driving.viewer.activity import find_components, find_largest_changes, select_hidden_states
from tests.viewer.playbacks import make_playback


def test_activity_along_one_line_is_explained_by_one_component() -> None:
    along = np.sin(np.linspace(0, 9, 200))[:, None] * np.array([[0.3, -1.0, 2.0]]) + [1.0, 5.0, -2.0]
    components = find_components(along)
    assert components.shares[0] == pytest.approx(1.0)
    assert components.first_two.shape == (200, 2)


def test_shares_of_variance_are_those_of_the_covariance() -> None:
    states = np.random.default_rng(0).normal(size=(500, 4)) @ np.random.default_rng(1).normal(size=(4, 4))
    expected = np.sort(np.linalg.eigvalsh(np.cov(states.T)))[::-1]
    assert find_components(states).shares == pytest.approx(expected / expected.sum())


def test_still_neurons_have_no_components() -> None:
    assert find_components(np.ones((30, 3))).shares == pytest.approx(np.zeros(3))


def test_the_hidden_activity_does_not_include_the_motor() -> None:
    assert select_hidden_states(make_playback(20)).shape == (20, 18)


def test_being_put_back_on_the_lane_does_not_count_as_a_change() -> None:
    playback = make_playback(40)
    state = np.zeros((40, 19), np.float32)
    departure = int(np.flatnonzero(playback.columns["departed"])[0])
    state[departure + 1 :] = 7.0
    state[5] = 0.25
    assert find_largest_changes(replace(playback, state_TH=state)) == pytest.approx(np.full(19, 0.25))


def test_a_neuron_whose_state_does_not_vary_is_dark() -> None:
    playback = make_playback(30)
    state = playback.state_TH.copy()
    state[:, 3] = 0.7
    lit = replace(playback, state_TH=state).lit_TH
    assert (lit[:, 3] == 0).all()
    assert lit.min() >= 0
    assert lit.max() == 1
