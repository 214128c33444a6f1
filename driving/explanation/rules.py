"""Each neuron as a rule in words: a small decision tree that says from the signals whether the neuron is above its median.

Its accuracy is that on drives that the tree has not seen: each drive in turn is left out. A coin reaches 50 %, because half of all frames are above
the median. Shapes: T ticks, H neurons, K signals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.tree import DecisionTreeClassifier

from driving.evaluation.statistics.bootstrap import bootstrap_mean
from driving.evaluation.statistics.interval import Interval
from driving.explanation.watched import FORMS, SIGNALS, UNITS, WatchedDrive

DEPTH = 2
LEAST_SHARE = 0.02  # of all frames in a leaf
LOW, HIGH = 0, 1


@dataclass(frozen=True)
class Rule:
    """What a neuron's tree says."""

    neuron: str
    words: str
    accuracy: float  # on drives that are left out; NaN with a single drive, and for a neuron that does not vary
    interval: Interval  # over drives


def find_rules(drives: Sequence[WatchedDrive], names: Sequence[str]) -> list[Rule]:
    """Return a rule per neuron."""
    return [_find_rule(name, [drive.state_TH[:, h] for drive in drives], [drive.signals_TK for drive in drives]) for h, name in enumerate(names)]


def _find_rule(name: str, states: Sequence[np.ndarray], signals: Sequence[np.ndarray]) -> Rule:
    """Return one neuron's rule."""
    everything = np.concatenate(states)
    median = np.median(everything)
    high = [(state > median).astype(int) for state in states]
    if len(np.unique(np.concatenate(high))) < 2:
        return Rule(name, "it does not vary", float("nan"), bootstrap_mean(np.zeros(0)))
    hits = []
    for left_out in range(len(states)) if len(states) > 1 else ():
        rest = [place for place in range(len(states)) if place != left_out]
        tree = _fit(np.concatenate([signals[i] for i in rest]), np.concatenate([high[i] for i in rest]))
        hits.append(float(np.mean(tree.predict(signals[left_out]) == high[left_out])))
    words = describe_tree(_fit(np.concatenate(signals), np.concatenate(high)))
    return Rule(name, words, float(np.mean(hits)) if hits else float("nan"), bootstrap_mean(np.array(hits)))


def _fit(signals_TK: np.ndarray, high_T: np.ndarray) -> DecisionTreeClassifier:
    return DecisionTreeClassifier(max_depth=DEPTH, min_samples_leaf=max(1, round(LEAST_SHARE * len(high_T))), random_state=0).fit(signals_TK, high_T)


def describe_tree(tree: DecisionTreeClassifier) -> str:
    """Return when the tree says that the neuron is high, in words: one clause per leaf, neighbours of the same answer joined."""
    clauses = _list_clauses(tree, 0)
    said = [" and ".join(_merge(conditions)) for conditions, answer in clauses if answer == HIGH]
    if not said or len(said) == len(clauses):
        return "it cannot be told from the signals"
    return f"high when {', or when '.join(said)}"


Condition = tuple[int, bool, float]  # the signal, whether it is above the threshold, the threshold


def _list_clauses(tree: DecisionTreeClassifier, node: int) -> list[tuple[list[Condition], int]]:
    """Return the conditions and the answer of each leaf below a node. Two leaves of one answer are one."""
    inner = tree.tree_
    left, right = int(inner.children_left[node]), int(inner.children_right[node])
    if left == right:
        return [([], int(tree.classes_[np.argmax(inner.value[node][0])]))]
    below, above = _list_clauses(tree, left), _list_clauses(tree, right)
    if len(below) == len(above) == 1 and below[0][1] == above[0][1]:
        return below
    signal, threshold = int(inner.feature[node]), float(inner.threshold[node])
    return [([(signal, is_above, threshold), *rest], answer) for is_above, part in ((False, below), (True, above)) for rest, answer in part]


def _merge(conditions: Sequence[Condition]) -> list[str]:
    """Return conditions as words; of several in one direction on one signal only the tightest counts."""
    tightest: dict[tuple[int, bool], float] = {}
    for signal, is_above, threshold in conditions:
        known = tightest.get((signal, is_above), threshold)
        tightest[signal, is_above] = max(known, threshold) if is_above else min(known, threshold)
    return [f"the {SIGNALS[k]} is {'above' if above else 'below'} {FORMS[k].format(at)} {UNITS[k]}" for (k, above), at in tightest.items()]
