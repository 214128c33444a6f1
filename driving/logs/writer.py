"""Writing a driving log: a LeRobot v3.0 dataset to which episodes are appended. Each is whole on the disk when it ends.

A process that dies while recording loses only the unfinished episode. The log stays readable, and a later writer continues it;
`driving.logs.layout` describes the order of files that ensures this. Images are not kept in memory.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from driving.folder_lock import LOCK, FolderInUseError, lock_folder
from driving.logs import keys, layout, metadata, statistics, tables
from driving.logs.episode import Episode
from driving.logs.features import BOOKKEEPING, Feature, Features, LogError, video_info
from policy.whole_file import name_refusals

TIME_FEATURE = Feature("float64", (1,))
OURS = frozenset({"meta", layout.UNFINISHED, LOCK})


class LogWriter:
    """The only writer of a log, until it is closed.

    Args:
        root: the log's folder.
        features: what each frame brings. The time and the format's own columns are added.
        fps: the nominal frame rate (Hz).
        robot_type: the name of the car, for the log's metadata.
        resume: continues a log that is in `root`; else `root` must be new or empty.
    """

    def __init__(self, root: Path, features: Mapping[str, Feature], fps: float, robot_type: str = "liquidlane", resume: bool = True) -> None:
        """Start or continue the log.

        Raises LogError where `root` holds something else, features or rate differ from the log's, or another process is writing it.
        """
        self.root = Path(root)
        _check_features(features, fps)
        self._given = dict(features)
        self._features: Features = {**features, keys.TIME: TIME_FEATURE, **BOOKKEEPING}
        _check_folder(self.root, resume)
        with contextlib.ExitStack() as held, name_refusals(self.root):
            try:
                held.enter_context(lock_folder(self.root))
            except FolderInUseError as error:
                raise LogError(f"log {self.root} is being written by another process: {error}") from error
            exists = _check_folder(self.root, resume)  # once more: another writer may have ended just before
            if exists:
                self._resume(fps)
            else:
                self._start(fps, robot_type)
            shutil.rmtree(self.root / layout.UNFINISHED, ignore_errors=True)
            if exists:
                self._drop_leftovers()
            else:
                self._commit_new()
            self._held = held.pop_all()
        self._is_open = True

    @property
    def episode_count(self) -> int:
        """The number of finished episodes."""
        return int(self._info["total_episodes"])

    @contextlib.contextmanager
    def episode(self, task: str = "keep the lane") -> Iterator[Episode]:
        """Record an episode. The end of the block commits it to the disk; an exception discards it; an episode without frames is dropped.

        Several may be open at once. They are numbered in the order in which they end. Raises LogError where the writer is closed.
        """
        if not self._is_open:
            raise LogError(f"log {self.root} is closed: open a new LogWriter to continue it")
        with name_refusals(self.root):
            staging = layout.Staging(self.root)
        episode = Episode(self._given, self.fps, staging.path)
        try:
            yield episode
            with name_refusals(self.root):
                episode.close()
                if episode.length:
                    self._commit(episode, task, staging)
        finally:
            with contextlib.suppress(Exception):
                episode.close()
            staging.discard()

    def close(self) -> None:
        """Unlock the log for other writers. All finished episodes are on the disk already."""
        self._is_open = False
        shutil.rmtree(self.root / layout.UNFINISHED, ignore_errors=True)
        self._held.close()

    def __enter__(self) -> LogWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def fps(self) -> float:
        """The nominal frame rate (Hz). The true times are in `keys.TIME`."""
        return float(self._info["fps"])

    def _start(self, fps: float, robot_type: str) -> None:
        """Set up the metadata of a new log."""
        self._tasks: dict[int, str] = {}
        self._number, self._first = 0, 0
        self._stats: dict[str, statistics.Statistics] = {}
        self._rows = tables.episode_schema(self._features).empty_table()
        features = {key: feature.to_json() for key, feature in self._features.items()}
        for key, feature in self._given.items():
            if feature.is_video:
                features[key]["info"] = video_info(feature.shape[0], feature.shape[1], fps)
        self._info: dict[str, Any] = {
            "codebase_version": layout.CODEBASE,
            "robot_type": robot_type,
            "total_episodes": 0,
            "total_frames": 0,
            "total_tasks": 0,
            "chunks_size": layout.CHUNK_SIZE,
            "data_files_size_in_mb": 100,
            "video_files_size_in_mb": 200,
            "fps": int(fps) if float(fps).is_integer() else float(fps),
            "splits": {},
            "data_path": layout.DATA_PATH,
            "video_path": layout.VIDEO_PATH if any(feature.is_video for feature in self._given.values()) else None,
            "features": features,
        }

    def _commit_new(self) -> None:
        """Write the metadata of a log without episodes."""
        staging = layout.Staging(self.root)
        staging.write_json(layout.INFO, self._info)
        staging.commit()

    def _resume(self, fps: float) -> None:
        """Read the metadata of the log that is there. Raises LogError where it differs from what is to be written.

        The next episode's number follows the last one's, and its frames follow the last one's: numbers between may be missing.
        """
        self._info = metadata.read_info(self.root)
        _check_agreement(self.root, self._info, self._features, fps)
        self._tasks = dict(itertools.islice(metadata.read_tasks(self.root).items(), int(self._info["total_tasks"])))
        finished = metadata.episode_rows(self.root, self._info, ["episode_index", "dataset_to_index"])
        if len(finished) != self.episode_count:
            raise LogError(f"log {self.root} lacks lines of meta/episodes ({len(finished)} of {self.episode_count}): copy it again from its source")
        self._number = finished[-1]["episode_index"] + 1 if finished else 0
        self._first = max((row["dataset_to_index"] for row in finished), default=0)
        schema = tables.episode_schema(self._features)
        self._rows = schema.empty_table()
        path = self.root / _episodes_path(self._number)
        if any(row["episode_index"] // layout.EPISODES_PER_FILE == self._number // layout.EPISODES_PER_FILE for row in finished):
            table = metadata.read_table(path)
            self._rows = table.filter(pc.less(table["episode_index"], self._number)).select(schema.names).cast(schema)
        self._stats = self._read_statistics()

    def _drop_leftovers(self) -> None:
        """Remove the files of an episode that a killed writer did not finish. Other readers would take them for an episode."""
        index = self._number
        cameras = [key for key, feature in self._given.items() if feature.is_video]
        for relative in (layout.DATA_PATH, *(layout.VIDEO_PATH.replace("{video_key}", key) for key in cameras)):
            (self.root / relative.format(**layout.place(index))).unlink(missing_ok=True)
        path = self.root / _episodes_path(index)
        if not self._rows.num_rows:
            path.unlink(missing_ok=True)
        elif pq.read_metadata(path).num_rows > self._rows.num_rows:
            staging = layout.Staging(self.root)
            pq.write_table(self._rows, rewritten := staging.path())
            staging.place(rewritten, _episodes_path(index))
            staging.commit()

    def _read_statistics(self) -> dict[str, statistics.Statistics]:
        """Read `meta/stats.json`. Where a killed writer left it newer than `meta/info.json`, merge the episodes' statistics instead."""
        path = self.root / layout.STATS
        with contextlib.suppress(OSError, ValueError, KeyError):
            read = json.loads(path.read_text(encoding="utf-8"))
            if read["index"]["count"] == [self._info["total_frames"]]:
                return {key: {name: np.asarray(values) for name, values in one.items()} for key, one in read.items()}
        stats: dict[str, statistics.Statistics] = {}
        for row in metadata.episode_rows(self.root, self._info):
            stats = statistics.merge_all(stats, tables.statistics_of_row(row))
        return stats

    def _commit(self, episode: Episode, task: str, staging: layout.Staging) -> None:
        """Number the episode and put all its files in place, `meta/info.json` last."""
        index, first, length = self._number, self._first, episode.length
        tasks = self._tasks if task in self._tasks.values() else {**self._tasks, max(self._tasks, default=-1) + 1: task}
        frames = np.arange(length)
        columns = {
            **episode.columns(),
            "timestamp": (frames / self.fps).astype(np.float32),
            "frame_index": frames,
            "episode_index": np.full(length, index),
            "index": frames + first,
            "task_index": np.full(length, next(number for number, text in tasks.items() if text == task)),
        }
        numbers = {key: feature for key, feature in self._features.items() if not feature.is_video and feature.dtype != "string"}
        stats = {**episode.pixel_statistics(), **{key: statistics.of_column(columns[key]) for key in numbers}}
        row = {**self._row(index, first, length, task), **tables.statistics_columns(stats)}
        kept = self._rows if index % layout.EPISODES_PER_FILE else self._rows.slice(0, 0)
        rows = pa.concat_tables([kept, pa.Table.from_pylist([row], schema=self._rows.schema)]).combine_chunks()
        info = {
            **self._info,
            "total_episodes": self.episode_count + 1,
            "total_frames": int(self._info["total_frames"]) + length,
            "total_tasks": len(tasks),
            "splits": {"train": f"0:{self.episode_count + 1}"},
        }
        total = statistics.merge_all(self._stats, stats)

        for key, path in episode.videos.items():
            staging.place(path, layout.VIDEO_PATH.format(video_key=key, **layout.place(index)))
        for table, relative in (
            (tables.data_table(self._features, columns), layout.DATA_PATH.format(**layout.place(index))),
            (rows, _episodes_path(index)),
            (tables.tasks_table(tasks), layout.TASKS),
        ):
            path = staging.path()
            pq.write_table(table, path)
            staging.place(path, relative)
        staging.write_json(layout.STATS, {key: {name: values.tolist() for name, values in one.items()} for key, one in total.items()})
        staging.write_json(layout.INFO, info)
        staging.commit()
        self._info, self._tasks, self._stats, self._rows = info, tasks, total, rows
        self._number, self._first = index + 1, first + length

    def _row(self, index: int, first: int, length: int, task: str) -> dict[str, Any]:
        place, meta = layout.place(index), layout.place(index // layout.EPISODES_PER_FILE)
        row: dict[str, Any] = {"episode_index": index, "tasks": [task], "length": length}
        row |= {"dataset_from_index": first, "dataset_to_index": first + length}
        row |= {f"data/{name}": number for name, number in place.items()}
        row |= {f"meta/episodes/{name}": number for name, number in meta.items()}
        for key, feature in self._given.items():
            if feature.is_video:
                row |= {f"videos/{key}/{name}": number for name, number in place.items()}
                row |= {f"videos/{key}/from_timestamp": 0.0, f"videos/{key}/to_timestamp": length / self.fps}
        return row


def _episodes_path(index: int) -> str:
    return layout.EPISODES_PATH.format(**layout.place(index // layout.EPISODES_PER_FILE))


def _check_features(features: Features, fps: float) -> None:
    if not fps > 0.0:
        raise LogError(f"fps is {fps}, expected a frame rate (Hz) above 0")
    reserved = sorted({keys.TIME, *keys.BOOKKEEPING} & features.keys())
    if reserved:
        raise LogError(f"features {reserved} belong to the log itself: leave them out, they are added")
    for key, feature in features.items():
        if feature.is_video != (len(feature.shape) == 3) or (not feature.is_video and len(feature.shape) != 1):
            raise LogError(f"feature {key!r} is {feature.dtype} of shape {feature.shape}: give a video (Y, X, 3), or a vector (n,)")


def _check_folder(root: Path, resume: bool) -> bool:
    """Return whether the folder holds a log to continue. Raises LogError where it cannot be used."""
    if root.exists() and not root.is_dir():
        raise LogError(f"{root} is a file: give a folder for the log")
    if (root / layout.INFO).exists():
        if not resume:
            raise LogError(f"folder {root} holds a log already: choose another folder, remove it, or continue it (resume)")
        return True
    others = sorted(path.name for path in root.iterdir() if path.name not in OURS) if root.exists() else []
    if others:
        raise LogError(f"folder {root} holds {', '.join(others[:3])} and no log: give an empty or a new folder")
    return False


def _check_agreement(root: Path, info: Mapping[str, Any], features: Features, fps: float) -> None:
    if info["codebase_version"] != layout.CODEBASE:
        raise LogError(f"log {root} is {info['codebase_version']}, which is read only: record into a new folder")
    if abs(float(info["fps"]) - fps) > 1e-9:
        raise LogError(f"log {root} has a frame rate of {info['fps']:g} Hz, the new episodes {fps:g} Hz: use that rate, or record into a new folder")
    there = metadata.read_features(info)
    for key in sorted(there.keys() | features.keys()):
        if there.get(key) != features.get(key):
            raise LogError(f"log {root} has feature {key!r} as {there.get(key)}, the new episodes as {features.get(key)}: record into a new folder")
