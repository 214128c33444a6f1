"""Import other people's driving data into a log (LeRobot v3.0) that training reads.

    python scripts/import_logs.py donkeycar TUB LOG --rate_hz 20
    python scripts/import_logs.py comma2k19 SEGMENT LOG --labels_only
    python scripts/import_logs.py lerobot SET LOG --steer action.continuous:steering_angle_normalized --steer_positive right

Units and signs become ours (steer in [-1, 1], right positive; m/s). What is left out is counted and told.
`python scripts/import_logs.py FORMAT --help` shows a format's options.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from driving.command import run
from driving.logs.importers import FORMATS, import_log, options


def parser() -> argparse.ArgumentParser:
    """The command's arguments: a subcommand a format, with the options that its importer takes."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    formats = words.add_subparsers(dest="format", required=True, metavar="FORMAT", help=", ".join(FORMATS))
    for name, read in FORMATS.items():
        one = formats.add_parser(name, description=read.__doc__)
        one.add_argument("source", type=Path, help="the data, as it was published or recorded")
        one.add_argument("log", type=Path, help="folder for the log; new or empty")
        one.add_argument("--width_px", type=int, help="make wider images this wide (default: as they are)")
        for option, parameter in options(name).items():
            if isinstance(parameter.default, bool):
                one.add_argument(f"--{option}", action="store_true")
            else:
                number = parameter.default is None or isinstance(parameter.default, float)
                one.add_argument(f"--{option}", type=float if number else str, default=parameter.default, help=f"default: {parameter.default!r}")
    return words


def main() -> None:
    """Runs the import and tells what it made."""
    chosen = vars(parser().parse_args())
    report = import_log(chosen.pop("format"), chosen.pop("source"), (out := chosen.pop("log")), **chosen)
    for note in report.notes:
        print(f"note: {note}")
    print(f"{out}: {report.frames} frames in {report.episodes} episodes, {report.duration_s:.1f} s of driving")


if __name__ == "__main__":
    sys.exit(run(main))
