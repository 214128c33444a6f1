"""Keep the code that numba has compiled in step with its source.

numba stores compiled code in `__pycache__` per source file and checks only whether that one file has changed. But compiled code also holds the
constants and the inlined functions of other files. After an update it would silently go on with their old values.

Where `__pycache__` cannot be written, or NUMBA_CACHE_DIR is set, compiled code goes to a folder that is named after the sources' last change.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from driving.quantities import UserError

VARIABLE = "NUMBA_CACHE_DIR"
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
        with suppress(OSError):  # in a folder that cannot be written, numba does not look at it either
            path.unlink(missing_ok=True)
    return len(stale)


def provide_cache() -> None:
    """Set NUMBA_CACHE_DIR where compiled code cannot lie beside its source. Call it before numba is imported; child processes inherit it.

    It then lies below the folder that the variable named, in the user's cache, or in a private folder of the temporary directory, which is said
    on stderr. Raises UserError where none of them can be written.
    """
    name = f"liquidlane-{_digest_sources()}"
    given = os.environ.get(VARIABLE)
    if given and Path(given).name == name:
        return
    if not given and all(_can_write(folder) for folder in _list_code_folders()):
        return
    home = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
    base = next((place for place in (*([Path(given).absolute()] if given else []), home) if place.is_absolute() and _can_write(place)), None)
    if base is None:
        base = _make_private_folder(home)
        reason = f"{given or DRIVING} and {home} cannot be written"
        print(f"compiled code goes to {base}, because {reason}; {VARIABLE} can name another folder", file=sys.stderr)
    os.environ[VARIABLE] = str(base / name)


@contextmanager
def compile_alone() -> Iterator[None]:
    """Run the body in one process at a time, as long as no code has been compiled yet.

    Of several servers that start side by side, the first one compiles. The others wait, and load what it has compiled.
    """
    if has_compiled_code():
        yield
        return
    with open(__file__, "rb") as lock:
        with suppress(OSError):  # a file system without locks: each process compiles for itself
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def has_compiled_code() -> bool:
    """Return whether any compiled function lies where this process looks for it."""
    given = os.environ.get(VARIABLE)
    folders = [Path(given)] if given else [DRIVING / package for package in SOURCES]
    return any(True for folder in folders for _ in folder.rglob("*.nbi"))


def _digest_sources() -> str:
    """Return 16 hexadecimal digits that differ for other sources."""
    changes = [(package, _last_change(DRIVING / package)) for package in SOURCES]
    return hashlib.sha256(f"{DRIVING} {changes}".encode()).hexdigest()[:16]


def _list_code_folders() -> set[Path]:
    return {path.parent for package in SOURCES for path in (DRIVING / package).rglob("*.py")}


def _can_write(folder: Path) -> bool:
    """Return whether files can be made in the `__pycache__` of a folder, or in the folder itself, which need not exist yet."""
    place = next(place for place in (folder / "__pycache__", folder, *folder.absolute().parents) if place.exists())
    return place.is_dir() and os.access(place, os.W_OK | os.X_OK)


def _make_private_folder(home: Path) -> Path:
    """Return a folder of the temporary directory that nobody else can write: loading compiled code runs it."""
    try:
        temporary = tempfile.gettempdir()
        mine = os.getuid()
        folder = Path(temporary) / f"liquidlane-{mine}"
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        is_private = stat.S_ISDIR(found.st_mode) and found.st_uid == mine and not stat.S_IMODE(found.st_mode) & 0o077
        return folder if is_private else Path(tempfile.mkdtemp(prefix="liquidlane-"))
    except OSError as error:
        raise UserError(
            f"there is no folder for compiled code: neither {DRIVING}, {home}, nor a temporary directory can be written ({error.strerror or error}); "
            f"set {VARIABLE} to a folder that can be written"
        ) from error


def _last_change(package: Path) -> int:
    return max((path.stat().st_mtime_ns for path in package.rglob("*.py")), default=0)


def _is_older(path: Path, changed_ns: int) -> bool:
    try:
        return path.stat().st_mtime_ns < changed_ns
    except FileNotFoundError:  # another process has removed it
        return False
