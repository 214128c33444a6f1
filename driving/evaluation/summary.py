"""The summary of an evaluation, which follows from what became of its drives.

What a second run of the same suite and driver does not repeat byte for byte lies under "wall_clock" (durations, latencies, failed attempts) and
under "machine" of "identity". "overall" has the figures of the undisturbed drives, or of all where each is disturbed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from driving.evaluation.estimates import choose_headline
from driving.evaluation.identity import describe_build, digest_all
from driving.evaluation.measures.latency import Latency, combine_latencies
from driving.evaluation.measures.summary import Measures, combine
from driving.evaluation.suite import SuiteConfig
from driving.evaluation.workers.pool import Outcome
from driving.quantities import CameraSpec

SUMMARY = "summary.json"


@dataclass(frozen=True)
class Plan:
    """What is evaluated."""

    suite: SuiteConfig
    suite_digest: str
    driver: str  # its name
    policy_digest: str
    drives: int  # how many there are to be


def summarise(plan: Plan, outcomes: Sequence[Outcome], stopped: str | None = None) -> dict[str, Any]:
    """Return the summary of drives in the suite's order. `stopped` says why the suite was not driven to its end."""
    suite = plan.suite
    rows = [one.drive.row for one in outcomes if one.drive is not None]
    return {
        "suite": suite.name,
        "seed": suite.seed,
        "driver": plan.driver,
        "departure_rule": f"more than {suite.departure_m:g} m from the centre line; put back on it two seconds of driving further on",
        "identity": describe_build()
        | {
            "suite_digest": plan.suite_digest,
            "policy_digest": plan.policy_digest,
            "camera": asdict(suite.camera or CameraSpec()),
            "traces_digest": digest_all([(row["name"], row["trace_digest"]) for row in rows]),
        },
        "drives": plan.drives,
        "stopped": stopped,
        "overall": combine([Measures.from_row(row) for row in choose_headline(rows)]).as_dict() if rows else {},
        "not_driven": [_describe_missing(one) for one in outcomes if one.drive is None],
        "wall_clock": _summarise_times(outcomes),
        "routes": rows,
    }


def _describe_missing(outcome: Outcome) -> dict[str, Any]:
    """Return a row for a drive that was not made."""
    task, failed = outcome.job.task, outcome.failed_attempts
    return task.describe() | {"length_m": task.route.length_m, "reason": f"{len(failed)} attempts failed; the last one: {failed[-1]}"}


def _summarise_times(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return what the wall clock measured, and what had to be tried again."""
    drives = [one.drive for one in outcomes if one.drive is not None]
    latencies = [Latency(drive.wall_clock["latency_p50_ms"], drive.wall_clock["latency_p99_ms"]) for drive in drives]
    return asdict(combine_latencies(latencies)) | {
        "drive_s": sum(drive.wall_clock["drive_s"] for drive in drives),
        "failed_attempts": {one.job.task.name: one.failed_attempts for one in outcomes if one.failed_attempts},
        "routes": {str(drive.row["name"]): drive.wall_clock for drive in drives},
    }
