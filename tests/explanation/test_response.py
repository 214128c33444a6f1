"""Responses and rules of neurons whose dependence on the signals is known."""

from __future__ import annotations

import numpy as np

from driving.explanation.blocks import Blocks
from driving.explanation.response import measure_responses
from driving.explanation.rules import find_rules
from driving.explanation.watched import SIGNALS
from tests.explanation.watched import make_drive, wander

CURVATURE, OFFSET = SIGNALS.index("curvature ahead"), SIGNALS.index("offset")
NEURONS = {
    "bends": lambda signals, random: 0.8 * signals[:, CURVATURE] + 0.6 * random.normal(size=len(signals)),
    "strays": lambda signals, random: np.abs(signals[:, OFFSET]) + 0.2 * random.normal(size=len(signals)),
    "still": lambda signals, random: np.full(len(signals), 0.3),
    **{f"idle {number}": lambda signals, random: wander(len(signals), 2.0, random) for number in range(8)},
}


def test_a_response_is_found_where_there_is_one_and_hardly_ever_where_there_is_none() -> None:
    drives = [make_drive(number, list(NEURONS.values())) for number in range(6)]
    found = {(one.neuron, one.signal): one for one in measure_responses(drives, list(NEURONS))}
    bends = found["bends", "curvature ahead"]
    assert 0.8 in bends.correlation_interval
    assert bends.correlation in bends.correlation_interval
    assert bends.information_bits > 2 * bends.chance_bits
    assert bends.adjusted_p < 0.05
    strays = found["strays", "offset"]
    assert 0.0 in strays.correlation_interval, "a correlation does not see an even dependence"
    assert strays.adjusted_p < 0.05, "the mutual information does"
    still = found["still", "speed"]
    assert np.isnan(still.correlation)
    assert still.information_bits == 0.0
    assert still.adjusted_p == 1.0
    idle = [one for one in found.values() if one.neuron.startswith("idle")]
    assert sum(one.adjusted_p < 0.05 for one in idle) <= 3, "of 40 questions without a response"
    assert np.mean([0.0 in one.correlation_interval for one in idle]) > 0.85


def test_blocks_keep_how_slowly_a_signal_changes_and_draw_all_ticks_alike() -> None:
    """The mean of a slow signal is known less well than its number of frames suggests, and so the interval must be wider."""
    slow = [wander(600, 1.0, np.random.default_rng(number)) for number in range(8)]
    blocks = Blocks([np.full(600, 0.1)] * 8)
    counted = [np.stack([np.ones(600), one], axis=1) for one in slow]
    interval = blocks.interval(counted, lambda sums: (sums[:, 1] / sums[:, 0])[:, None])[0]
    width = interval.high - interval.low
    frames = 4 * np.concatenate(slow).std() / np.sqrt(8 * 600)
    truth = 4 * np.sqrt(2 * 1.0 / 0.1 / (8 * 600))
    assert width > 2.5 * frames
    assert 0.7 * truth < width < 1.3 * truth
    first = [np.stack([np.ones(600), np.arange(600) < 10], axis=1)] * 8
    share = blocks.draw_sums(first).sum(0)
    assert abs(share[1] / share[0] - 10 / 600) < 0.002


def test_a_rule_says_what_a_neuron_does_and_is_judged_on_drives_that_it_has_not_seen() -> None:
    def switch(signals: np.ndarray, random: np.random.Generator) -> np.ndarray:
        return ((signals[:, CURVATURE] > 0.5) | (signals[:, CURVATURE] < -1e9)).astype(float) + 0.01 * random.normal(size=len(signals))

    def moody(signals: np.ndarray, random: np.random.Generator) -> np.ndarray:
        return wander(len(signals), 1.0, random)

    neurons = [lambda signals, random: np.where(signals[:, CURVATURE] > 0.0, 1.0, 0.0) + 0.01 * random.normal(size=len(signals)), moody, switch]
    steady, mood, _ = find_rules([make_drive(number, neurons) for number in range(5)], ["steady", "moody", "switch"])
    assert steady.words.startswith("high when the curvature ahead is above ")
    assert " and " not in steady.words
    assert abs(float(steady.words.split()[7])) < 0.1
    assert steady.accuracy > 0.95
    assert steady.accuracy in steady.interval
    assert mood.accuracy < 0.6
    (still,) = find_rules([make_drive(0, [lambda signals, random: np.zeros(len(signals))])], ["still"])
    assert still.words == "it does not vary"
    assert np.isnan(still.accuracy)
