"""The explanation command: it drives policies intact and with lesions, measures what their neurons do, and writes one page."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from driving.evaluation.command import label_checkpoints
from driving.evaluation.drive_task import DriverReference
from driving.evaluation.runner import ProgressListener, RunConfig, evaluate_all
from driving.evaluation.suite import SuiteConfig
from driving.evaluation.workers.servers import parse_addresses
from driving.explanation.measure import DriveLesions, Explanation, LesionBudget, explain_policy
from driving.explanation.page.compose import compose_page
from driving.explanation.page.plain import make_plain
from driving.explanation.page.wandb_media import log_page
from driving.explanation.road_pictures import take_road_pictures
from driving.folder_lock import lock_folder
from driving.interrupts import keep
from driving.parser import Parser, make_parser
from driving.quantities import UserError
from driving.reports.document import render_html
from policy.runtime import SUFFIX
from policy.whole_file import write_text

PAGE, DATA = "explain.html", "explain.json"
DRIVES, LESIONS, PICTURES = "drives", "lesions", "road_pictures"


class _Printer(ProgressListener):
    """Prints one line per drive."""

    def say(self, line: str) -> None:
        """Print the line."""
        print(line, flush=True)


def explain_command(about: str, args: list[str] | None = None) -> Path:
    """Parse the command line, drive what is missing, measure, write the page, and return its path. Raises UserError for a wrong command line."""
    options = (parser := _make_parser(about)).instantiate(parser.parse_args(args))
    values = {name: getattr(options, name) for name in SuiteConfig.__dataclass_fields__ if name != "camera"}
    suite = SuiteConfig(**{**values, "disturbances": []})
    if options.frames < 1:
        raise UserError(f"frames is {options.frames}: give 1 or more")
    if any(path.suffix == SUFFIX for path in options.checkpoint):
        raise UserError("an exported policy does not show its synapses: give the training run that it was exported from")
    keep(f"finished drives are kept in {options.out}; the same command goes on with the others")
    torch.set_num_threads(1)
    with lock_folder(options.out):
        document, policies = _explain(options, suite)
        page = render_html(document)
        write_text(options.out / DATA, json.dumps({"suite": suite.name, "policies": make_plain(policies)}, indent=1))
        write_text(options.out / PAGE, page)
        if options.wandb:
            log_page(options.out, page, document)
    print(f"{options.out / PAGE} and {DATA} written")
    return Path(options.out / PAGE)


def _explain(options: Any, suite: SuiteConfig) -> tuple[Any, list[Explanation]]:
    """Drive and measure, and return the page's document with what it shows."""
    printer, out = _Printer(), options.out
    run = RunConfig(options.workers, parse_addresses(options.servers), options.timeout_s)
    labels = {label: DriverReference(checkpoint=path) for label, path in label_checkpoints(options.checkpoint).items()}
    summaries = evaluate_all({f"{label}/{DRIVES}": driver for label, driver in labels.items()}, suite, out, run, printer)
    pictures = take_road_pictures(suite, options.frames, out / PICTURES, next(iter(run.servers), None), printer.say)
    budget = options.lesions
    short = replace(suite, route_length_m=min(budget.length_m, suite.route_length_m))
    policies = []
    for label, driver in labels.items():
        lesions = DriveLesions(driver, short, out / label / LESIONS, run, printer)
        folder = out / label / DRIVES
        policies.append(explain_policy(label, (folder, summaries[f"{label}/{DRIVES}"]), driver, pictures, budget, lesions, printer.say))
    return compose_page(policies, pictures, suite, budget), policies


def _make_parser(about: str) -> Parser:
    parser = make_parser(about)
    parser.add_argument("--suite", action="config", help="YAML file with the suite's values")
    parser.add_argument("--checkpoint", type=Path, nargs="+", required=True, help="training runs or their checkpoint folders")
    parser.add_argument("--out", type=Path, required=True, help=f"folder for {PAGE}, {DATA} and all drives")
    parser.add_class_arguments(LesionBudget, "lesions")
    parser.add_argument("--frames", type=int, default=200, help="how many pictures of the suite's roads to look at for the saliency")
    parser.add_argument("--wandb", type=bool, default=False, help="log the page to Weights & Biases too, offline unless you are logged in")
    parser.add_argument("--workers", type=int, default=1, help="how many drives to make side by side, each on its own stand-in server")
    parser.add_argument("--servers", type=str | None, default=None, metavar="HOST:PORT,...", help="CARLA servers to drive on, one drive on each")
    parser.add_argument("--timeout_s", type=float, default=60.0, help="how long a call to the server may take")
    parser.add_class_arguments(SuiteConfig, skip={"camera"})
    return parser
