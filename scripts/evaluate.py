"""Drive a suite closed loop and print the figures: lane departures, distance from the centre, completion, latency.

    python scripts/evaluate.py --checkpoint RUN --suite configs/suite/quickstart.yaml --out EVAL
    python scripts/evaluate.py --checkpoint policy.onnx --suite configs/suite/quickstart.yaml --out EVAL
    python scripts/evaluate.py --driver expert --suite configs/suite/quickstart.yaml --out EXPERT
    python scripts/evaluate.py --checkpoint RUN --suite configs/suite/quickstart.yaml --out EVAL --map Town02.xodr --host 127.0.0.1 --port 2000

    python scripts/evaluate.py --checkpoint RUN_A RUN_B --suite configs/suite/tracks.yaml --out OUT --workers 2
    python scripts/evaluate.py --checkpoint RUN --suite configs/suite/tracks.yaml --only track_9007 --out AGAIN
    python scripts/evaluate.py --checkpoint RUN --suite configs/suite/tracks.yaml --until "departures_per_km < 0.1" --out EVAL
    python scripts/evaluate.py --verify EVAL --share 0.1

RUN is a training run or its checkpoint folder; policy.onnx is a file that scripts/export.py wrote. Several of them get a folder in OUT each.
Without --servers, --host and --port the command starts its own stand-in servers, one per worker. Drives that are finished in EVAL are not made
again. A drive whose server fails is made again from its start; the table lists those that failed in every attempt.
"""

from __future__ import annotations

from driving.command import start


def main() -> int:
    """Drive the suite."""
    from driving.evaluation.command import evaluate_command

    return evaluate_command(__doc__ or "")


if __name__ == "__main__":
    start(main)
