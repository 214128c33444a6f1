"""Closed-loop validation: the policy under training drives a suite on the simulator, and its driving is what counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from driving.evaluation.suite import SuiteConfig
from driving.training.checkpoint import Judge
from policy.network import DrivingPolicy

MEASURES = ("departures", "mean_abs_lateral_m", "km")


def validation_suite() -> SuiteConfig:
    """Two short tracks that no other suite has: the quickstart's are for its evaluation."""
    return SuiteConfig(name="validation", tracks=[8001, 8002], route_length_m=400.0)


@dataclass
class ClosedLoopConfig:
    """When and where to drive.

    Args:
        every_n_epochs: how often; 0 for never. After the last epoch it is always done.
        suite: the roads and weathers to drive.
    """

    every_n_epochs: int = 0
    suite: SuiteConfig = field(default_factory=validation_suite)


def closed_loop_judge(config: ClosedLoopConfig, run: Path) -> Judge | None:
    """What gives a policy's closed-loop figures, or None where the run has no closed-loop validation.

    Each judgement's drives lie under RUN/closed_loop/epoch_NNN.
    """
    if config.every_n_epochs <= 0:
        return None
    # Training alone needs no simulator, so it is only loaded for this.
    from driving.drivers.learned import LearnedDriver
    from driving.evaluation.runner import evaluate

    def judge(policy: DrivingPolicy, epoch: int) -> Mapping[str, float]:
        summary = evaluate(lambda: LearnedDriver(policy), config.suite, run / "closed_loop" / f"epoch_{epoch:03d}", identity=f"epoch {epoch}")
        overall = summary["overall"]
        return {name: float(overall[name]) for name in MEASURES}

    return judge
