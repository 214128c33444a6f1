"""Let a policy drive, let the expert label what it saw, and train on: in rounds (DAgger, Ross et al. 2011).

    python scripts/dagger.py --config configs/dagger/pretrained.yaml --out OUT
    python scripts/dagger.py --start RUN --log LOG --rounds 1 --minutes 15 --expert_share 0.25 --out OUT
    python scripts/report.py --dagger OUT --out OUT

Round 0 records the expert and trains, unless --log or --start gives what it would make. Each later round records with the policy of the round
before, trains on all logs from its weights, and evaluates. OUT/round_K has the round's log, run and evaluation, and OUT/checkpoint the policy of
the round that drives best on its worst families. The same command goes on where an earlier one was stopped.
"""

from __future__ import annotations

from driving.command import start


def main() -> None:
    """Run the rounds."""
    from driving.dagger.command import dagger_command

    dagger_command(__doc__ or "")


if __name__ == "__main__":
    start(main)
