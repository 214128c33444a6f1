"""The evaluation command: it drives a suite, given as YAML with overrides, with a policy or the expert, and prints a table."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_args

import torch

from driving.drivers.driver import Driver
from driving.drivers.expert import Expert
from driving.drivers.exported import ExportedDriver
from driving.drivers.learned import LearnedDriver, checkpoint_folder
from driving.evaluation.runner import Endpoint, evaluate
from driving.evaluation.suite import SuiteConfig
from driving.evaluation.table import print_summary
from driving.folder_lock import lock_folder
from driving.interrupts import keep
from driving.parser import make_parser
from driving.quantities import UserError
from policy.network import DESCRIPTION, WEIGHTS, load_policy
from policy.runtime import SUFFIX, ExportedPolicy

DriverKind = Literal["policy", "expert"]


def evaluate_command(about: str, args: list[str] | None = None) -> dict[str, Any]:
    """Parse the command line, drive, print the table, and return the summary. Raises UserError for a wrong command line."""
    parser = make_parser(about)
    parser.add_argument("--suite", action="config", help="YAML file with the suite's values")
    parser.add_argument("--driver", choices=get_args(DriverKind), default="policy", help="who drives: the policy of --checkpoint, or the expert")
    parser.add_argument("--checkpoint", type=Path | None, default=None, help="a training run, its folder with policy.safetensors, or a .onnx file")
    parser.add_argument("--out", type=Path, required=True, help="folder for summary.json and routes/NAME")
    parser.add_argument("--map", type=Path, nargs="+", default=[], help="OpenDRIVE files to drive on as well")
    parser.add_argument("--host", type=str | None, default=None, help="a CARLA server to drive on")
    parser.add_argument("--port", type=int | None, default=None, help="its port")
    parser.add_argument("--timeout_s", type=float, default=60.0, help="how long a call to the server may take")
    parser.add_argument("--threads", type=int, default=1, help="threads of the network's arithmetic")
    parser.add_class_arguments(SuiteConfig, skip={"camera"})
    options = parser.instantiate(parser.parse_args(args))
    names = [name for name in SuiteConfig.__dataclass_fields__ if name != "camera"]
    values = {name: getattr(options, name) for name in names}
    values["maps"] = [*values["maps"], *options.map]
    suite = SuiteConfig(**values)
    keep(f"finished routes are kept in {options.out}; the same command goes on with the others")
    make, identity = choose_driver(options.driver, options.checkpoint, options.threads)
    torch.set_num_threads(options.threads)
    end = Endpoint(options.host, options.port, options.timeout_s, ("--seed", str(suite.seed)))
    with lock_folder(options.out):
        summary = evaluate(make, suite, options.out, end, identity, print)
    print_summary(summary)
    return summary


def choose_driver(kind: DriverKind, checkpoint: Path | None, threads: int = 1) -> tuple[Callable[[], Driver], str]:
    """Return a function that makes the driver, and a digest of the driver's content. An exported policy computes on `threads` threads.

    Raises UserError for a policy without a checkpoint, ConfigError for a checkpoint that cannot be read.
    """
    if kind == "expert":
        return Expert, ""
    if checkpoint is None:
        raise UserError("no --checkpoint: give a training run to drive with, or --driver expert")
    if checkpoint.suffix == SUFFIX:
        exported = ExportedPolicy(checkpoint, threads)
        return lambda: ExportedDriver(exported), _digest(checkpoint)
    folder = checkpoint_folder(checkpoint)
    policy = load_policy(folder)
    return lambda: LearnedDriver(policy), _digest(folder / WEIGHTS, folder / DESCRIPTION)


def _digest(*files: Path) -> str:
    """Return a digest of the files' content."""
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
