"""A short movie of a part of a drive, such as the seconds before a failure, with a picture of its end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path

import cv2
import numpy as np

from driving.quantities import UserError
from driving.video import VIEWING, VideoWriter
from driving.viewer.playback import Playback
from policy.whole_file import write_bytes

NOMINAL_FPS = 10.0  # the images have times of their own
HOLD_S = 1.0  # the last frame stays for this long
ROAD_SHOWN_M = 40.0  # the track from above shows the route up to this far from the path
POSTER_WIDTH_PX, POSTER_QUALITY = 640, 80


def cut_playback(playback: Playback, start: int, stop: int) -> Playback:
    """Return the ticks from `start` to before `stop` of a drive. Time begins at 0; the neurons keep their usual ranges of the whole drive."""
    columns = {name: values[start:stop] for name, values in playback.columns.items()}
    columns["time_s"] = columns["time_s"] - columns["time_s"][0]
    centre = playback.centre_xy
    if centre is not None and playback.has_pose:
        path = playback.path_xy[start:stop]
        near = np.array([np.hypot(*(path - point).T).min() < ROAD_SHOWN_M for point in centre])
        centre = centre[_longest_run(near)] if near.any() else None
    return replace(
        playback,
        columns=columns,
        state_TH=playback.state_TH[start:stop],
        tau_s_TH=None if playback.tau_s_TH is None else playback.tau_s_TH[start:stop],
        features_TI=None,  # the neurons of a part cannot be run again: the state at its start is not kept
        open_frames=lambda: islice(playback.open_frames(), start, stop),
        centre_xy=centre,
        usual_H2=playback.range_H2,
    )


def _longest_run(near: np.ndarray) -> slice:
    """Return the longest run of true values: a route that comes by a second time is not joined across."""
    edges = np.flatnonzero(np.diff(near.astype(int), prepend=0, append=0))
    runs = edges.reshape(-1, 2)
    start, stop = runs[int(np.argmax(runs[:, 1] - runs[:, 0]))].tolist()
    return slice(start, stop)


def write_clip(path: Path, frames: Iterator[tuple[float, np.ndarray]]) -> None:
    """Write images (Y, X, 3) uint8 RGB with their times (s) as a movie that is held at its end, and the last image beside it as .jpg.

    Each image may change once the next one is taken, as those of `draw_frames` do. Raises UserError where there is no image.
    """
    first = next(frames, None)
    if first is None:
        raise UserError(f"there is no image for the clip {path.name}: the camera's movie ends before it, evaluate again")
    time_s, image = first
    with VideoWriter(path, image.shape[0], image.shape[1], NOMINAL_FPS, VIEWING) as movie:
        for time_s, image in chain([first], frames):
            movie.write(image.copy(), time_s)
        movie.write(image.copy(), time_s + HOLD_S)
    height = round(POSTER_WIDTH_PX * image.shape[0] / image.shape[1])
    small = cv2.resize(image, (POSTER_WIDTH_PX, height), interpolation=cv2.INTER_AREA)
    jpeg = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, POSTER_QUALITY])[1]
    write_bytes(path.with_suffix(".jpg"), jpeg.tobytes())
