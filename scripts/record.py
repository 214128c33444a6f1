"""Record a driving log: the expert, disturbed on purpose, drives generated tracks (or maps) and its corrections are the labels.

    python scripts/record.py --out LOG --tracks 3 --minutes 5 --seed 0
    python scripts/record.py --out LOG --maps '[Town01.xodr]' --tracks 0 --minutes 5 --host 127.0.0.1 --port 2000

Without --host and --port it starts a stand-in server of its own. An existing log is continued.
"""

from __future__ import annotations

import sys

from driving.command import run
from driving.rollout.command import record_command


def main() -> None:
    """Run the command."""
    record_command(__doc__ or "")


if __name__ == "__main__":
    sys.exit(run(main))
