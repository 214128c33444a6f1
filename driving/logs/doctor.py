"""The doctor: what is wrong with a driving log, one line per problem with its remedy.

It reads every row and counts every frame of the videos. It decodes the first and the last image of each episode, or all on request.
`driving.logs.row_checks` judges the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from driving.logs import keys, layout, metadata
from driving.logs.features import LogError
from driving.logs.metadata import EpisodeInfo
from driving.logs.reader import Log
from driving.logs.row_checks import check_numbering, check_order, check_steering, check_values
from driving.video import VideoError, frame_times


def examine(root: Path, decode_all: bool = False) -> list[str]:
    """Return the log's problems, in order; none where it is sound. A log that cannot be read is a problem too, not an exception."""
    try:
        info = metadata.read_info(root)
        log = Log(root)
        tasks = metadata.read_tasks(root) if info["codebase_version"] == layout.CODEBASE else None
    except LogError as error:
        return [str(error)]
    problems = list(_totals(log, info))
    shown: dict[Path, np.ndarray | str] = {}
    steers: list[np.ndarray] = []
    indexes: dict[int, np.ndarray] = {}
    for episode in log.episodes:
        columns = _columns(log, episode)
        if isinstance(columns, str):
            found = [columns]
        else:
            found = [*check_numbering(log, episode, columns, tasks), *check_values(log, columns)]
            indexes[episode.index] = columns["index"]
            steers += [log.signals(episode.index, keys.ACTION).get("steer", np.zeros(0))]
            found += [problem for key in log.image_keys for problem in _images(log, episode, key, shown, decode_all)]
        problems += [f"episode {episode.index}: {problem}" for problem in found]
    return [*problems, *check_order(indexes), *check_steering(steers), *_leftovers(log, info)]


def _totals(log: Log, info: Mapping[str, Any]) -> Iterator[str]:
    """Yield the problems of `meta/info.json`: totals that the episodes do not have, missing statistics."""
    if not log.episodes:
        yield "it has no episode: record one into it, or remove the folder"
    for key, count in (("total_episodes", len(log.episodes)), ("total_frames", log.frame_count)):
        if info[key] != count:
            there = f"{layout.INFO} says {key} {info[key]}, but it describes {count} (episodes {metadata.join_numbers(log.numbers)})"
            yield f"{there}: set {key} to {count} where the others were taken out on purpose, else copy the log again from its source"
    if info["codebase_version"] == layout.CODEBASE and log.episodes and not (log.root / layout.STATS).is_file():
        yield f"{layout.STATS} is missing, so lerobot cannot normalise: record one more episode with LogWriter, which writes the file again"


def _leftovers(log: Log, info: Mapping[str, Any]) -> Iterator[str]:
    """Yield files that no finished episode uses. Our reader skips them, and so does version 2.1, but lerobot reads every table of a v3.0 log."""
    if info["codebase_version"] != layout.CODEBASE:
        return
    used = {episode.data_path for episode in log.episodes} | {video.path for episode in log.episodes for video in episode.videos.values()}
    for path in sorted(path for folder, kind in (("data", "parquet"), ("videos", "mp4")) for path in (log.root / folder).rglob(f"*.{kind}")):
        if path not in used:
            yield f"{path} belongs to no finished episode: delete the file; where a writer was killed, recording into the log again drops it too"


def _columns(log: Log, episode: EpisodeInfo) -> dict[str, np.ndarray] | str:
    """Return the columns of an episode's table, or what is wrong with it."""
    try:
        columns = log.columns(episode.index)
    except LogError as error:
        return str(error)
    except (KeyError, TypeError, ValueError) as error:
        return f"its table is not what {layout.INFO} describes ({type(error).__name__}: {error}): copy the log again from its source"
    missing = [key for key in (*keys.BOOKKEEPING, *log.features) if key not in columns and key not in log.image_keys]
    if missing:
        return f"its table lacks {', '.join(dict.fromkeys(missing))}: copy the log again from its source"
    return columns if episode.length else "it has no frame: take it out of the log"


def _images(log: Log, episode: EpisodeInfo, key: str, shown: dict[Path, np.ndarray | str], decode_all: bool) -> Iterator[str]:
    """Yield the problems of an episode's images. `shown` keeps what `_read_times` returned for each video."""
    if key in episode.videos and (problem := _count_images(log, episode, key, shown)):
        yield problem
        return
    source, shape = log.image_source(episode.index, key), log.features[key].shape
    parts = [(0, episode.length)] if decode_all else [(k, k + 1) for k in sorted({0, episode.length - 1})]
    try:
        for start, stop in parts:
            for image in log.frames(episode.index, key, start, stop):
                if sorted(image.shape) != sorted(shape):
                    yield f"{source} has images of {image.shape}, {layout.INFO} says {shape}: correct the shape there"
                    return
    except LogError as error:
        yield str(error)


def _count_images(log: Log, episode: EpisodeInfo, key: str, shown: dict[Path, np.ndarray | str]) -> str | None:
    """Return what is wrong with a video: it cannot be read, or does not show each of the episode's frames."""
    path = episode.videos[key].path
    if path not in shown:
        shown[path] = _read_times(path)
    times = shown[path]
    if isinstance(times, str):
        return times
    half_s, wanted = 0.5 / log.fps, log.image_places(episode.index, key)
    count = int((np.searchsorted(times, wanted + half_s) > np.searchsorted(times, wanted - half_s)).sum())
    if count == episode.length:
        return None
    return f"video {path} has {count} of its {episode.length} frames: copy it again from its source, or record the episode again"


def _read_times(path: Path) -> np.ndarray | str:
    """Return when each frame of a video is shown (s), or what is wrong with the file."""
    try:
        return frame_times(path)
    except VideoError as error:
        return str(error)
