"""Small LeRobot sets as other tools leave them, v2.1 and v3.0: with any episode numbers, with videos or with pictures in the table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from driving.video import VideoWriter
from tests.logs.drives import picture

CAMERA = "observation.image"
HEIGHT_PX, WIDTH_PX, FPS = 48, 64, 10
PICTURE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


@dataclass(frozen=True)
class SetOptions:
    """What a set is like.

    Args:
        version: v2.1 or v3.0.
        lengths: the frames of each episode, by its number, in the order in which the files hold them.
        in_table: keeps PNG pictures in the table instead of videos.
        group: rows per row group of a table.
        task_index: the number of the only task.
    """

    version: str = "v3.0"
    lengths: Mapping[int, int] = field(default_factory=lambda: {0: 12, 1: 13, 3: 14, 5: 15})
    in_table: bool = False
    group: int = 7
    task_index: int = 4


def steer(number: int, t: int) -> float:
    """Return the steer of frame `t` of episode `number`."""
    return round(0.1 * number - 0.5 + 0.01 * t, 3)


def encode(image: np.ndarray, kind: str = ".png") -> bytes:
    """Return the image as the bytes of a picture file."""
    return cv2.imencode(kind, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1].tobytes()


def write_set(root: Path, options: SetOptions) -> Path:
    """Write a set whose episode of number `n` shows `picture(t, seed=n)`, and return its folder. `index` counts over all numbers there were."""
    old = options.version == "v2.1"
    tables = {number: _table(options, number) for number in options.lengths}
    episodes = [_describe(options, number) for number in options.lengths]
    (root / "meta").mkdir(parents=True)
    if old:
        for number, table in tables.items():
            _write_table(root / f"data/chunk-000/episode_{number:06d}.parquet", [table], options.group)
        (root / "meta/episodes.jsonl").write_text("\n".join(json.dumps(row) for row in episodes) + "\n")
    else:
        _write_table(root / "data/chunk-000/file-000.parquet", list(tables.values()), options.group)
        _write_table(root / "meta/episodes/chunk-000/file-000.parquet", [pa.Table.from_pylist(episodes)], 100)
        tasks = pa.table({"task_index": [options.task_index], "__index_level_0__": ["follow the road"]})
        pq.write_table(tasks, root / "meta/tasks.parquet")
        (root / "meta/stats.json").write_text("{}")
    if not options.in_table:
        _write_videos(root, options)
    (root / "meta/info.json").write_text(json.dumps(_info(options), indent=4))
    return root


def _table(options: SetOptions, number: int) -> pa.Table:
    frames = np.arange(options.lengths[number])
    first = sum(options.lengths.get(before, 20) for before in range(number))
    columns: dict[str, Any] = {CAMERA: pa.array([_picture(number, t) for t in frames], PICTURE)} if options.in_table else {}
    return pa.table(
        {
            **columns,
            "action": pa.array([[steer(number, t), 0.5, 0.0] for t in frames], pa.list_(pa.float32(), 3)),
            "timestamp": pa.array(frames / FPS, pa.float32()),
            "frame_index": frames,
            "episode_index": np.full(len(frames), number),
            "index": frames + first,
            "task_index": np.full(len(frames), options.task_index),
        }
    )


def _picture(number: int, t: int) -> dict[str, Any]:
    return {"bytes": encode(picture(int(t), HEIGHT_PX, WIDTH_PX, seed=number)), "path": f"frame_{t:06d}.png"}


def _write_table(path: Path, tables: Sequence[pa.Table], group: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.concat_tables(tables), path, row_group_size=group)


def _describe(options: SetOptions, number: int) -> dict[str, Any]:
    """Return the line or row of an episode in the metadata."""
    row: dict[str, Any] = {"episode_index": number, "tasks": ["follow the road"], "length": options.lengths[number]}
    if options.version == "v2.1":
        return row
    row |= {"data/chunk_index": 0, "data/file_index": 0}
    if not options.in_table:
        order = list(options.lengths)
        start = sum(options.lengths[one] for one in order[: order.index(number)]) / FPS
        row |= {f"videos/{CAMERA}/chunk_index": 0, f"videos/{CAMERA}/file_index": 0, f"videos/{CAMERA}/from_timestamp": start}
    return row


def _write_videos(root: Path, options: SetOptions) -> None:
    """Write one video per episode (v2.1), or one for all (v3.0)."""
    writer = None
    for number, length in options.lengths.items():
        name = f"chunk-000/{CAMERA}/episode_{number:06d}.mp4" if options.version == "v2.1" else f"{CAMERA}/chunk-000/file-000.mp4"
        if writer is None or options.version == "v2.1":
            if writer is not None:
                writer.close()
            writer = VideoWriter(root / "videos" / name, HEIGHT_PX, WIDTH_PX, FPS)
        for t in range(length):
            writer.write(picture(t, HEIGHT_PX, WIDTH_PX, seed=number))
    assert writer is not None
    writer.close()


def _info(options: SetOptions) -> dict[str, Any]:
    camera = {"dtype": "image" if options.in_table else "video", "shape": [HEIGHT_PX, WIDTH_PX, 3], "names": ["height", "width", "channel"]}
    bookkeeping = {key: {"dtype": "int64", "shape": [1], "names": None} for key in ("frame_index", "episode_index", "index", "task_index")}
    features = {CAMERA: camera, "action": {"dtype": "float32", "shape": [3], "names": ["steer", "throttle", "brake"]}, **bookkeeping}
    old = options.version == "v2.1"
    data = (
        "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet" if old else "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
    )
    place = "chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4"
    video = f"videos/{place}" if old else "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
    return {
        "codebase_version": options.version,
        "fps": FPS,
        "total_episodes": len(options.lengths),
        "total_frames": sum(options.lengths.values()),
        "total_tasks": 1,
        "chunks_size": 1000,
        "data_path": data,
        "video_path": None if options.in_table else video,
        "features": {**features, "timestamp": {"dtype": "float32", "shape": [1], "names": None}},
    }
