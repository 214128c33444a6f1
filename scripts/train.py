"""Train a driving policy on recorded logs.

    python scripts/train.py fit --config configs/train/scratch.yaml --data.log LOG --out RUN
    python scripts/train.py fit --config configs/train/scratch.yaml --data.log LOG --out RUN --model.policy.target curvature
    python scripts/train.py fit --config configs/train/scratch.yaml --data.log LOG --out RUN --existing resume

RUN/checkpoint then holds the policy to drive with, and RUN/metrics.csv the curves. `--print_config` shows every option with its value.
"""

from __future__ import annotations

from driving.command import start


def main() -> None:
    """Train the policy."""
    from driving.training.cli import TrainCommand

    TrainCommand(__doc__ or "")


if __name__ == "__main__":
    start(main)
