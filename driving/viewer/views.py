"""All views of one drive in one folder: drive.mp4, drive.rrd, neurons.html, wiring.png."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from driving.bicycle import Bicycle
from driving.logs.reader import Log
from driving.quantities import UserError
from driving.viewer.drawing.wiring import write_wiring_picture
from driving.viewer.drive import playback_of_drive
from driving.viewer.movie import write_movie
from driving.viewer.openloop import playback_of_log
from driving.viewer.page.writer import write_page
from driving.viewer.playback import Playback
from driving.viewer.recording import write_recording
from driving.viewer.saliency import Attender
from policy.network import DrivingPolicy


def playback_of(policy: DrivingPolicy, bicycle: Bicycle, drive: Path | None, log: Path | None, episode: int) -> Playback:
    """Return the playback of a saved drive or of a log's episode, one of the two; `bicycle` is the car that the policy was trained for.

    Raises UserError where neither or both are given, or where the one given cannot be read.
    """
    if (drive is None) == (log is None):
        raise UserError("give one of --drive (a folder of a saved drive) and --log (a log to watch open loop)")
    if log is not None:
        return playback_of_log(Log(log), episode, policy, bicycle, Path(log).resolve().name)
    assert drive is not None
    playback = playback_of_drive(Path(drive))
    if list(playback.neurons.names) != list(policy.cell.neuron_names):
        ours, theirs = len(policy.cell.neuron_names), len(playback.neurons.names)
        raise UserError(f"drive {drive} was driven by a network of {theirs} neurons, the checkpoint has {ours}: give the checkpoint that drove it")
    return playback


def write_views(out: Path, playback: Playback, policy: DrivingPolicy, tell: Callable[[str], None] = lambda line: None) -> dict[str, Path]:
    """Writes every view into `out` and returns their paths by name; `tell` gets one line a view."""
    attend = Attender(policy)
    views: dict[str, Callable[[Path], None]] = {
        "wiring.png": lambda path: write_wiring_picture(path, playback.neurons),
        "drive.mp4": lambda path: write_movie(path, playback, attend),
        "drive.rrd": lambda path: write_recording(path, playback, attend),
        "neurons.html": lambda path: write_page(path, playback),
    }
    for name, write in views.items():
        start = time.perf_counter()
        write(out / name)
        seconds, size = time.perf_counter() - start, (out / name).stat().st_size
        tell(f"{out / name}: {size / 1e6:.1f} MB in {seconds:.1f} s")
    return {name: out / name for name in views}
