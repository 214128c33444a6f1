"""Drive a suite closed loop and print the figures: lane departures, distance from the centre, completion, latency.

    python scripts/evaluate.py --checkpoint RUN --suite configs/suite/quickstart.yaml --out EVAL
    python scripts/evaluate.py --checkpoint policy.onnx --suite configs/suite/quickstart.yaml --out EVAL
    python scripts/evaluate.py --driver expert --suite configs/suite/quickstart.yaml --out EXPERT
    python scripts/evaluate.py --checkpoint RUN --suite configs/suite/quickstart.yaml --out EVAL --map Town02.xodr --host 127.0.0.1 --port 2000

RUN is a training run or its checkpoint folder, policy.onnx a file that scripts/export.py wrote. Without --host and --port it starts a
stand-in server of its own. Routes that are finished in EVAL are not driven again.
"""

from __future__ import annotations

import sys

from driving.command import run
from driving.evaluation.command import evaluate_command


def main() -> None:
    """Run the command."""
    evaluate_command(__doc__ or "")


if __name__ == "__main__":
    sys.exit(run(main))
