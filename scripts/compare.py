"""Compare two policies, or two ways of training, by their evaluations on one suite: what differs, what does not, and what is undecided.

    python scripts/compare.py EVAL_A EVAL_B
    python scripts/compare.py EVAL_A EVAL_B --no_worse_than departures_per_km=0.2 --at_least mean_abs_lateral_m=0.01
    python scripts/compare.py EVAL_A1,EVAL_A2,EVAL_A3 FOLDER_OF_EVALUATIONS --out comparison.json

Each side is an evaluation, a folder of evaluations (one per training seed), or several separated by commas. The exit status is 0 where every
claim of --at_least and --no_worse_than is shown, 1 where one is refuted or undecided, and 2 where the evaluations cannot be compared.
"""

from __future__ import annotations

from driving.command import start


def main() -> int:
    """Compare, print the findings, and return the exit status."""
    from driving.evaluation.comparison.command import compare_command

    return compare_command(__doc__ or "")


if __name__ == "__main__":
    start(main)
