"""All views of one drive in one folder: drive.mp4, drive.rrd, neurons.html, wiring.png."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from driving.bicycle import Bicycle
from driving.logs.reader import Log
from driving.quantities import UserError
from driving.viewer.drawing.wiring import write_wiring_picture
from driving.viewer.drive import load_drive
from driving.viewer.movie import write_movie
from driving.viewer.openloop import watch_log
from driving.viewer.page.writer import Additions, Network, write_page
from driving.viewer.playback import Playback
from driving.viewer.recording import write_recording
from driving.viewer.saliency import SaliencyComputer
from policy.network import DrivingPolicy


def open_playback(policy: DrivingPolicy, bicycle: Bicycle, drive: Path | None, log: Path | None, episode: int | None) -> Playback:
    """Return the playback of a saved drive, or of a log's episode (its number; None for the first). `bicycle` is the policy's car in training.

    Raises UserError when neither or both are given, or when the one given cannot be read.
    """
    if (drive is None) == (log is None):
        raise UserError("expected one of --drive (the folder of a saved drive) and --log (a log to watch open loop): give one of them")
    if log is not None:
        opened = Log(log)
        number = (opened.numbers or [0])[0] if episode is None else episode
        return watch_log(opened, number, policy, bicycle, Path(log).resolve().name)
    assert drive is not None
    playback = load_drive(Path(drive))
    if list(playback.neurons.names) != list(policy.cell.neuron_names):
        ours, theirs = len(policy.cell.neuron_names), len(playback.neurons.names)
        raise UserError(f"a network of {theirs} neurons drove {drive}, but the checkpoint has {ours}: give the checkpoint that drove it")
    return playback


def write_views(
    out: Path, playback: Playback, network: Network, additions: Additions, report: Callable[[str], None] = lambda line: None
) -> dict[str, Path]:
    """Write every view into `out` and return their paths by name; `report` is called with one line per view.

    The page shows the additions as well. Raises UserError where they do not fit, before anything is written.
    """
    additions.check(playback)
    compute = SaliencyComputer(network.policy)
    views: dict[str, Callable[[Path], None]] = {
        "wiring.png": lambda path: write_wiring_picture(path, playback.neurons),
        "drive.mp4": lambda path: write_movie(path, playback, compute),
        "drive.rrd": lambda path: write_recording(path, playback, compute),
        "neurons.html": lambda path: write_page(path, playback, network, additions),
    }
    for name, write in views.items():
        start = time.perf_counter()
        write(out / name)
        seconds, size = time.perf_counter() - start, (out / name).stat().st_size
        report(f"{out / name}: {size / 1e6:.1f} MB in {seconds:.1f} s")
    return {name: out / name for name in views}
