"""Say what is wrong with a driving log and how to mend it; exit status 0 where it is sound, 1 where not.

python scripts/doctor.py LOG
python scripts/doctor.py LOG --decode_all
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from driving.command import run
from driving.logs.doctor import examine
from driving.logs.reader import Log


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("log", type=Path, help="a driving log (LeRobot v3.0 or v2.1)")
    words.add_argument("--decode_all", action="store_true", help="decode every image, not each episode's first and last")
    return words


def main() -> int:
    """Examines the log, tells what it found, and returns the exit status."""
    found: list[str] = []

    def examine_and_tell() -> None:
        chosen = parser().parse_args()
        found.extend(examine(chosen.log, chosen.decode_all))
        for problem in found:
            print(f"problem: {problem}")
        if not found:
            log = Log(chosen.log)
            print(f"{chosen.log} is sound: {len(log.episodes)} episodes, {log.frame_count} frames at {log.fps:g} Hz")

    return run(examine_and_tell) or int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
