"""The clips of failures: the six seconds before each, with the neurons where a network drove and its policy is at hand."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from driving.reports.failures.choose import DriveFailure
from driving.rollout.listeners import CAMERA_MOVIE
from driving.rollout.trace import Trace
from driving.video import read_frames
from driving.viewer.clip import cut_playback, write_clip
from driving.viewer.drive import make_playback
from driving.viewer.movie import draw_frames
from driving.viewer.saliency import SaliencyComputer
from policy.network import DrivingPolicy

BEFORE_S = 6.0


def write_failure_clip(path: Path, failure: DriveFailure, policy: DrivingPolicy | None) -> bool:
    """Write the clip of a failure, with its last image beside it as .jpg. Return whether there is one: some drives keep no camera movie.

    Without a policy, or for a drive without its neurons, the clip shows the camera alone. Raises UserError where the drive cannot be read.
    """
    camera = failure.folder / CAMERA_MOVIE
    if not camera.is_file():
        return False
    trace, stop = Trace.load(failure.folder), failure.failure.tick + 1
    time_s = trace.columns["time_s"]
    start = min(int(np.searchsorted(time_s, time_s[stop - 1] - BEFORE_S)), max(stop - 2, 0))
    write_clip(path, _draw(trace, camera, failure, policy, slice(start, stop)))
    return True


def _draw(trace: Trace, camera: Path, failure: DriveFailure, policy: DrivingPolicy | None, ticks: slice) -> Iterator[tuple[float, np.ndarray]]:
    """Yield the clip's images with their times (s)."""
    time_s = trace.columns["time_s"][ticks] - trace.columns["time_s"][ticks.start]
    if policy is None or not _is_driven_by(trace, policy):
        yield from zip(time_s.tolist(), islice(read_frames(camera), ticks.start, ticks.stop), strict=False)
        return
    playback = cut_playback(make_playback(trace, camera, failure.name), ticks.start, ticks.stop)
    yield from zip(time_s.tolist(), draw_frames(playback, SaliencyComputer(policy)), strict=True)


def _is_driven_by(trace: Trace, policy: DrivingPolicy) -> bool:
    """Return whether a policy's neurons are those in the trace."""
    neurons = trace.meta.get("neurons")
    if not neurons:
        return False
    return list(neurons["names"]) == list(policy.cell.neuron_names)
