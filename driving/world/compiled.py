"""Keep the code that numba has compiled in step with its source.

numba stores compiled code in `__pycache__` per source file and checks only whether that one file has changed. But compiled code also holds the
constants and the inlined functions of other files. After an update it would silently go on with their old values.
"""

from __future__ import annotations

from pathlib import Path

DRIVING = Path(__file__).resolve().parents[1]
# Each package with compiled functions, and the packages whose constants and functions their code may hold.
SOURCES: dict[str, tuple[str, ...]] = {"world": ("world",), "standin": ("standin", "world")}


def forget_stale_code(root: Path = DRIVING) -> int:
    """Remove all compiled code below `root` that is older than any source it may hold, and return how many files that were.

    `driving.command.run` calls this at the start of every command. A program that uses these packages in another way calls it once, before
    the first compiled function runs. Newer code stays, so the call costs milliseconds.
    """
    changed = {package: _last_change(root / package) for package in SOURCES}
    stale = [
        path
        for package, sources in SOURCES.items()
        for path in (root / package).rglob("__pycache__/*.nb[ic]")
        if _is_older(path, max(changed[source] for source in sources))
    ]
    for path in stale:
        path.unlink(missing_ok=True)
    return len(stale)


def _last_change(package: Path) -> int:
    return max((path.stat().st_mtime_ns for path in package.rglob("*.py")), default=0)


def _is_older(path: Path, changed_ns: int) -> bool:
    try:
        return path.stat().st_mtime_ns < changed_ns
    except FileNotFoundError:  # another process has removed it
        return False
