"""Lesions in closed loop: what becomes of the driving without a neuron, a pair of neurons or a class of synapses, beside the intact policy.

All drives are made by the evaluation's runner on the same routes, so each lesion is compared with the intact policy route by route. Which neurons
and pairs come first where a budget does not reach for all is decided open loop: by how much the predictions change on the frames of finished drives.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch

from driving.evaluation.drive_task import DriverReference
from driving.evaluation.estimates import DEPARTURES, FIGURES, Figure, Row, sum_by_route
from driving.evaluation.runner import ProgressListener, RunConfig, evaluate_all
from driving.evaluation.statistics.interval import Interval
from driving.evaluation.statistics.multiplicity import adjust_p_values
from driving.evaluation.statistics.paired import Sums, paired_difference, sign_flip_p_value
from driving.evaluation.suite import SuiteConfig
from driving.explanation.lesions.habits import measure_habits
from driving.explanation.watched import WatchedDrive
from driving.rollout.trace import Trace
from policy.lesion import lesion_policy, list_synapse_classes
from policy.network import DrivingPolicy

Words = tuple[str, ...]
Kind = Literal["neuron", "pair", "synapse class"]
INTACT: Words = ()
LONGEST_NAME = 60
BY_NAME = {figure.name: figure for figure in FIGURES}
OFF_CENTRE, SIDE = BY_NAME["mean_abs_lateral_m"], BY_NAME["mean_lateral_m"]
RESTLESSNESS = Figure("restlessness", "restlessness", "{:.4f}", "restlessness")
LAG = Figure("lag_s", "lag, s", "{:+.2f}", "lag_s")
MEASURED = (OFF_CENTRE, DEPARTURES, SIDE, RESTLESSNESS, LAG)
LEAST_DRIFT_M, LEAST_FARTHER_M, LEAST_LAG_S, LEAST_RATIO = 0.05, 0.01, 0.05, 1.5  # what is worth a word


class Lesion(NamedTuple):
    """A lesion that is to be driven."""

    words: Words
    kind: Kind
    open_loop: float  # by how much it changes the predictions of finished drives: root mean square by the predictions' standard deviation


class Change(NamedTuple):
    """A figure of the lesioned policy less that of the intact one."""

    value: float
    interval: Interval


@dataclass(frozen=True)
class LesionEffect:
    """What a lesion does to the driving."""

    lesion: Lesion
    drives: int
    changes: Mapping[str, Change]  # by the names of MEASURED; a figure that cannot be measured on any route is missing
    adjusted_p: float  # that the distance from the centre is not changed, over all lesions (Benjamini and Hochberg)
    words: str  # what it does to the driving


def choose_lesions(policy: DrivingPolicy, drives: Sequence[WatchedDrive], singles: int, pairs: int) -> list[Lesion]:
    """Return the classes of synapses, the `singles` neurons and the `pairs` pairs of neurons that change the predictions most, open loop."""
    names, intact = policy.cell.neuron_names, predict(policy, drives)
    ranked = {
        "neuron": sorted((_rank(policy, drives, intact, (name,), "neuron") for name in names), key=lambda one: -one.open_loop)[:singles],
        "synapse class": [_rank(policy, drives, intact, (words,), "synapse class") for words in list_synapse_classes(policy.cell)],
        "pair": [],
    }
    if pairs:
        both = [_rank(policy, drives, intact, pair, "pair") for pair in combinations(_list_hidden(policy), 2)]
        ranked["pair"] = sorted(both, key=lambda one: -one.open_loop)[:pairs]
    return [one for group in ranked.values() for one in group]


def _list_hidden(policy: DrivingPolicy) -> list[str]:
    """Return the neurons without the motor neurons."""
    return [name for name, role in zip(policy.cell.neuron_names, policy.cell.neuron_roles, strict=True) if role != "motor"]


def predict(policy: DrivingPolicy, drives: Sequence[WatchedDrive]) -> np.ndarray:
    """Return the policy's predictions on the features of some drives, one after the other."""
    with torch.inference_mode():
        parts = [
            policy.cell(torch.from_numpy(drive.features_TI)[None], torch.from_numpy(drive.dt_s_T.astype(np.float32))[None])[0] for drive in drives
        ]
        return torch.cat([policy.prediction(motor)[0] for motor in parts]).numpy()


def _rank(policy: DrivingPolicy, drives: Sequence[WatchedDrive], intact: np.ndarray, words: Words, kind: Kind) -> Lesion:
    change = predict(lesion_policy(policy, words), drives) - intact
    return Lesion(words, kind, float(np.sqrt(np.mean(change**2)) / max(float(intact.std()), 1e-12)))


