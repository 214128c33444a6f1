"""What each neuron contributes to the driving: sampled Shapley values (Castro et al. 2009), cut short as by Ghorbani and Zou (2020).

The worth of a set of neurons is the share of the routes that a policy with these neurons alone drives before it first leaves its lane. Each sample
takes all neurons out one by one, in a random order, until the worth is that of a policy without any of them. What the worth loses with a neuron is
its contribution in that order. The values of all neurons add up to the worth of the whole policy less that of one without neurons.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from driving.evaluation.estimates import Row
from driving.evaluation.statistics.interval import CONFIDENCE, Interval
from driving.explanation.lesions.effects import INTACT, Words

NOTHING_LEFT = 0.02  # a worth this close to that of a policy without neurons is the same

DriveAll = Callable[[Sequence[Words]], Mapping[Words, Sequence[Row]]]
"""Drives with each of some lesions and returns the rows of their drives."""


@dataclass(frozen=True)
class Contribution:
    """A neuron's Shapley value."""

    neuron: str
    value: float
    interval: Interval


def sample_contributions(neurons: Sequence[str], samples: int, drive_all: DriveAll, seed: int = 0) -> list[Contribution]:
    """Return each neuron's contribution over `samples` random orders. The drives of all orders' next step are made together."""
    random = np.random.default_rng(seed)
    orders = [[neurons[place] for place in random.permutation(len(neurons))] for _ in range(samples)]
    worth = _Worth(drive_all, neurons)
    losses = np.zeros((samples, len(neurons)))
    running = list(range(samples))
    for step in range(len(neurons)):
        worth.find([tuple(orders[sample][:count]) for sample in running for count in (step, step + 1)])
        for sample in running:
            before, after = (worth.of(orders[sample][:count]) for count in (step, step + 1))
            losses[sample, neurons.index(orders[sample][step])] = before - after
        running = [sample for sample in running if worth.of(orders[sample][: step + 1]) > worth.of(neurons) + NOTHING_LEFT]
        if not running:
            break
    return [Contribution(name, float(column.mean()), _interval_of(column)) for name, column in zip(neurons, losses.T, strict=True)]


class _Worth:
    """The worth of the policy without each of some sets of neurons, driven once per set."""

    def __init__(self, drive_all: DriveAll, neurons: Sequence[str]) -> None:
        self._drive_all, self._place = drive_all, {name: place for place, name in enumerate(neurons)}
        self._known: dict[Words, float] = {}
        self.find([INTACT, tuple(neurons)])

    def _key(self, lesion: Sequence[str]) -> Words:
        return tuple(sorted(lesion, key=self._place.__getitem__))

    def find(self, lesions: Sequence[Words]) -> None:
        """Drive with those lesions that have not been driven yet."""
        missing = [words for words in dict.fromkeys(map(self._key, lesions)) if words not in self._known]
        if missing:
            for words, rows in self._drive_all(missing).items():
                self._known[words] = float(np.mean([row["unaided_share"] for row in rows])) if rows else 0.0

    def of(self, lesion: Sequence[str]) -> float:
        """Return the worth of the policy with this lesion."""
        return self._known[self._key(lesion)]


def _interval_of(losses: np.ndarray) -> Interval:
    """Return the interval of a mean over samples by Student's distribution; no bound with a single sample."""
    basis = f"t over {len(losses)} random orders"
    if len(losses) < 2:
        return Interval(-np.inf, np.inf, basis)
    half = float(stats.t.ppf((1.0 + CONFIDENCE) / 2.0, len(losses) - 1) * losses.std(ddof=1) / np.sqrt(len(losses)))
    return Interval(float(losses.mean()) - half, float(losses.mean()) + half, basis)
