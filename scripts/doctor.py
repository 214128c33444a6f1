"""Say what is wrong with a driving log and how to mend it. The exit status is 0 where the log is sound, 1 where it is not.

python scripts/doctor.py LOG
python scripts/doctor.py LOG --decode_all
"""

from __future__ import annotations

from pathlib import Path

from driving.command import start


def main() -> int:
    """Examine the log, print its problems, and return the exit status."""
    from driving.logs.doctor import examine
    from driving.logs.metadata import read_import_notes
    from driving.logs.reader import Log
    from driving.parser import make_parser

    parser = make_parser(__doc__ or "")
    parser.add_argument("log", type=Path, help="a driving log (LeRobot v3.0 or v2.1)")
    parser.add_argument("--decode_all", action="store_true", help="decode every image, not only the first and the last of each episode")
    chosen = parser.parse_args()
    problems = examine(chosen.log, chosen.decode_all)
    for problem in problems:
        print(f"problem: {problem}")
    if not problems:
        log = Log(chosen.log)
        print(f"{chosen.log} is sound: {len(log.episodes)} episodes, {log.frame_count} frames at {log.fps:g} Hz")
        for note in read_import_notes(chosen.log):
            print(f"note of its import: {note}")
    return int(bool(problems))


if __name__ == "__main__":
    start(main)
