"""Closed-loop validation: the policy in training drives a suite on the simulator, and its driving decides which policy is the best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from driving.evaluation.suite import SuiteConfig
from driving.quantities import UserError
from driving.training.checkpoint import Judge
from policy.network import DrivingPolicy, save_policy

MEASURES = ("departures", "mean_abs_lateral_m", "km")


def make_validation_suite() -> SuiteConfig:
    """Return a suite of two short tracks that no other suite has, so that evaluations stay a fair test."""
    return SuiteConfig(name="validation", families={"track": [8001, 8002]}, route_length_m=400.0)


@dataclass
class ClosedLoopConfig:
    """When and where to drive.

    Args:
        every_n_epochs: epochs between two drives; 0 for none. After the last epoch the policy always drives.
        suite: the roads and weathers to drive.
    """

    every_n_epochs: int = 0
    suite: SuiteConfig = field(default_factory=make_validation_suite)


def make_judge(config: ClosedLoopConfig, run: Path) -> Judge | None:
    """Return a function that drives a policy and returns its figures; None where the run has no closed-loop validation.

    The drives of each epoch are saved under RUN/closed_loop/epoch_NNN, with the policy that drove.
    """
    if config.every_n_epochs <= 0:
        return None
    # Imported here, because training alone does not need the simulator.
    from driving.evaluation.drive_task import DriverReference
    from driving.evaluation.runner import evaluate

    def judge(policy: DrivingPolicy, epoch: int) -> Mapping[str, float]:
        folder = run / "closed_loop" / f"epoch_{epoch:03d}"
        save_policy(policy, folder / "checkpoint")
        summary = evaluate(DriverReference("policy", folder / "checkpoint"), config.suite, folder)
        if summary["not_driven"]:
            names = ", ".join(row["name"] for row in summary["not_driven"])
            raise UserError(f"closed-loop validation of epoch {epoch} could not drive {names}: see why in {folder / 'summary.json'}, and resume")
        overall = summary["overall"]
        return {name: float(overall[name]) for name in MEASURES}

    return judge
