"""Judge a policy on a log without driving: the error of its predictions on the last part of every episode, beside simple predictors.

    python scripts/openloop.py --checkpoint RUN --log LOG --last 0.2

Train with `--data.split holdout_last --data.validation_share 0.2`, so that the policy has not learned from the judged part.
"""

from __future__ import annotations

from pathlib import Path

from driving.command import start


def main() -> None:
    """Judge the policy and print its errors."""
    from driving.drivers.learned import checkpoint_folder, read_bicycle
    from driving.logs.reader import Log
    from driving.parser import make_parser
    from driving.training.openloop import format_errors, measure_open_loop
    from policy.network import load_policy

    parser = make_parser(__doc__ or "")
    parser.add_argument("--checkpoint", type=Path, required=True, help="a training run, or its folder with policy.safetensors")
    parser.add_argument("--log", type=Path, required=True, help="a driving log (LeRobot v3.0)")
    parser.add_argument("--last", type=float, default=0.2, help="the share at the end of every episode that is judged")
    chosen = parser.parse_args()
    folder = checkpoint_folder(chosen.checkpoint)
    policy = load_policy(folder)
    print(format_errors(measure_open_loop(policy, Log(chosen.log), read_bicycle(folder), chosen.last), policy.config.target, chosen.log))


if __name__ == "__main__":
    start(main)
