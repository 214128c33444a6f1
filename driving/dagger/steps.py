"""The steps of a round: record, train, evaluate. Each returns in words what came out. Each is called in a process of its own.

A step imports what it needs itself, because each needs another part of the code, and imports take seconds.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from driving.drivers.driver import Driver
from driving.drivers.perturbed import DisturbanceConfig, PerturbedExpert
from driving.evaluation.suite import SuiteConfig
from driving.quantities import UserError
from driving.rollout.record_config import RecordConfig

MOST_NAMED = 3


def record_round(config: RecordConfig, log: Path, servers: int, policy: Path | None, expert_share: float) -> str:
    """Record the log anew: the policy and the expert drive by turns; without a policy the disturbed expert drives.

    What an earlier attempt has left is removed, so that the log does not depend on where it stopped.
    """
    import torch

    from driving.drivers.learned import LearnedDriver, checkpoint_folder
    from driving.drivers.mixed import MixedDriver
    from driving.rollout.command import open_sessions
    from driving.rollout.record import record
    from policy.network import load_policy

    shutil.rmtree(log, ignore_errors=True)
    torch.set_num_threads(1)  # the servers have the other cores

    def new_driver(disturbance: DisturbanceConfig) -> Driver:
        if policy is None:
            return PerturbedExpert(disturbance)
        return MixedDriver(LearnedDriver(load_policy(checkpoint_folder(policy))), expert_share)

    with open_sessions(servers, config.seed) as sessions:
        frames = record(sessions, config, log, new_driver=new_driver)
    return f"{frames:,} frames"


def train_round(config: Path, logs: Sequence[Path], start: Path | None, run: Path) -> str:
    """Train on all logs into the run's folder, from the weights of `start` if there are any. A training that was interrupted goes on."""
    from driving.training.checkpoint import LAST
    from driving.training.cli import TrainCommand

    words = ["--config", str(config), "--data.log", json.dumps([str(log) for log in logs]), "--out", str(run)]
    words += ["--existing", "resume" if (run / LAST).is_file() else "replace", "--trainer.enable_progress_bar", "false"]
    words += [] if start is None else ["--model.start", str(start)]
    return f"policy {TrainCommand('', ['fit', *words]).checkpoint.summary()}"


def evaluate_round(policy: Path, suite: SuiteConfig, out: Path, workers: int) -> str:
    """Drive the suite; drives that are made already are not made again. Raises UserError where one could not be made."""
    from driving.evaluation.drive_task import DriverReference
    from driving.evaluation.estimates import choose_headline, make_estimates
    from driving.evaluation.measures.families import intervention_rate, measure_families
    from driving.evaluation.runner import RunConfig, evaluate

    summary = evaluate(DriverReference("policy", policy), suite, out, RunConfig(workers, movies=False))
    if summary["not_driven"]:
        names = ", ".join(row["name"] for row in summary["not_driven"])
        raise UserError(f"the evaluation could not drive {names}: see why in {out / 'summary.json'}, and run the same command again")
    rows = choose_headline(summary["routes"])
    worst = sorted(((intervention_rate(one), family) for family, one in measure_families(rows).items()), reverse=True)
    named = ", ".join(f"{family} {rate:.2f}" for rate, family in worst[:MOST_NAMED] if rate > 0)
    return f"departures per km {make_estimates(rows)[0].text}" + (f"; interventions per km worst on {named}" if named else "")
