"""The metadata of a LeRobot log, v3.0 or v2.1: what the log holds, and in which files each episode lies."""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from driving.logs import layout
from driving.logs.features import Feature, LogError

OLDER = "v2.1"
NEEDED: Mapping[str, type | tuple[type, ...]] = {"fps": (int, float), "features": dict, "total_episodes": int, "total_frames": int, "data_path": str}


@dataclass(frozen=True)
class VideoSlice:
    """An episode's part of a video file, which begins at `from_s`."""

    path: Path
    from_s: float


@dataclass(frozen=True)
class EpisodeInfo:
    """One episode: its number of frames, its tasks, and where its rows and videos lie."""

    index: int  # the episode's number, not its position: a log may lack numbers
    length: int
    tasks: tuple[str, ...]
    data_path: Path
    videos: Mapping[str, VideoSlice]


def read_info(root: Path) -> dict[str, Any]:
    """Read `meta/info.json`. Raises LogError where it is missing, broken, or of an unknown version."""
    path = root / layout.INFO
    if not path.is_file():
        raise LogError(f"folder {root} is not a driving log: {layout.INFO} is missing; give the folder that holds meta/, data/ and videos/")
    try:
        info = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, UnicodeDecodeError) as error:
        raise LogError(f"{path} is not JSON ({error}): copy the log again from its source") from error
    version = info.get("codebase_version") if isinstance(info, dict) else None
    if version not in (layout.CODEBASE, OLDER):
        raise LogError(
            f"log {root} has codebase_version {version!r}, expected {layout.CODEBASE!r} or {OLDER!r}: convert it with the lerobot that wrote it"
        )
    missing = [key for key in NEEDED if key not in info]
    if missing:
        raise LogError(f"{path} lacks {', '.join(missing)}: copy the log again from its source")
    for key, kinds in NEEDED.items():
        if not isinstance(info[key], kinds) or isinstance(info[key], bool) or (key == "fps" and not 0.0 < info[key] < float("inf")):
            raise LogError(f"{path} has the impossible {key} {info[key]!r}: copy the log again from its source")
    return info


def read_import_notes(root: Path) -> list[str]:
    """Read what an import left out, clipped or bridged, one line each; nothing where the log was not imported."""
    path = root / layout.IMPORT
    try:
        return [str(note) for note in json.loads(path.read_text(encoding="utf-8"))["notes"]] if path.is_file() else []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LogError(f"{path} is broken ({error}): import the log again, or delete that file") from error


def read_features(info: Mapping[str, Any]) -> dict[str, Feature]:
    """Return the features that the log declares, the format's own columns included. Raises LogError where one is broken."""
    features = {}
    for key, entry in info["features"].items():
        try:
            features[key] = Feature.from_json(entry)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise LogError(f"{layout.INFO} describes feature {key!r} as {entry!r}, expected dtype, shape and names: correct it there") from error
    return features


def read_table(path: Path, columns: list[str] | None = None, without: Collection[str] = ()) -> pa.Table:
    """Read a parquet file: all columns, or only `columns`, or all `without` some. Raises LogError where it is missing or truncated."""
    try:
        if without:
            columns = [name for name in pq.read_schema(path).names if name not in without]
        return pq.read_table(path, columns=columns)
    except FileNotFoundError as error:
        raise LogError(f"{path} is missing: copy the log again from its source") from error
    except (pa.ArrowException, OSError) as error:
        raise LogError(f"{path} is truncated or not parquet ({' '.join(str(error).split())}): copy it again, or record the episode again") from error


def read_tasks(root: Path) -> dict[int, str]:
    """Read the tasks' texts by task_index, in order; none where no episode is finished. Raises LogError where the file is broken."""
    path = root / layout.TASKS
    if not path.exists():
        return {}
    table = read_table(path)
    name = next((name for name in table.column_names if name != "task_index"), None)
    if name is None or "task_index" not in table.column_names:
        raise LogError(f"{path} has columns {table.column_names}, expected task_index and the task's text: copy the log again")
    pairs = zip(table["task_index"].to_pylist(), table[name].to_pylist(), strict=True)
    return dict(sorted(pairs))


