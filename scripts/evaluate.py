"""Drive a suite closed loop and print the figures: lane departures, distance from the centre, completion, latency.

    python scripts/evaluate.py --checkpoint RUN --suite configs/suite/quickstart.yaml --out EVAL
    python scripts/evaluate.py --checkpoint policy.onnx --suite configs/suite/quickstart.yaml --out EVAL
    python scripts/evaluate.py --driver expert --suite configs/suite/quickstart.yaml --out EXPERT
    python scripts/evaluate.py --checkpoint RUN --suite configs/suite/quickstart.yaml --out EVAL --map Town02.xodr --host 127.0.0.1 --port 2000

RUN is a training run or its checkpoint folder; policy.onnx is a file that scripts/export.py wrote. Without --host and --port the command starts
its own stand-in server. Routes that are finished in EVAL are not driven again.
"""

from __future__ import annotations

from driving.command import start


def main() -> None:
    """Drive the suite."""
    from driving.evaluation.command import evaluate_command

    evaluate_command(__doc__ or "")


if __name__ == "__main__":
    start(main)
