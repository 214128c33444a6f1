"""One lock per folder that a command writes, so that no two commands mix their files there.

The system drops the lock when its holder ends, however that ends. The lock's file `.lock` says who holds it; a file that a killed process left is
free, and its text does not count. Commands that only read take no lock: what they read appears whole.
"""

from __future__ import annotations

import errno
import json
import os
import platform
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import filelock

from driving.quantities import UserError
from policy.whole_file import name_refusals

LOCK = ".lock"
PATIENCE_S = 0.2  # long enough to try again where the holder removed the file between two steps of ours
FOREVER_S = -1.0
NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL)


class FolderInUseError(UserError):
    """Another process writes into the folder."""


@dataclass(frozen=True)
class Holder:
    """The process that holds a lock, as it describes itself in the lock's file."""

    pid: int
    command: str
    host: str
    since: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} ({self.command}, since {self.since})"


@contextmanager
def lock_folder(folder: Path, wait: bool = False) -> Iterator[None]:
    """Hold the lock of a folder, which is made if absent. What was made for the lock alone is removed at the end.

    Where another process holds the lock, raises FolderInUseError, or waits for that process to end if `wait` is set. Raises UserError where the
    folder's file system has no locks.
    """
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LOCK
    lock = filelock.FileLock(path, PATIENCE_S, thread_local=False, fallback_to_soft=False)
    try:
        with name_refusals(folder):
            _acquire(lock, folder, wait)
        try:
            with name_refusals(folder):
                path.write_text(json.dumps(asdict(describe_process())), encoding="utf-8")
            yield
        finally:
            with suppress(OSError):  # only the holder removes the file: who opened it before tries again with a new one
                path.unlink()
            lock.release()
    finally:
        for place in made:
            with suppress(OSError):  # what holds files by now stays
                place.rmdir()


def _acquire(lock: filelock.BaseFileLock, folder: Path, wait: bool) -> None:
    try:
        try:
            lock.acquire()
        except filelock.Timeout as error:
            holder = read_holder(folder / LOCK)
            if not wait:
                remedy = "wait until it ends, end it, or give another folder"
                raise FolderInUseError(f"{folder} is in use by {holder or 'another process'}: {remedy}") from error
            print(f"{folder} is in use by {holder or 'another process'}; waiting until it ends", file=sys.stderr, flush=True)
            lock.acquire(FOREVER_S)
    except NotImplementedError as error:
        raise _without_locks(folder) from error
    except OSError as error:
        if error.errno in NO_LOCKS:
            raise _without_locks(folder) from error
        raise


def _without_locks(folder: Path) -> UserError:
    return UserError(
        f"the file system of {folder} has no file locks, which keep two commands out of one folder: "
        "give a folder on a local disk, or mount the file system with locks (NFS: without nolock; Lustre: with flock)"
    )


def describe_process() -> Holder:
    """Return this process as the holder of a lock."""
    words = [Path(sys.argv[0]).name, *sys.argv[1:]]
    return Holder(os.getpid(), shlex.join(words), platform.node(), datetime.now().strftime("%Y-%m-%d %H:%M:%S"))


def read_holder(path: Path) -> Holder | None:
    """Return who holds the lock of this file; None where the file does not say so yet."""
    try:
        return Holder(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
