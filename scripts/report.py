"""Write a run's report: report.html and report.md with tables, curves, maps and key frames.

    python scripts/report.py --out OUT --log LOG --run RUN --evaluation EVAL --expert EXPERT --views VIEW --stages stages.csv
    python scripts/report.py --out OUT --dagger DAGGER
    python scripts/report.py --out OUT --benchmark outputs/benchmark_ltc.json

The report has a part for each option that is given. stages.csv has lines name,seconds,what.
"""

from __future__ import annotations

from driving.command import start


def main() -> None:
    """Write the report."""
    from driving.reports.command import report_command

    report_command(__doc__ or "")


if __name__ == "__main__":
    start(main)
