"""The doctor's look at the rows of a log: their numbering, their times, and the values of their signals."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from driving.logs import keys, layout
from driving.logs.metadata import EpisodeInfo, join_numbers
from driving.logs.reader import Log

TIMESTAMP_TOLERANCE_S = 1e-3
LIMITS = {"steer": (-1.0, 1.0), "throttle": (0.0, 1.0), "brake": (0.0, 1.0)}
LEAST_JUDGED = 30  # frames of a log below which its steer may well be constant
FULL_STEER = 0.999
SATURATED_SHARE = 0.5


def check_numbering(log: Log, episode: EpisodeInfo, columns: Mapping[str, np.ndarray], tasks: Mapping[int, str] | None) -> Iterator[str]:
    """Yield the problems of an episode's counts and times. A count may start above 0: it must grow by one per row, and match the times."""
    for key in ("frame_index", "index"):
        first = int(columns[key][0])
        if (np.diff(columns[key]) != 1).any():
            last = first + episode.length - 1
            yield f"{key} does not count from {first} to {last}: rows are lost, doubled or in disorder; copy it again, or record it again"
    count = columns["frame_index"] - columns["frame_index"][0]
    late_s = float(np.abs(columns["timestamp"] - columns["timestamp"][0] - count / log.fps).max())
    if late_s > TIMESTAMP_TOLERANCE_S + 1e-6 * episode.length / log.fps:
        yield f"timestamp is {late_s:.3f} s off frame_index / fps ({log.fps:g}), so images and rows do not match: set fps to the rate that wrote it"
    times_s = log.timestamps(episode.index)
    if not np.isfinite(times_s).all() or (np.diff(times_s) <= 0.0).any():
        yield "its times do not grow from frame to frame, so dt would be 0 or less: record it again"
    unknown = set(columns["task_index"].tolist()) - set(tasks) if tasks is not None else set()
    if tasks is not None and unknown:
        yield f"task_index {join_numbers(unknown)} is not in {layout.TASKS}, which has {join_numbers(tasks)}: copy that file again from its source"


def check_values(log: Log, columns: Mapping[str, np.ndarray]) -> Iterator[str]:
    """Yield the problems of an episode's numbers: not finite, or outside the limits of our units."""
    for key, values in columns.items():
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            frame = int(np.argwhere(~np.isfinite(values))[0][0])
            yield f"{key} is not finite in {int((~np.isfinite(values)).sum())} places, first in frame {frame}: leave the episode out of training"
    names = log.features[keys.ACTION].names if keys.ACTION in log.features else None
    for element, name in enumerate(names or ()):
        least, most = LIMITS.get(name, (-np.inf, np.inf))
        column = columns[keys.ACTION][:, element]
        outside = (column < least) | (column > most)
        if outside.any():
            worst, bounds = column[outside][np.abs(column[outside]).argmax()], f"expected {least:g} to {most:g}"
            yield f"{keys.ACTION} {name} reaches {worst:.3g} ({outside.sum()} frames outside), {bounds}: bring it to our units"


def check_steering(steers: Sequence[np.ndarray]) -> Iterator[str]:
    """Yield what makes a whole log's steer (T,) per episode useless as a label: it is constant, or at full lock most of the time."""
    steer = np.concatenate(steers) if steers else np.zeros(0)
    if len(steer) < LEAST_JUDGED or not np.isfinite(steer).all():
        return
    remedy = "look at the source's units and sign, and import it again with them"
    if np.ptp(steer) < 1e-6:
        yield f"{keys.ACTION} steer is {steer[0]:g} in all {len(steer):,} frames, so there is nothing to learn: {remedy}"
    elif (full := float((np.abs(steer) >= FULL_STEER).mean())) > SATURATED_SHARE:
        yield f"{keys.ACTION} steer is at full lock (1 or -1) in {full:.0%} of {len(steer):,} frames, as if another unit had been clipped: {remedy}"


def check_order(indexes: Mapping[int, np.ndarray]) -> Iterator[str]:
    """Yield the episodes that share a value of `index` with another one. `indexes` has each episode's column, by its number."""
    spans = sorted((int(index.min()), int(index.max()), number) for number, index in indexes.items() if len(index))
    for (_, last, one), (first, _, other) in itertools.pairwise(spans):
        if first <= last:
            yield f"episodes {one} and {other} share index {first}: write that column again, it counts all frames of the log"
