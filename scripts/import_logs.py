"""Import other people's driving data into a log (LeRobot v3.0) that training reads.

    python scripts/import_logs.py donkeycar TUB LOG --rate_hz 20
    python scripts/import_logs.py udacity FOLDER LOG --steer_full 25
    python scripts/import_logs.py comma2k19 SEGMENT LOG --labels_only true
    python scripts/import_logs.py lerobot SET LOG --steer action.continuous:steering_angle_normalized --steer_positive right

Units and signs become ours (steer in [-1, 1], right positive; m/s). Values in another unit than the options say are refused. What is left
out, clipped or bridged is counted and reported, and scripts/doctor.py reports it again.
`python scripts/import_logs.py FORMAT --help` shows the options of a format.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from driving.command import start
from driving.interrupts import keep

if TYPE_CHECKING:
    from driving.parser import Parser


def make_import_parser() -> Parser:
    """Return the command's parser: one subcommand per format, with the options that its importer takes."""
    from driving.logs.importers import FORMATS
    from driving.parser import make_parser

    parser = make_parser(__doc__ or "")
    formats = parser.add_subcommands(dest="format", metavar="FORMAT", help=", ".join(FORMATS))
    for name, importer in FORMATS.items():
        one = make_parser(importer.__doc__ or "")
        one.add_argument("source", type=Path, help="the data, as it was published or recorded")
        one.add_argument("log", type=Path, help="folder for the log; new or empty")
        one.add_argument("--width_px", type=int | None, default=None, help="make wider images this wide (default: as they are)")
        one.add_class_arguments(importer.Options)
        formats.add_subcommand(name, one)
    return parser


def main() -> None:
    """Import the data and print what came of it."""
    from driving.logs.importers import import_log

    command = make_import_parser().parse_args()
    chosen = command[command.format].as_dict()
    out = chosen.pop("log")
    keep(f"the import was not finished; remove {out} if it is there, and run the same command again")
    report = import_log(command.format, chosen.pop("source"), out, **chosen)
    for note in report.notes:
        print(f"note: {note}")
    print(f"{out}: {report.frames} frames in {report.episodes} episodes, {report.duration_s:.1f} s of driving")


if __name__ == "__main__":
    start(main)
