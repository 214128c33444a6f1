"""Show a drive neuron by neuron: a movie, a Rerun recording, an interactive page, a picture of the wiring.

    python scripts/view.py --checkpoint RUN --drive EVAL/routes/track_9001 --out VIEW
    python scripts/view.py --checkpoint RUN --log LOG --episode 0 --out VIEW

With --drive it shows the drive that an evaluation saved. With --log the checkpoint watches a log's frames open loop and steers nothing.
"""

from __future__ import annotations

from pathlib import Path

from driving.command import start
from driving.interrupts import keep


def main() -> None:
    """Write the views of one drive."""
    import cv2

    from driving.drivers.learned import checkpoint_folder, read_bicycle
    from driving.folder_lock import lock_folder
    from driving.parser import make_parser
    from driving.viewer.views import open_playback, write_views
    from policy.network import load_policy

    parser = make_parser(__doc__ or "")
    parser.add_argument("--checkpoint", type=Path, required=True, help="a training run, or its folder with policy.safetensors")
    parser.add_argument("--drive", type=Path | None, default=None, help="folder of a saved drive: trace.npz, trace.json, camera.mp4")
    parser.add_argument("--log", type=Path | None, default=None, help="a driving log (LeRobot v3.0)")
    parser.add_argument("--episode", type=int | None, default=None, help="the number of the log's episode (default: its first)")
    parser.add_argument("--out", type=Path, required=True, help="folder for drive.mp4, drive.rrd, neurons.html, wiring.png")
    chosen = parser.parse_args()
    keep(f"finished views are kept in {chosen.out}; the same command writes all of them")
    cv2.setNumThreads(1)
    folder = checkpoint_folder(chosen.checkpoint)
    policy = load_policy(folder)
    with lock_folder(chosen.out):
        playback = open_playback(policy, read_bicycle(folder), chosen.drive, chosen.log, chosen.episode)
        write_views(chosen.out, playback, policy, print)


if __name__ == "__main__":
    start(main)
