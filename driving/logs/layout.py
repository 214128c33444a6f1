"""Where the files of a LeRobot v3.0 log lie, and how they get there whole.

Our logs keep one parquet and one mp4 an episode, which the format allows. Files are made ready under `.unfinished/`, outside
every pattern that readers look for, flushed to the disk, and only then renamed into place. `meta/info.json` comes last:
its `total_episodes` is the commit record, and whatever lies beyond it never happened.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Any

from driving.logs.features import LogError

CODEBASE = "v3.0"
CHUNK_SIZE = 1000
EPISODES_A_FILE = 200
DATA_PATH = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEO_PATH = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
EPISODES_PATH = "meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
INFO = "meta/info.json"
TASKS = "meta/tasks.parquet"
STATS = "meta/stats.json"
UNFINISHED = ".unfinished"


def place(index: int, size: int = CHUNK_SIZE) -> dict[str, int]:
    """Chunk and file numbers of the `index`-th file, `size` files a chunk."""
    return {"chunk_index": index // size, "file_index": index % size}


def flush(path: Path) -> None:
    """Wait until a file's (or a folder's) content is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Staging:
    """Files on their way into `root`, in a folder of their own: write at what `path` gives, `place` where each goes, `commit`."""

    def __init__(self, root: Path) -> None:
        (root / UNFINISHED).mkdir(parents=True, exist_ok=True)
        self._root = root
        self._folder = Path(tempfile.mkdtemp(dir=root / UNFINISHED))
        self._places: dict[Path, Path] = {}
        self._made = 0

    def path(self) -> Path:
        """A fresh place to write a file."""
        self._made += 1
        return self._folder / f"{self._made:03d}"

    def place(self, written: Path, relative: str) -> None:
        """What lies at `written` becomes `root / relative`; the last one placed is the commit record."""
        self._places[written] = self._root / relative

    def write_json(self, relative: str, content: Any) -> None:
        """Write a JSON file as LeRobot does, four spaces deep."""
        path = self.path()
        path.write_text(json.dumps(content, indent=4, ensure_ascii=False) + "\n", encoding="utf-8")
        self.place(path, relative)

    def commit(self) -> None:
        """Flush every file, rename each into place, the commit record when all others are on the disk; then clear up."""
        for written in self._places:
            flush(written)
        pairs = list(self._places.items())
        for part in (pairs[:-1], pairs[-1:]):
            for written, target in part:
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(written, target)
            for folder in {parent for _, target in part for parent in target.parents if parent.is_relative_to(self._root)}:
                flush(folder)
        self.discard()

    def discard(self) -> None:
        """Throw away what was not committed."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._places.clear()


class Lock:
    """Keeps a second writer out of a log while this one lives; a killed process lets go by itself."""

    def __init__(self, root: Path) -> None:
        folder = root / "meta"
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
        self.release = weakref.finalize(self, os.close, descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.release()
            raise LogError(f"log {root} is being written by another process: wait until it ends, or choose another folder") from error
