"""Explain what the neurons of policies do: bounds, responses, rules, lesions in closed loop, what they look at. It writes explain.html.

    python scripts/explain.py --checkpoint RUN --suite configs/suite/quickstart.yaml --out EXPLAIN
    python scripts/explain.py --checkpoint RUN_A RUN_B --suite configs/suite/quickstart.yaml --out EXPLAIN --workers 2
    python scripts/explain.py --checkpoint RUN --suite configs/suite/quickstart.yaml --out EXPLAIN --lesions.pairs 20 --lesions.orders 8

It works for any cell; several policies stand side by side. Drives that are finished in EXPLAIN are not made again, so that the same command goes on
after an interruption, and a larger budget adds to what is there. explain.json has all figures.
"""

from __future__ import annotations

from driving.command import start


def main() -> None:
    """Write the explanation."""
    from driving.explanation.command import explain_command

    explain_command(__doc__ or "")


if __name__ == "__main__":
    start(main)
