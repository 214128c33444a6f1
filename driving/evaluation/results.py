"""The results of an evaluation on disk: `results.jsonl` has one line per drive, and `summary.json` what follows from them.

A line is on the disk before the next drive is counted. A line that a killed process has left unfinished does not count, and neither does one whose
trace is of another drive: a drive counts once and whole, or not at all.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from driving.evaluation.workers.drive_process import Drive, DriveJob
from driving.evaluation.workers.pool import Outcome
from driving.rollout.trace import META
from policy.whole_file import name_refusals, write_text

RESULTS = "results.jsonl"
ROUTES = "routes"


class Results:
    """The finished drives of one evaluation folder, by their jobs' keys."""

    def __init__(self, folder: Path) -> None:
        """Read what earlier runs have left."""
        self.folder = folder
        self._path = folder / RESULTS
        self._lines: dict[str, dict[str, Any]] = {}
        whole = self._read()
        for line in whole:
            self._lines[line["key"]] = line
        if self._path.exists():
            write_text(self._path, "".join(f"{json.dumps(line)}\n" for line in whole))  # a line after half a line would be lost

    def _read(self) -> list[dict[str, Any]]:
        """Return the lines that are whole."""
        if not self._path.exists():
            return []
        lines = []
        for text in self._path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                line = json.loads(text)
                lines.append({name: line[name] for name in ("key", "row", "wall_clock", "failed_attempts")})
            except (ValueError, KeyError, TypeError):
                continue
        return lines

    def folder_of(self, name: str) -> Path:
        """Return the folder of a drive's trace and movie."""
        return self.folder / ROUTES / name

    def find(self, job: DriveJob) -> Outcome | None:
        """Return what became of a job in an earlier run, None where it has no whole result."""
        line = self._lines.get(job.key)
        if line is None or line["row"] is None or self._read_key(job) != job.key:
            return None
        return Outcome(job, Drive(line["row"], line["wall_clock"]), line["failed_attempts"])

    def _read_key(self, job: DriveJob) -> str | None:
        """Return the key that the trace in the job's folder carries; None where there is no trace."""
        try:
            meta = json.loads((job.folder / META).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return str(meta.get("evaluation_key"))

    def add(self, outcome: Outcome) -> None:
        """Append a line and wait until it is on the disk. A drive that was not made has no row."""
        drive = outcome.drive
        line = {
            "key": outcome.job.key,
            "row": None if drive is None else drive.row,
            "wall_clock": {} if drive is None else drive.wall_clock,
            "failed_attempts": outcome.failed_attempts,
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        with name_refusals(self._path), self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())
