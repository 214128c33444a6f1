"""The evaluation command: it drives a suite, given as YAML with overrides, with policies or the expert, and prints tables."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from driving.evaluation.drive_task import DriverKind, DriverReference
from driving.evaluation.runner import ProgressListener, RunConfig, evaluate
from driving.evaluation.settings import read_settings
from driving.evaluation.suite import SuiteConfig
from driving.evaluation.summary import SUMMARY
from driving.evaluation.table import print_comparison, print_summary
from driving.evaluation.until import parse_until
from driving.evaluation.verify import verify
from driving.evaluation.workers.servers import Address, parse_addresses
from driving.folder_lock import lock_folder
from driving.interrupts import keep
from driving.parser import Parser, make_parser
from driving.quantities import UserError
from driving.rollout.live_feed import FEED
from driving.rollout.live_viewer import run_live_viewer
from policy.runtime import SUFFIX
from policy.whole_file import write_text

NOT_ALL_DRIVEN = NOT_SHOWN = 1  # exit statuses


def evaluate_command(about: str, args: list[str] | None = None) -> int:
    """Parse the command line, drive, and print the tables. Return the exit status: 0 where every drive was made.

    Raises UserError for a wrong command line.
    """
    options = (parser := _make_parser(about)).instantiate(parser.parse_args(args))
    if options.verify is not None:
        return _verify(options)
    if options.out is None:
        raise UserError("no --out: give a folder for the results")
    rule = None if options.until is None else parse_until(options.until)
    drivers, suite = _choose(options)
    feed = options.out / FEED if options.live else None
    run = RunConfig(
        options.workers, _list_servers(options), options.timeout_s, options.attempts, options.only, ray=options.ray, feed=feed, movies=options.movies
    )
    keep(f"finished drives are kept in {options.out}; the same command goes on with the others")
    summaries: dict[str, dict[str, Any]] = {}
    with lock_folder(options.out), _show_live(options) if options.live else nullcontext():
        for name, driver in drivers.items():
            with _ProgressBar(name or driver.kind) as bar:
                summaries[name] = evaluate(driver, suite, options.out / name, run, bar, rule)
            print_summary(summaries[name])
            if rule is not None:
                summaries[name]["until"] = rule.describe(summaries[name]["routes"], summaries[name]["drives"])
                write_text(options.out / name / SUMMARY, json.dumps(summaries[name], indent=1))
                print(summaries[name]["until"]["text"])
    if len(summaries) > 1:
        print_comparison(summaries)
    return 0 if all(_is_done(summary) for summary in summaries.values()) else NOT_ALL_DRIVEN


def _show_live(options: Any) -> AbstractContextManager[object]:
    """Return the live view of the drives, to run while they are made. Raises UserError for what has no neurons."""
    if options.driver == "expert" or len(options.checkpoint) != 1 or options.checkpoint[0].suffix == SUFFIX:
        raise UserError("--live shows the neurons of one policy: give one --checkpoint, a run or its folder")
    return run_live_viewer(options.out, options.checkpoint[0])


def _choose(options: Any) -> tuple[Mapping[str, DriverReference], SuiteConfig]:
    """Return the drivers by the folder of their results inside OUT, and the suite: those of another evaluation, or those that the options give."""
    if options.again is not None:
        driver, suite = read_settings(options.again)
        return {"": driver}, suite
    values = {name: getattr(options, name) for name in SuiteConfig.__dataclass_fields__ if name != "camera"}
    values["maps"] = [*values["maps"], *options.map]
    drivers = _list_drivers(options.driver, options.checkpoint, options.threads)
    return {name: replace(driver, lesion=tuple(options.lesion)) for name, driver in drivers.items()}, SuiteConfig(**values)


def _is_done(summary: Mapping[str, Any]) -> bool:
    """Return whether every drive was made, or what --until asks was shown."""
    return bool(summary["until"]["decision"] == "shown") if "until" in summary else not summary["not_driven"]


def _verify(options: Any) -> int:
    """Drive a share of an evaluation again, print what is not the same, and return the exit status."""
    run = RunConfig(options.workers, _list_servers(options), options.timeout_s, options.attempts)
    with _ProgressBar("again") as bar:
        return NOT_SHOWN if verify(options.verify, options.share, run, bar, np.random.default_rng()) else 0


def _make_parser(about: str) -> Parser:
    parser = make_parser(
        about,
        "exit status: 0 where all drives were made (--until: the claim was shown; --verify: all were the same), 1 where not, 2 for a mistake",
    )
    parser.add_argument("--suite", action="config", help="YAML file with the suite's values")
    parser.add_argument("--driver", choices=get_args(DriverKind), default="policy", help="who drives: the policy of --checkpoint, or the expert")
    what = "training runs, their folders with policy.safetensors, or .onnx files; the results of several go to OUT/NAME each"
    parser.add_argument("--checkpoint", type=Path, nargs="+", default=[], help=what)
    parser.add_argument("--out", type=Path | None, default=None, help="folder for summary.json, results.jsonl and routes/NAME")
    parser.add_argument("--only", type=str, nargs="+", default=[], metavar="NAME", help="make only the suite's drives of these names")
    parser.add_argument("--until", type=str | None, default=None, metavar="CLAIM", help='stop when, say, "departures_per_km < 0.1" is decided')
    what = "take driver and suite from the evaluation EVAL; with --only NAME, a drive that failed is made again alone"
    parser.add_argument("--again", type=Path | None, default=None, metavar="EVAL", help=what)
    parser.add_argument("--verify", type=Path | None, default=None, metavar="EVAL", help="make drives of EVAL again and compare every tick")
    parser.add_argument("--share", type=float, default=0.1, help="the share of EVAL's drives that --verify makes again")
    parser.add_argument("--map", type=Path, nargs="+", default=[], help="OpenDRIVE files to drive on as well")
    parser.add_argument("--workers", type=int, default=1, help="how many drives to make side by side, each on its own stand-in server")
    parser.add_argument("--servers", type=str | None, default=None, metavar="HOST:PORT,...", help="CARLA servers to drive on, one drive on each")
    what = "drive on a Ray cluster: its address, or local for one of this machine alone; --workers or --servers say how many drives at a time"
    parser.add_argument("--ray", type=str | None, default=None, metavar="ADDRESS", help=what)
    parser.add_argument("--host", type=str | None, default=None, help="one CARLA server to drive on")
    parser.add_argument("--port", type=int | None, default=None, help="its port")
    parser.add_argument("--live", action="store_true", help="show the running drive, neuron by neuron, in Rerun's viewer in a browser")
    parser.add_argument("--timeout_s", type=float, default=60.0, help="how long a call to the server may take")
    parser.add_argument("--attempts", type=int, default=3, help="how often to try a drive whose server fails")
    what = "whether drives keep their camera's movie; without, they are faster, and failures have no clips until they are driven --again"
    parser.add_argument("--movies", type=bool, default=True, help=what)
    what = "neurons ('inter 7') and synapses ('inter -> command') that the policies drive without"
    parser.add_argument("--lesion", type=str, nargs="+", default=[], help=what)
    parser.add_argument("--threads", type=int, default=1, help="threads of the network's arithmetic")
    parser.add_class_arguments(SuiteConfig, skip={"camera"})
    return parser


def _list_servers(options: Any) -> Sequence[Address]:
    """Return the servers that the user names, () for our own. Raises UserError where the options contradict each other."""
    named = options.host is not None or options.port is not None
    if options.servers is not None and named:
        raise UserError("both --servers and --host or --port are given: name all servers with --servers host:port,...")
    if options.workers != 1 and (options.servers is not None or named):
        raise UserError(f"workers is {options.workers} although servers are named: each named server has one worker, name more with --servers")
    if named:
        return [Address(options.host or "127.0.0.1", options.port or 2000)]
    return parse_addresses(options.servers)


def _list_drivers(kind: DriverKind, checkpoints: Sequence[Path], threads: int) -> Mapping[str, DriverReference]:
    """Return the drivers by the folder of their results inside OUT. Raises UserError where two would share one."""
    if kind == "expert" or len(checkpoints) < 2:
        return {"": DriverReference(kind, checkpoints[0] if checkpoints else None, threads)}
    return {label: DriverReference(kind, path, threads) for label, path in label_checkpoints(checkpoints).items()}


def label_checkpoints(checkpoints: Sequence[Path]) -> dict[str, Path]:
    """Return checkpoints by the names of their runs or files. Raises UserError where two have one name."""
    labelled = {_label(path): path for path in checkpoints}
    if len(labelled) < len(checkpoints):
        raise UserError(f"{len(checkpoints)} checkpoints have only the names {', '.join(labelled)}: rename some folders, or evaluate them one by one")
    return labelled


def _label(checkpoint: Path) -> str:
    """Return a policy's name for its results: that of its file or run."""
    path = checkpoint.resolve()
    return path.parent.name if path.name == "checkpoint" else path.stem if path.suffix else path.name


class _ProgressBar(ProgressListener):
    """Shows what happens: a line per drive, and a bar with drives, km and departures so far. A context manager."""

    def __init__(self, name: str) -> None:
        words = TextColumn("{task.fields[km]:.1f} km, {task.fields[departures]} departures")
        self._bar = Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("drives,"), words, TimeRemainingColumn())
        self._task = self._bar.add_task(f"evaluating {name}", total=None, km=0.0, departures=0)
        self._opened = ExitStack()

    def say(self, line: str) -> None:
        """Print one line about a drive or a failed attempt above the bar."""
        self._bar.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def advance(self, total: int, summary: dict[str, Any]) -> None:
        """Show how far the evaluation is."""
        done, overall = len(summary["routes"]) + len(summary["not_driven"]), summary["overall"]
        self._bar.update(self._task, total=total, completed=done, km=overall.get("km", 0.0), departures=overall.get("departures", 0))

    def __enter__(self) -> _ProgressBar:
        self._opened.enter_context(self._bar)
        return self

    def __exit__(self, *ended: object) -> None:
        self._opened.close()
