"""The view command: a saved drive or a log's episode as files, or a running evaluation in Rerun's viewer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2

from driving.drivers.learned import checkpoint_folder, read_bicycle
from driving.folder_lock import lock_folder
from driving.interrupts import keep
from driving.parser import Parser, make_parser
from driving.quantities import UserError
from driving.rollout.live_feed import FEED
from driving.viewer.drive import load_drive
from driving.viewer.live import follow
from driving.viewer.page.writer import Additions, Network
from driving.viewer.views import open_playback, write_views
from policy.network import load_policy


def view_command(about: str, args: list[str] | None = None) -> None:
    """Parse the command line, and show what it names. Raises UserError for a wrong command line."""
    chosen = (parser := _make_parser(about)).instantiate(parser.parse_args(args))
    folder = checkpoint_folder(chosen.checkpoint)
    cv2.setNumThreads(1)
    if chosen.live is not None:
        _show_live(folder, chosen)
        return
    if chosen.out is None:
        raise UserError("no --out: give a folder for the views, or --live EVAL to watch an evaluation that runs")
    keep(f"finished views are kept in {chosen.out}; the same command writes all of them")
    network = Network(load_policy(folder), read_bicycle(folder))
    with lock_folder(chosen.out):
        playback = open_playback(network.policy, network.bicycle, chosen.drive, chosen.log, chosen.episode)
        additions = Additions(None if chosen.beside is None else load_drive(chosen.beside), chosen.explained)
        write_views(chosen.out, playback, network, additions, print)


def _show_live(folder: Path, chosen: Any) -> None:
    """Show a running evaluation until this process is ended. Raises UserError where other options are given, or there is no such folder."""
    given = [name for name in ("drive", "log", "episode", "beside", "explained", "out") if getattr(chosen, name) is not None]
    if given:
        raise UserError(f"--live shows an evaluation that runs, and --{given[0]} something else: give one of them")
    if not chosen.live.is_dir():
        raise UserError(f"{chosen.live} is not a folder: give the --out of an evaluation that runs with --live")
    keep("the live view writes no file")
    follow(chosen.live / FEED, load_policy(folder), lambda line: print(line, flush=True))


def _make_parser(about: str) -> Parser:
    parser = make_parser(about)
    parser.add_argument("--checkpoint", type=Path, required=True, help="a training run, or its folder with policy.safetensors")
    parser.add_argument("--drive", type=Path | None, default=None, help="folder of a saved drive: trace.npz, trace.json, camera.mp4")
    parser.add_argument("--log", type=Path | None, default=None, help="a driving log (LeRobot v3.0)")
    parser.add_argument("--episode", type=int | None, default=None, help="the number of the log's episode (default: its first)")
    what = "folder of another saved drive on the same route: of another policy, in another weather, with a lesion"
    parser.add_argument("--beside", type=Path | None, default=None, help=what)
    what = "folder that scripts/explain.py wrote: the page shows its rules and its lesions in closed loop"
    parser.add_argument("--explained", type=Path | None, default=None, metavar="EXPLAIN", help=what)
    what = "the folder of an evaluation that runs with --live: its drives are shown in Rerun's viewer"
    parser.add_argument("--live", type=Path | None, default=None, metavar="EVAL", help=what)
    parser.add_argument("--out", type=Path | None, default=None, help="folder for drive.mp4, drive.rrd, neurons.html, wiring.png")
    return parser
