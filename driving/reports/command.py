"""The report command: collect the folders of a run into one report."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

from jsonargparse import Namespace

from driving.drivers.learned import checkpoint_folder
from driving.folder_lock import lock_folder
from driving.parser import make_parser
from driving.quantities import UserError
from driving.reports.drives import Evaluation, read_evaluations
from driving.reports.failures.page import PAGE, write_failures
from driving.reports.report import ReportInputs, Stage, View, write_report
from policy.network import DrivingPolicy, load_policy
from policy.runtime import SUFFIX

VIEWS = {
    "drive.mp4": "the drive: camera, saliency, every neuron, the track from above",
    "neurons.html": "the same drive as an interactive page for the browser",
    "drive.rrd": "the same drive for the Rerun viewer",
    "wiring.png": "the network",
}
SOURCES = {
    "log": "the driving log's folder",
    "run": "the training run's folder",
    "expert": "the folder of the expert's evaluation on the same suite",
    "dagger": "the folder of a run of dagger.py: departures per km by round",
    "benchmark": "the JSON of `benchmark.py ltc`: speed beside peers, accuracy of the solvers against cost",
    "views": "the folder that view.py wrote",
    "stages": "a file with the duration of each stage: lines name,seconds,what",
}


def report_command(about: str, args: list[str] | None = None) -> Path:
    """Parse the command line, write the report, print and return the page's path. Raises UserError when a source cannot be read."""
    parser = make_parser(about)
    parser.add_argument("--out", type=Path, required=True, help="folder for report.html and report.md")
    parser.add_argument("--title", type=str, default="LiquidLane", help="the report's title")
    for name, what in SOURCES.items():
        parser.add_argument(f"--{name}", type=Path | None, default=None, help=what)
    parser.add_argument("--evaluation", type=Path, nargs="+", default=[], help="folders of evaluations of one suite, to be shown side by side")
    parser.add_argument("--checkpoint", type=Path, nargs="+", default=[], help="the policies that drove them, for the clips (default: the run's)")
    given = parser.parse_args(args)
    with lock_folder(given.out):
        evaluations = read_evaluations(given.evaluation)
        checkpoints = given.checkpoint or ([given.run] if given.run else [])
        page = write_report(given.out, _collect(given, evaluations, _show_failures(given.out, evaluations, checkpoints)))
    print(f"{page} and report.md written")
    return page


def _collect(given: Namespace, evaluations: Sequence[Evaluation], failures: Sequence[Path]) -> ReportInputs:
    """Return the sources that the command line names."""
    metrics = None if given.run is None else given.run / "metrics.csv"
    views = [] if given.views is None else [View(name, given.views / name, content) for name, content in VIEWS.items()]
    return ReportInputs(
        title=given.title,
        stages=read_stages(given.stages) if given.stages else (),
        log=given.log,
        metrics_csv=metrics,
        evaluations=evaluations,
        failures=failures,
        expert=given.expert,
        dagger=given.dagger,
        benchmark=given.benchmark,
        views=[view for view in views if view.path.is_file()],
        notes=("Driven on the stand-in server with the carla client 0.9.16, not on a CARLA server with Unreal Engine.",) if evaluations else (),
    )


def _show_failures(out: Path, evaluations: Sequence[Evaluation], checkpoints: Sequence[Path]) -> list[Path]:
    """Write a page of each evaluation's failures, if it has any. The checkpoints are in the order of the evaluations; the last ones may lack."""
    pages = []
    for number, (evaluation, checkpoint) in enumerate(zip_longest(evaluations, checkpoints[: len(evaluations)])):
        page = write_failures(out / PAGE.format("" if len(evaluations) == 1 else f"_{number}"), evaluation, _load_policy(checkpoint), print)
        pages += [page] if page else []
    return pages


def _load_policy(checkpoint: Path | None) -> DrivingPolicy | None:
    """Return a policy, None without one or for an exported one, which has no front-end to look into."""
    return None if checkpoint is None or checkpoint.suffix == SUFFIX else load_policy(checkpoint_folder(checkpoint))


def read_stages(path: Path) -> list[Stage]:
    """Return the stages of a run. Raises UserError when the file cannot be read as lines of name,seconds,what."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [Stage(name, float(seconds), what) for name, seconds, what in csv.reader(file)]
    except (OSError, ValueError) as error:
        raise UserError(f"stages {path} cannot be read ({error}): expected lines name,seconds,what") from error
