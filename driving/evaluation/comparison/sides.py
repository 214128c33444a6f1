"""The evaluations that are compared: which they are, and whether they can be compared at all.

A side, A or B, is one evaluation or several, one per training seed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from driving.quantities import UserError

SUMMARY = "summary.json"
PAIR_KEY = ("map", "route", "weather", "disturbance", "severity", "seed")


@dataclass(frozen=True)
class Evaluation:
    """One finished evaluation of one policy."""

    folder: Path
    summary: Mapping[str, Any]

    @property
    def identity(self) -> Mapping[str, Any]:
        """Commit, versions and digests."""
        return self.summary["identity"]

    def rows(self) -> dict[str, Mapping[str, Any]]:
        """Return the drives by their pair key, as text."""
        return {pair_key(row): row for row in self.summary["routes"]}


@dataclass(frozen=True)
class Side:
    """One side of a comparison."""

    name: str  # A or B
    evaluations: tuple[Evaluation, ...]

    def describe(self) -> str:
        """Return the side in words."""
        folders = ", ".join(str(evaluation.folder) for evaluation in self.evaluations)
        return f"{self.name} is {folders} ({self.evaluations[0].summary['driver']})"


def pair_key(row: Mapping[str, Any]) -> str:
    """Return what two drives must share to be a pair."""
    return json.dumps({name: row[name] for name in PAIR_KEY}, sort_keys=True)


def load_side(name: str, text: str) -> Side:
    """Read a side: an evaluation, a folder of evaluations, or several separated by commas.

    Raises UserError where a folder is not an evaluation, is not finished, or where one policy is named twice.
    """
    folders = [folder for part in text.split(",") for folder in _find_evaluations(Path(part))]
    side = Side(name, tuple(_load_evaluation(folder) for folder in folders))
    first: dict[str, Path] = {}
    for evaluation in side.evaluations:
        other = first.setdefault(evaluation.identity["policy_digest"], evaluation.folder)
        if other != evaluation.folder:
            raise UserError(f"{other} and {evaluation.folder} are of the same policy: side {name} takes one evaluation per training seed")
    return side


def _find_evaluations(folder: Path) -> list[Path]:
    """Return the folder itself, or the evaluations in it."""
    if (folder / SUMMARY).is_file():
        return [folder]
    inner = sorted(path.parent for path in folder.glob(f"*/{SUMMARY}"))
    if not inner:
        raise UserError(f"{folder} holds no evaluation: expected {SUMMARY} in it or in its subfolders; give a folder that scripts/evaluate.py wrote")
    return inner


def _load_evaluation(folder: Path) -> Evaluation:
    """Read one evaluation. Raises UserError where it is broken, of an older version, or not finished."""
    try:
        summary = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
        identity, routes, planned = summary["identity"], summary["routes"], summary["drives"]
        names = [identity["suite_digest"], identity["policy_digest"], identity["camera"], summary["departure_rule"], summary["driver"]]
        names += [row[name] for row in [*routes, *summary["not_driven"]] for name in PAIR_KEY]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{folder / SUMMARY} is broken or of an older version ({type(error).__name__}: {error}): evaluate again") from error
    done = len(routes) + len(summary["not_driven"])
    if done < planned:
        raise UserError(f"{folder} is not finished: it has {done} of {planned} drives; run the same evaluate.py command again, without --until")
    if not routes:
        raise UserError(f"{folder} has no drive that was driven: look at its not_driven, and evaluate again")
    return Evaluation(folder, summary)


def check_comparable(sides: Sequence[Side]) -> None:
    """Raise UserError where evaluations cannot be compared: other cameras, departure rules or suites."""
    everything = [evaluation for side in sides for evaluation in side.evaluations]
    one = everything[0]
    for other in everything[1:]:
        _check_same("camera", [(each.folder, each.identity["camera"]) for each in (one, other)], "the policies were not shown the same")
        _check_same("departure rule", [(each.folder, each.summary["departure_rule"]) for each in (one, other)], "a departure is not the same in both")
        if one.identity["suite_digest"] != other.identity["suite_digest"]:
            names = [f"'{each.summary['suite']}' with seed {each.summary['seed']}" for each in (one, other)]
            said = f"suites {names[0]} and {names[1]}" if names[0] != names[1] else f"two versions of suite {names[0]} (other maps or overrides)"
            raise UserError(f"{one.folder} and {other.folder} are of {said}: drive both with the same --suite, --map and overrides")


def _check_same(what: str, values: Sequence[tuple[Path, Any]], why: str) -> None:
    """Raise UserError where two evaluations, given with their values of `what`, differ in it."""
    if values[0][1] != values[1][1]:
        said = ", ".join(f"{folder} has {json.dumps(value)}" for folder, value in values)
        raise UserError(f"the evaluations differ in their {what}, so {why}: {said}; evaluate both with the same suite")


def pair_rows(sides: Sequence[Side]) -> tuple[list[list[list[Mapping[str, Any]]]], int]:
    """Return the drives [side][training seed][drive] that all evaluations have driven, in one order, and how many drives are left out.

    Raises UserError where no drive was driven in all of them.
    """
    rows = [[evaluation.rows() for evaluation in side.evaluations] for side in sides]
    everything = [of_seed for side in rows for of_seed in side]
    common = [key for key in everything[0] if all(key in of_seed for of_seed in everything)]
    if not common:
        raise UserError("no drive was driven in all evaluations: look at their not_driven, and evaluate again")
    left_out = len(set().union(*everything)) - len(common)
    return [[[of_seed[key] for key in common] for of_seed in side] for side in rows], left_out
