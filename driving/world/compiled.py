"""Keeps compiled code in step with its source.

numba keeps what it has compiled by file, and asks only whether that one file has changed. But compiled code holds the constants and the inlined
functions of other files too: after an update it would go on with what these were before, and nobody would be told.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def forget_outdated(folder: Path, sources: Iterable[Path]) -> int:
    """Removes what was compiled for the modules of `folder` before the last change in the folders `sources`; answers how many files."""
    changed = max((path.stat().st_mtime_ns for source in sources for path in source.rglob("*.py")), default=0)
    outdated = [path for path in folder.rglob("__pycache__/*.nb[ic]") if _older(path, changed)]
    for path in outdated:
        path.unlink(missing_ok=True)
    return len(outdated)


def _older(path: Path, changed: int) -> bool:
    try:
        return path.stat().st_mtime_ns < changed
    except FileNotFoundError:  # another process was first
        return False
