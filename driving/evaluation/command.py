"""The evaluation command: it drives a suite, given as YAML with overrides, with a policy or the expert, and prints a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import torch

from driving.evaluation.drive_task import DriverKind, DriverReference
from driving.evaluation.runner import Endpoint, evaluate
from driving.evaluation.suite import SuiteConfig
from driving.evaluation.table import print_summary
from driving.folder_lock import lock_folder
from driving.interrupts import keep
from driving.parser import make_parser


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
    driver = DriverReference(options.driver, options.checkpoint, options.threads)
    torch.set_num_threads(options.threads)
    end = Endpoint(options.host, options.port, options.timeout_s, ("--seed", str(suite.seed)))
    with lock_folder(options.out):
        summary = evaluate(driver.load, suite, options.out, end, driver.digest(), print)
    print_summary(summary)
    return summary
