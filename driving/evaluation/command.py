"""The evaluation command: a suite from YAML with overrides, a policy or the expert, a table at the end."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from driving.command import make_parser
from driving.drivers.driver import Driver
from driving.drivers.expert import Expert
from driving.drivers.exported import ExportedDriver
from driving.drivers.learned import LearnedDriver, checkpoint_folder
from driving.evaluation.runner import Endpoint, evaluate
from driving.evaluation.suite import SuiteConfig
from driving.evaluation.table import print_summary
from driving.quantities import UserError
from policy.network import DESCRIPTION, WEIGHTS, load_policy
from policy.runtime import SUFFIX, ExportedPolicy

DRIVERS = ("policy", "expert")


def evaluate_command(about: str, args: list[str] | None = None) -> dict[str, Any]:
    """Parses the command line, drives, prints the table, returns the summary."""
    parser = make_parser(about)
    parser.add_argument("--suite", action="config", help="YAML file with the suite's values (those under 'what is driven')")
    parser.add_argument("--driver", choices=DRIVERS, default="policy", help="who drives (default: policy, the checkpoint)")
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
    make, identity = chosen_driver(options.driver, options.checkpoint, options.threads)
    torch.set_num_threads(options.threads)
    end = Endpoint(options.host, options.port, options.timeout_s, ("--seed", str(suite.seed)))
    summary = evaluate(make, suite, options.out, end, identity, print)
    print_summary(summary)
    return summary


def chosen_driver(name: str, checkpoint: Path | None, threads: int = 1) -> tuple[Callable[[], Driver], str]:
    """What makes the driver, and a digest of its content; an exported policy computes on `threads` threads.

    Raises UserError for a policy without a checkpoint, ValueError for one that cannot be read.
    """
    if name == "expert":
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
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