def name_folder(words: Words) -> str:
    """Return the name of the folder for a lesion's drives; the words, or a digest of many."""
    if not words:
        return "intact"
    name = "+".join(words).replace(" -> ", "_to_").replace(" ", "_")
    return name if len(name) <= LONGEST_NAME else f"{len(words)}_{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def drive_lesions(
    driver: DriverReference, lesions: Sequence[Words], suite: SuiteConfig, out: Path, run: RunConfig, progress: ProgressListener
) -> dict[Words, list[Row]]:
    """Drive a suite with each lesion and return the rows of its drives, with the habits of each. What is finished in `out` is not driven again."""
    folders = {name_folder(words): words for words in lesions}
    summaries = evaluate_all({name: replace(driver, lesion=words) for name, words in folders.items()}, suite, out, run, progress)
    return {words: [_add_habits(row, out / name) for row in summaries[name]["routes"]] for name, words in folders.items()}


def _add_habits(row: Row, folder: Path) -> dict[str, Any]:
    return {**row, **measure_habits(Trace.load(folder / "routes" / str(row["name"])))}


def compare_lesions(lesions: Sequence[Lesion], rows: Mapping[Words, Sequence[Row]]) -> list[LesionEffect]:
    """Return what each lesion does, from the rows of its drives and of the intact policy's. Lesions without a common drive are left out."""
    effects = {one.words: _compare(one, rows[one.words], rows[INTACT]) for one in lesions}
    found = {str(words): p for words, (effect, p) in effects.items() if effect.drives}
    adjusted = adjust_p_values(found)
    return [replace(effect, adjusted_p=adjusted[str(words)]) for words, (effect, _) in effects.items() if effect.drives]


def _compare(lesion: Lesion, rows: Sequence[Row], intact: Sequence[Row]) -> tuple[LesionEffect, float]:
    """Return a lesion's effect, not yet adjusted, and the p-value of its change of the distance from the centre."""
    changes, p_value = {}, 1.0
    for figure in MEASURED:
        sides = _sum_both(figure, rows, intact)
        if sides is None:
            continue
        lesioned, whole = sides
        changes[figure.name] = Change(lesioned.value() - whole.value(), paired_difference(lesioned, whole))
        p_value = sign_flip_p_value(lesioned, whole) if figure is OFF_CENTRE else p_value
    ratio = _mean_of(RESTLESSNESS, rows) / max(_mean_of(RESTLESSNESS, intact), 1e-9)
    return LesionEffect(lesion, len(rows), changes, 1.0, describe_changes(changes, ratio)), p_value


def _sum_both(figure: Figure, rows: Sequence[Row], intact: Sequence[Row]) -> tuple[Sums, Sums] | None:
    """Return both sides' sums over the routes on which both have the figure; None without such a route."""
    known = [{row["name"] for row in side if row[figure.measure] is not None} for side in (rows, intact)]
    common = known[0] & known[1]
    sides = [sum_by_route(figure, [row for row in side if row["name"] in common]) for side in (rows, intact)]
    return (Sums(*(one[None] for one in sides[0])), Sums(*(one[None] for one in sides[1]))) if common else None


def _mean_of(figure: Figure, rows: Sequence[Row]) -> float:
    values = [float(row[figure.measure]) for row in rows if row[figure.measure] is not None]
    return float(np.mean(values)) if values else 0.0


def describe_changes(changes: Mapping[str, Change], restlessness_ratio: float) -> str:
    """Return in words what a lesion does. Only what its interval shows is said."""
    said = []
    if (change := changes.get(DEPARTURES.name)) and change.interval.low > 0.0:
        said.append("leaves the lane")
    if (change := changes.get(SIDE.name)) and 0.0 not in change.interval and abs(change.value) >= LEAST_DRIFT_M:
        said.append(f"drifts {'right' if change.value > 0 else 'left'} by {abs(change.value):.2f} m")
    if (change := changes.get(RESTLESSNESS.name)) and change.interval.low > 0.0 and restlessness_ratio >= LEAST_RATIO:
        said.append(f"oscillates, {restlessness_ratio:.1f} times as restless")
    if (change := changes.get(LAG.name)) and 0.0 not in change.interval and abs(change.value) >= LEAST_LAG_S:
        said.append(f"turns {abs(change.value):.2f} s {'later' if change.value > 0 else 'earlier'}")
    if not said and (change := changes.get(OFF_CENTRE.name)) and change.interval.low > 0.0 and change.value >= LEAST_FARTHER_M:
        said.append(f"drives {change.value:.2f} m farther off the centre")
    return ", ".join(said) or "no change is shown"
