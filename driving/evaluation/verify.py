"""Drive a random share of an evaluation's drives again and compare the digests of their traces."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from driving.evaluation.identity import describe_build, find_difference
from driving.evaluation.results import ROUTES
from driving.evaluation.runner import ProgressListener, RunConfig, evaluate
from driving.evaluation.settings import read_settings
from driving.evaluation.summary import SUMMARY
from driving.quantities import UserError
from driving.rollout.trace import Trace

BUILD = ("commit", "versions", "machine")


def verify(folder: Path, share: float, run: RunConfig, progress: ProgressListener, rng: np.random.Generator) -> list[str]:
    """Drive a share of an evaluation's drives again, tell `progress` what came out, and return the names of those that were not the same.

    Raises UserError where the evaluation is not one, has other weights now, or where the share is not above 0 and at most 1.
    """
    if not 0.0 < share <= 1.0:
        raise UserError(f"--share is {share:g}: give a share above 0 and at most 1 of the drives to make again")
    driver, suite = read_settings(folder)
    try:
        summary = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
        identity, before = summary["identity"], {row["name"]: row["trace_digest"] for row in summary["routes"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{folder / SUMMARY} cannot be read ({type(error).__name__}: {error}): evaluate again") from error
    if driver.digest() != identity["policy_digest"]:
        raise UserError(f"the policy {driver.checkpoint} is not the one that {folder} was driven with: put that one back, or evaluate again")
    if not before:
        raise UserError(f"{folder} has no drive to make again: evaluate first")
    for line in describe_changes(identity, describe_build()):
        progress.say(line)
    chosen = choose_names(list(before), share, rng)
    with tempfile.TemporaryDirectory() as place:
        again = evaluate(driver, suite, Path(place), RunConfig(**{**vars(run), "only": chosen}), progress)
        now = {row["name"]: row["trace_digest"] for row in again["routes"]}
        differing = [name for name in chosen if now.get(name) != before[name]]
        for name in differing:
            what = "could not be driven" if name not in now else _explain(folder / ROUTES / name, Path(place) / ROUTES / name)
            progress.say(f"{name}: not the same: {what}")
    progress.say(
        f"{len(chosen) - len(differing)} of {len(chosen)} drives are the same in every tick ({len(chosen)} of {len(before)} were made again)"
    )
    return differing


def choose_names(names: Sequence[str], share: float, rng: np.random.Generator) -> list[str]:
    """Return a random share of the names, at least one, in their order."""
    count = max(1, math.ceil(share * len(names) - 1e-9))
    return [names[place] for place in sorted(rng.choice(len(names), count, replace=False))]


def describe_changes(identity: Mapping[str, Any], build: Mapping[str, Any]) -> list[str]:
    """Return one line for each of commit, versions and machine that is not what it was."""
    return [
        f"the {name} has changed: {_short(identity.get(name))} before, {_short(build[name])} now"
        for name in BUILD
        if identity.get(name) != build[name]
    ]


def _short(value: Any) -> str:
    return ", ".join(f"{name} {one}" for name, one in value.items()) if isinstance(value, Mapping) else str(value)


def _explain(before: Path, now: Path) -> str:
    """Return where the trace that is kept and the new one differ, as far as the first is still there."""
    try:
        return find_difference(Trace.load(before), Trace.load(now))
    except UserError as error:
        return f"the digest is another one ({error})"
