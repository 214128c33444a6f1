"""Files that appear under their name whole or not at all, also when the disk is full or two processes write the same name."""

from __future__ import annotations

import errno
import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class WholeFile:
    """A file on its way to `path`: write to `partial`, which only this process uses, then `commit` or `discard`. Its OSErrors name `path`.

    The folder is made if absent. Until the commit, and after an error, what was at `path` before stays. What killed processes left is removed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        with name_refusals(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f".{glob.escape(path.name)}.*.partial"):
            with suppress(OSError, ValueError):
                if not _is_alive(int(left.name.split(".")[-2])):
                    left.unlink()

    def commit(self) -> None:
        """Wait until the content is on the disk, and give the file its name."""
        with name_refusals(self.path):
            flush(self.partial)
            os.replace(self.partial, self.path)

    def discard(self) -> None:
        """Remove what was written. It does nothing after a commit."""
        with suppress(OSError):
            self.partial.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    """Return whether a process of this number runs on this machine."""
    if os.name == "nt":  # there, signal 0 would end it
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is another user's
        pass
    return True


@contextmanager
def replace_whole(path: Path) -> Iterator[Path]:
    """Give the path to write a `WholeFile` to. It is committed when the block ends well, else discarded."""
    file = WholeFile(path)
    try:
        with name_refusals(path):
            yield file.partial
        file.commit()
    finally:
        file.discard()


@contextmanager
def name_refusals(path: Path) -> Iterator[None]:
    """Let every OSError of the block name `path`: what the system says about a file that is being written often names no file."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error


def write_bytes(path: Path, content: bytes) -> None:
    """Write a whole file with this content."""
    with replace_whole(path) as partial:
        partial.write_bytes(content)


def write_text(path: Path, content: str) -> None:
    """Write a whole file with this text, as UTF-8."""
    write_bytes(path, content.encode("utf-8"))


def check_place(path: Path) -> None:
    """Raise an OSError that names `path` where a file of that name cannot be made. Call it before minutes of work."""
    with name_refusals(path):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        file = WholeFile(path)
        file.partial.touch()
        file.partial.unlink()


def flush(path: Path) -> None:
    """Wait until the content of a file or a folder is on the disk. Windows can do this for files only."""
    if os.name == "nt" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