def read_episodes(root: Path, info: Mapping[str, Any]) -> list[EpisodeInfo]:
    """Read every finished episode, ordered by number. Raises LogError where the metadata does not follow the format."""
    video_keys = [key for key, feature in read_features(info).items() if feature.is_video]
    try:
        if info["codebase_version"] == OLDER:
            episodes = _older_episodes(root, info, video_keys)
        else:
            episodes = [_episode(root, info, video_keys, row) for row in episode_rows(root, info, _columns(video_keys))]
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise LogError(f"metadata of log {root} is broken ({type(error).__name__}: {error}): copy the log again from its source") from error
    twice = [one.index for one, other in itertools.pairwise(episodes) if one.index == other.index]
    if twice:
        raise LogError(f"metadata of log {root} describes episode {twice[0]} twice: remove one of the two, or copy the log again from its source")
    return episodes


def episode_rows(root: Path, info: Mapping[str, Any], columns: list[str] | None = None) -> list[dict[str, Any]]:
    """Read the rows of `meta/episodes`, ordered by the episodes' numbers, at most as many as `info.json` counts.

    A writer that was killed leaves a last row that `info.json` does not count. Numbers may be missing: people take episodes out of a log.
    """
    rows: list[dict[str, Any]] = []
    for path in sorted((root / "meta" / "episodes").glob("*/*.parquet")):
        rows += read_table(path, columns).to_pylist()
    return sorted(rows, key=lambda row: row["episode_index"])[: int(info["total_episodes"])]


def join_numbers(numbers: Iterable[int]) -> str:
    """Return episodes' numbers in words, runs joined, as in "0, 1, 3 to 9"."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    parts = [part for run in runs for part in ([f"{run[0]} to {run[-1]}"] if len(run) > 2 else map(str, run))]
    return ", ".join(parts) or "none"


def _columns(video_keys: list[str]) -> list[str]:
    videos = [f"videos/{key}/{field}" for key in video_keys for field in ("chunk_index", "file_index", "from_timestamp")]
    return ["episode_index", "tasks", "length", "data/chunk_index", "data/file_index", *videos]


def _episode(root: Path, info: Mapping[str, Any], video_keys: list[str], row: Mapping[str, Any]) -> EpisodeInfo:
    videos = {}
    for key in video_keys:
        number = {field: row[f"videos/{key}/{field}"] for field in ("chunk_index", "file_index")}
        videos[key] = VideoSlice(root / info["video_path"].format(video_key=key, **number), row[f"videos/{key}/from_timestamp"])
    data = info["data_path"].format(chunk_index=row["data/chunk_index"], file_index=row["data/file_index"])
    return EpisodeInfo(row["episode_index"], row["length"], tuple(row["tasks"]), root / data, videos)


def _older_episodes(root: Path, info: Mapping[str, Any], video_keys: list[str]) -> list[EpisodeInfo]:
    """Read the episodes of a log in version 2.1."""
    path = root / "meta" / "episodes.jsonl"
    if not path.is_file():
        raise LogError(f"{path} is missing: copy the log again from its source")
    episodes = []
    for line in filter(str.strip, path.read_text(encoding="utf-8").splitlines()):
        row = json.loads(line)
        number = {"episode_index": row["episode_index"], "episode_chunk": row["episode_index"] // info.get("chunks_size", layout.CHUNK_SIZE)}
        videos = {key: VideoSlice(root / info["video_path"].format(video_key=key, **number), 0.0) for key in video_keys}
        tasks = tuple(row.get("tasks", ()))
        episodes.append(EpisodeInfo(row["episode_index"], row["length"], tasks, root / info["data_path"].format(**number), videos))
    return sorted(episodes, key=lambda episode: episode.index)
