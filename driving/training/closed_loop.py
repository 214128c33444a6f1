"""Closed-loop validation: the policy in training drives a suite on the simulator, and its driving decides which policy is the best.

The suite has short routes on held-out roads of every family. The families that the policy masters least decide (`WORST`), because they are where
it fails later, and a mean over all hides them. The mean distance from the centre line decides between equals.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from driving.evaluation.suite import SuiteConfig
from driving.quantities import UserError
from driving.training.checkpoint import WORST, Judge
from driving.world.generated.families import FAMILIES
from policy.network import DrivingPolicy, save_policy

MEASURES = ("departures", "mean_abs_lateral_m", "km")
WEATHERS = ("ClearNoon", "CloudyNoon", "WetCloudyNoon", "MidRainyNoon", "ClearSunset", "CloudySunset")


def make_validation_suite() -> SuiteConfig:
    """Return a suite of a short route on a road of every family. No other suite has these roads, so that evaluations stay a fair test."""
    return SuiteConfig("validation", {family: [8001] for family in FAMILIES}, route_length_m=300.0, weathers=list(WEATHERS))


@dataclass
class ClosedLoopConfig:
    """When and where to drive.

    Args:
        every_n_epochs: epochs between two drives; 0 for none. After the last epoch the policy always drives.
        workers: how many drives are made side by side, each on a stand-in server of its own.
        suite: the roads and weathers to drive.
    """

    every_n_epochs: int = 0
    workers: int = 1
    suite: SuiteConfig = field(default_factory=make_validation_suite)


def make_judge(config: ClosedLoopConfig, run: Path) -> Judge | None:
    """Return a function that drives a policy and returns its figures; None where the run has no closed-loop validation.

    The drives of each epoch are saved under RUN/closed_loop/epoch_NNN, with the policy that drove.
    """
    if config.every_n_epochs <= 0:
        return None
    # Imported here, because training alone does not need the simulator.
    from driving.evaluation.drive_task import DriverReference
    from driving.evaluation.measures.families import intervention_rate, measure_families, rate_worst_families
    from driving.evaluation.runner import RunConfig, evaluate

    def judge(policy: DrivingPolicy, epoch: int) -> Mapping[str, float]:
        folder = run / "closed_loop" / f"epoch_{epoch:03d}"
        save_policy(policy, folder / "checkpoint")
        summary = evaluate(DriverReference("policy", folder / "checkpoint"), config.suite, folder, RunConfig(config.workers, movies=False))
        if summary["not_driven"]:
            names = ", ".join(row["name"] for row in summary["not_driven"])
            raise UserError(f"closed-loop validation of epoch {epoch} could not drive {names}: see why in {folder / 'summary.json'}, and resume")
        overall, families = summary["overall"], measure_families(summary["routes"])
        by_family = {f"interventions_per_km/{family}": intervention_rate(measures) for family, measures in families.items()}
        means = {name: math.nan if overall[name] is None else float(overall[name]) for name in MEASURES}
        return {WORST: rate_worst_families(families), **means, **by_family}

    return judge
