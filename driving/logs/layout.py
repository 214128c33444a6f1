"""Where the files of a LeRobot v3.0 log lie, and how they get there whole.

Our logs have one parquet file and one mp4 file per episode, which the format allows. Files are written under `.unfinished/`, where no reader
looks, flushed to the disk, and then renamed into place. `meta/info.json` comes last. Its `total_episodes` is the commit record: readers ignore
files of later episodes.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from policy.whole_file import flush

CODEBASE = "v3.0"
CHUNK_SIZE = 1000
EPISODES_PER_FILE = 200
DATA_PATH = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEO_PATH = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
EPISODES_PATH = "meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
INFO = "meta/info.json"
TASKS = "meta/tasks.parquet"
STATS = "meta/stats.json"
IMPORT = "meta/import.json"
UNFINISHED = ".unfinished"


def place(index: int, size: int = CHUNK_SIZE) -> dict[str, int]:
    """Return the chunk and file numbers of the `index`-th file, with `size` files per chunk."""
    return {"chunk_index": index // size, "file_index": index % size}


class Staging:
    """Files on their way into `root`: write each to a `path`, say with `place` where it goes, then `commit` all."""

    def __init__(self, root: Path) -> None:
        (root / UNFINISHED).mkdir(parents=True, exist_ok=True)
        self._root = root
        self._folder = Path(tempfile.mkdtemp(dir=root / UNFINISHED))
        self._places: dict[Path, Path] = {}
        self._made = 0

    def path(self) -> Path:
        """Return a new path to write a file to."""
        self._made += 1
        return self._folder / f"{self._made:03d}"

    def place(self, written: Path, relative: str) -> None:
        """Plan that the file at `written` becomes `root / relative`. The last one placed is the commit record."""
        self._places[written] = self._root / relative

    def write_json(self, relative: str, content: Any) -> None:
        """Write a JSON file as LeRobot does, with an indent of four, and place it."""
        path = self.path()
        path.write_text(json.dumps(content, indent=4, ensure_ascii=False) + "\n", encoding="utf-8")
        self.place(path, relative)

    def commit(self) -> None:
        """Flush every file and rename it into place; the commit record follows when all others are on the disk."""
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
        """Remove the files that were not committed."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._places.clear()
