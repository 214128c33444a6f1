"""Write a trained policy as one ONNX file that drives without PyTorch. The model computes one step; it takes the state and returns the next one.

    python scripts/export.py --checkpoint RUN --out policy.onnx

The file also holds the whitening and the policy's description (camera transform, target, neurons). `evaluate.py --checkpoint policy.onnx` drives
with it. Inputs: image uint8 (1, Y, X, 3), RGB at the model's size; dt_s float32 (1,), seconds since the image before; state float32 (1, S),
zeros at first. Outputs: prediction (1,), next_state (1, S), neurons (1, H).
"""

from __future__ import annotations

from pathlib import Path

from driving.command import start


def main() -> None:
    """Export the policy and print what the file holds."""
    from driving.drivers.learned import checkpoint_folder
    from driving.parser import make_parser
    from policy.export import export_policy
    from policy.network import load_policy, read_description
    from policy.whole_file import check_place

    parser = make_parser(__doc__ or "")
    parser.add_argument("--checkpoint", type=Path, required=True, help="a training run, or its folder with policy.safetensors")
    parser.add_argument("--out", type=Path, required=True, help="the file to write, NAME.onnx")
    chosen = parser.parse_args()
    folder = checkpoint_folder(chosen.checkpoint)
    policy = load_policy(folder)
    check_place(chosen.out)
    export_policy(policy, chosen.out, read_description(folder).get("extra"))
    print(f"{chosen.out}: '{policy.config.cell}' that predicts {policy.config.target}, {chosen.out.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    start(main)
