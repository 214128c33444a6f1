"""The DAgger command: its options are those of `DaggerConfig`, what the run begins with, and its folder."""

from __future__ import annotations

from pathlib import Path

from driving.dagger.config import DaggerConfig
from driving.dagger.rounds import CHECKPOINT, Origin, Rounds
from driving.evaluation.drive_task import DriverReference
from driving.folder_lock import lock_folder
from driving.interrupts import keep
from driving.logs.reader import Log
from driving.parser import make_parser
from driving.quantities import UserError


def dagger_command(about: str, args: list[str] | None = None) -> None:
    """Parse the command line and run the rounds. Raises UserError for a wrong command line."""
    keep("no step was finished; run the same command again")
    parser = make_parser(about)
    parser.add_argument("--config", action="config", help="YAML file with these options")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoint/, dagger.json and round_K/{log,run,evaluation}")
    parser.add_argument("--start", type=Path | None, default=None, help="a policy that takes the place of round 0's: a run, or its checkpoint folder")
    parser.add_argument("--log", type=Path, nargs="+", default=[], help="logs to learn from in every round; with them round 0 records nothing")
    parser.add_argument("--servers", type=int, default=2, help="how many stand-in servers run side by side; two are fastest on two cores")
    parser.add_class_arguments(DaggerConfig)
    options = parser.instantiate(parser.parse_args(args))
    config = DaggerConfig(**{name: getattr(options, name) for name in DaggerConfig.__dataclass_fields__})
    if options.servers < 1:
        raise UserError(f"servers is {options.servers}: give 1 or more")
    if options.start is not None:
        DriverReference("policy", options.start)
    for log in options.log:
        Log(log)
    with lock_folder(options.out):
        best = Rounds(config, Origin(options.start, options.log), options.out, options.servers, lambda line: print(line, flush=True)).run()
    print(f"dagger: the policy of round {best} drives best; it is in {options.out / CHECKPOINT}")
