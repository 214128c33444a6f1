"""Everything that is measured of one policy, from its drives, its lesions and the pictures of the roads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from driving.drivers.learned import checkpoint_folder
from driving.evaluation.drive_task import DriverReference
from driving.evaluation.estimates import Row, choose_headline
from driving.evaluation.runner import ProgressListener, RunConfig
from driving.evaluation.suite import SuiteConfig
from driving.explanation.activity import Activity, measure_activity
from driving.explanation.certainty import Certainty, check_bounds
from driving.explanation.lesions.effects import INTACT, LesionEffect, choose_lesions, compare_lesions, drive_lesions
from driving.explanation.lesions.shapley import Contribution, sample_contributions
from driving.explanation.looking import Looking, measure_looking
from driving.explanation.response import Response, measure_responses
from driving.explanation.road_pictures import RoadPictures
from driving.explanation.rules import Rule, find_rules
from driving.explanation.watched import WatchedDrive, watch_drive
from driving.quantities import UserError
from perception.errors import ConfigError
from policy.network import DrivingPolicy, load_policy

SHORTEST_M = 30.0


@dataclass(frozen=True)
class LesionBudget:
    """How many lesions are driven. Those come first that change the predictions of finished drives most.

    Args:
        singles: how many neurons to take out, each alone.
        pairs: how many pairs of neurons to take out.
        orders: how many random orders to sample for the neurons' Shapley values; 0 for none.
        length_m: how far to drive on each of the suite's routes (m).
    """

    singles: int = 19
    pairs: int = 0
    orders: int = 0
    length_m: float = 200.0

    def __post_init__(self) -> None:
        """Raises UserError for values below 0, and for routes without a length."""
        for name in ("singles", "pairs", "orders"):
            if getattr(self, name) < 0:
                raise UserError(f"{name} is {getattr(self, name)}: give 0 or more")
        if self.length_m <= SHORTEST_M:
            raise UserError(f"length_m is {self.length_m}: give more than {SHORTEST_M:g} m, which is the shortest route")


@dataclass(frozen=True)
class Explanation:
    """What is known about one policy."""

    label: str
    policy: DrivingPolicy = field(repr=False)
    rows: Sequence[Row] = field(repr=False)  # of the undisturbed drives
    certainty: Certainty
    responses: Sequence[Response]
    rules: Sequence[Rule]
    activity: Activity
    looking: Looking
    effects: Sequence[LesionEffect] = ()
    contributions: Sequence[Contribution] = ()
    intact_rows: Sequence[Row] = ()  # of the intact policy on the routes of the lesions
    not_cut: str = ""  # why there are no lesions


class DriveLesions:
    """Drives one policy's lesions on one suite. The results lie in a folder, and finished drives are not made again."""

    def __init__(self, driver: DriverReference, suite: SuiteConfig, folder: Path, run: RunConfig, progress: ProgressListener) -> None:
        self._driver, self._suite, self._folder, self._run, self._progress = driver, suite, folder, run, progress

    def __call__(self, lesions: Sequence[tuple[str, ...]]) -> Mapping[tuple[str, ...], Sequence[Row]]:
        return drive_lesions(self._driver, lesions, self._suite, self._folder, self._run, self._progress)


def explain_policy(
    label: str,
    evaluation: tuple[Path, Mapping[str, Any]],
    driver: DriverReference,
    pictures: Sequence[RoadPictures],
    budget: LesionBudget,
    drive_lesion: DriveLesions,
    say: Callable[[str], None],
) -> Explanation:
    """Measure everything about a policy whose drives are in a folder with a summary. Raises UserError where nothing was driven."""
    assert driver.checkpoint is not None
    policy = load_policy(checkpoint_folder(driver.checkpoint))
    folder, summary = evaluation
    rows = choose_headline(summary["routes"])
    if not rows:
        raise UserError(f"no drive of {label} succeeded: the summary.json in {folder} says why, then run the same command again")
    drives = [watch_drive(folder / "routes" / str(row["name"]), policy) for row in rows]
    say(f"{label}: {len(drives)} drives read, measuring responses, rules and saliency")
    names, roles = policy.cell.neuron_names, policy.cell.neuron_roles
    known = Explanation(
        label=label,
        policy=policy,
        rows=rows,
        certainty=check_bounds(policy, drives),
        responses=measure_responses(drives, names),
        rules=find_rules(drives, names),
        activity=measure_activity(drives, roles),
        looking=measure_looking(policy, pictures),
    )
    return _add_lesions(known, drives, budget, drive_lesion)


def _add_lesions(known: Explanation, drives: Sequence[WatchedDrive], budget: LesionBudget, drive_lesion: DriveLesions) -> Explanation:
    """Drive the lesions, and return the explanation with what they do."""
    policy = known.policy
    try:
        lesions = choose_lesions(policy, drives, budget.singles, budget.pairs)
    except ConfigError as error:  # a cell without connections between single neurons
        return replace(known, not_cut=str(error))
    rows = drive_lesion([INTACT, *(one.words for one in lesions)])
    hidden = [name for name, role in zip(policy.cell.neuron_names, policy.cell.neuron_roles, strict=True) if role != "motor"]
    contributions = sample_contributions(hidden, budget.orders, drive_lesion) if budget.orders else []
    effects = compare_lesions(lesions, rows)
    return replace(known, effects=effects, contributions=contributions, intact_rows=rows[INTACT])
