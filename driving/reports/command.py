"""The report command: collect the folders of a run into one report."""

from __future__ import annotations

import csv
from pathlib import Path

from driving.folder_lock import lock_folder
from driving.parser import make_parser
from driving.quantities import UserError
from driving.reports.report import ReportInputs, Stage, View, write_report

VIEWS = {
    "drive.mp4": "the drive: camera, saliency, every neuron, the track from above",
    "neurons.html": "the same drive as an interactive page for the browser",
    "drive.rrd": "the same drive for the Rerun viewer",
    "wiring.png": "the network",
}
SOURCES = {
    "log": "the driving log's folder",
    "run": "the training run's folder",
    "evaluation": "the folder of the policy's evaluation",
    "expert": "the folder of the expert's evaluation on the same suite",
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
    given = parser.parse_args(args)
    metrics = None if given.run is None else given.run / "metrics.csv"
    views = [] if given.views is None else [View(name, given.views / name, content) for name, content in VIEWS.items()]
    inputs = ReportInputs(
        title=given.title,
        stages=read_stages(given.stages) if given.stages else (),
        log=given.log,
        metrics_csv=metrics,
        evaluation=given.evaluation,
        expert=given.expert,
        benchmark=given.benchmark,
        views=[view for view in views if view.path.is_file()],
        notes=("Driven on the stand-in server with the carla client 0.9.16, not on a CARLA server with Unreal Engine.",) if given.evaluation else (),
    )
    with lock_folder(given.out):
        page = write_report(given.out, inputs)
    print(f"{page} and report.md written")
    return page


def read_stages(path: Path) -> list[Stage]:
    """Return the stages of a run. Raises UserError when the file cannot be read as lines of name,seconds,what."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [Stage(name, float(seconds), what) for name, seconds, what in csv.reader(file)]
    except (OSError, ValueError) as error:
        raise UserError(f"stages {path} cannot be read ({error}): expected lines name,seconds,what") from error
