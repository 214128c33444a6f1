"""Show a drive neuron by neuron: a movie, a Rerun recording, a page to play with, a picture of the wiring.

    python scripts/view.py --checkpoint RUN --drive EVAL/routes/track_9001 --out VIEW
    python scripts/view.py --checkpoint RUN --log LOG --episode 0 --out VIEW

With --drive, the drive that the evaluation saved; with --log, the checkpoint watches a log's frames open loop and steers nothing.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2

from driving.command import run
from driving.drivers.learned import checkpoint_folder, trained_bicycle
from driving.viewer.views import playback_of, write_views
from policy.network import load_policy


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--checkpoint", type=Path, required=True, help="a training run, or its folder with policy.safetensors")
    source = words.add_mutually_exclusive_group(required=True)
    source.add_argument("--drive", type=Path, help="folder of a saved drive: trace.npz, trace.json, camera.mp4")
    source.add_argument("--log", type=Path, help="a driving log (LeRobot v3.0)")
    words.add_argument("--episode", type=int, default=0, help="which episode of the log (default 0)")
    words.add_argument("--out", type=Path, required=True, help="folder for drive.mp4, drive.rrd, neurons.html, wiring.png")
    return words


def main() -> None:
    """Runs the command."""
    chosen = parser().parse_args()
    cv2.setNumThreads(1)
    folder = checkpoint_folder(chosen.checkpoint)
    policy = load_policy(folder)
    playback = playback_of(policy, trained_bicycle(folder), chosen.drive, chosen.log, chosen.episode)
    write_views(chosen.out, playback, policy, print)


if __name__ == "__main__":
    sys.exit(run(main))
