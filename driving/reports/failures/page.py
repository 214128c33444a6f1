"""failures.html: a wall of clips of what went wrong, grouped by cause. It opens from a file; its clips lie in failures/ beside it."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import jinja2

from driving.reports.document import Table
from driving.reports.drives import Evaluation
from driving.reports.failures.choose import PLACE_M, CauseGroup, DriveFailure, group_by_cause, list_failures
from driving.reports.failures.clips import write_failure_clip
from policy.network import DrivingPolicy
from policy.whole_file import write_text

PAGE = "failures{}.html"


def write_failures(
    page: Path, evaluation: Evaluation, policy: DrivingPolicy | None, report: Callable[[str], None] = lambda line: None
) -> Path | None:
    """Write the page of an evaluation's failures, and its clips beside it. Return its path, None where the evaluation has no failure.

    Without the policy that drove, the clips show the camera alone. Raises UserError where a drive cannot be read.
    """
    groups = group_by_cause(list_failures(evaluation))
    if not groups:
        return None
    clips = {}
    for one in (one for group in groups for one in group.shown):
        path = page.with_suffix("") / f"{one.clip_name}.mp4"
        if write_failure_clip(path, one, policy):
            clips[one.clip_name] = f"{path.parent.name}/{path.name}"
            report(f"{path}: {one.failure.words}")
    write_text(page, _render(evaluation, groups, clips))
    return page


def make_causes_table(evaluation: Evaluation) -> Table | None:
    """Return one row per cause of failure, None where the evaluation has no failure."""
    groups = group_by_cause(list_failures(evaluation))
    if not groups:
        return None
    count, km = sum(len(group.failures) for group in groups), float(evaluation.summary["overall"]["km"])
    rows = [[group.cause, *_describe_group(group, count, km)] for group in groups]
    return Table(
        ["cause", "failures", "share %", "per km", "places", "drives"],
        rows,
        f"{evaluation.label}, {km:.2f} km. A place is {PLACE_M:g} m of one lane.",
    )


def _describe_group(group: CauseGroup, count: int, km: float) -> list[str]:
    """Return a cause's cells of the table."""
    failures = group.failures
    places, drives = len({one.place for one in failures}), len({one.name for one in failures})
    return [str(len(failures)), f"{100.0 * len(failures) / count:.0f}", f"{len(failures) / km:.2f}" if km > 0 else "–", str(places), str(drives)]


def make_command(evaluation: Evaluation, failure: DriveFailure) -> str:
    """Return the command that makes a failure's drive again, exactly as it was."""
    folder = evaluation.folder
    return f"python scripts/evaluate.py --again {folder} --only {failure.name} --out {folder}_again"


def _render(evaluation: Evaluation, groups: list[CauseGroup], clips: dict[str, str]) -> str:
    loader = jinja2.PackageLoader("driving.reports.failures", package_path="")
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    style = (files("driving.reports") / "report.css").read_text(encoding="utf-8")
    own = (files("driving.reports.failures") / "failures.css").read_text(encoding="utf-8")
    return environment.get_template("failures.html.j2").render(
        summary=evaluation.summary,
        groups=groups,
        count=sum(len(group.failures) for group in groups),
        clips=clips,
        command=lambda one: make_command(evaluation, one),
        style=style + own,
    )
