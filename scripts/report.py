"""Write a run's report: report.html and report.md with tables, curves, maps and key frames.

    python scripts/report.py --out OUT --log LOG --run RUN --evaluation EVAL --expert EXPERT --views VIEW --stages stages.csv
    python scripts/report.py --out OUT --benchmark outputs/benchmark_ltc.json

What is left out is left out of the report. stages.csv has lines name,seconds,what.
"""

from __future__ import annotations

import sys

from driving.command import run
from driving.reports.command import report_command


def main() -> None:
    """Run the command."""
    report_command(__doc__ or "")


if __name__ == "__main__":
    sys.exit(run(main))
