"""What the operating system refuses (no space, no permission, a read-only file system), in one line with the remedy."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path

ELSEWHERE = "give a folder that can be written"
REMEDIES: Mapping[int, str] = {
    errno.ENOSPC: "free space there, or give a folder on another disk",
    errno.EDQUOT: "free some of your quota, or give a folder on another disk",
    errno.EFBIG: "raise the limit (`ulimit -f`), or give a folder whose file system takes larger files",
    errno.EROFS: ELSEWHERE,
    errno.EACCES: f"give yourself the right to it, or {ELSEWHERE}",
    errno.EPERM: f"give yourself the right to it, or {ELSEWHERE}",
    errno.EBUSY: "end the program that uses it",
    errno.ETXTBSY: "end the program that uses it",
    errno.EEXIST: "move it away, or give another name",
    errno.ENOTDIR: "a part of this path is a file; give another name",
    errno.EISDIR: "it is a folder; give the name of a file",
    errno.ENAMETOOLONG: "give a shorter name",
    errno.ELOOP: "mend the symbolic links in this path",
    errno.EXDEV: "give a folder on one file system",
    errno.EMFILE: "raise the limit (`ulimit -n`)",
    errno.ENFILE: "end other programs, or raise the system's limit (fs.file-max)",
    errno.ENOMEM: "end other programs, or give the process more memory",
    errno.EIO: "check the disk and its cable or network; its content may be damaged",
    errno.ESTALE: "mount the network file system again",
    errno.ENODEV: "mount the file system again",
    errno.ENXIO: "mount the file system again",
}
"""The remedy for each number with which the system says no. Other OSErrors are bugs."""


def explain_refusal(error: OSError) -> str | None:
    """Return what the system refused, where, how much space is there, and the remedy; None where the error is not such a refusal."""
    if error.errno is None or error.errno not in REMEDIES:
        return None
    path = None if error.filename is None else Path(os.fsdecode(error.filename))
    space = describe_space(path) if path is not None and error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
    where = "a file" if path is None else str(path)
    return f"cannot use {where} ({os.strerror(error.errno)}{space}): {REMEDIES[error.errno]}"


def describe_space(path: Path) -> str:
    """Return in words how much space is free where `path` lies or would lie, with a leading comma; "" where the system does not say."""
    folder = next((place for place in (path, *path.absolute().parents) if place.exists()), None)
    if folder is None or not hasattr(os, "statvfs"):
        return ""
    disk = os.statvfs(folder)
    free, total = format_size(disk.f_bavail * disk.f_frsize), format_size(disk.f_blocks * disk.f_frsize)
    inodes = "; no inodes are free" if disk.f_files and not disk.f_favail else ""
    return f", {free} of {total} free there once what was unfinished is removed{inodes}"


def format_size(size_bytes: int) -> str:
    """Return a size in the largest unit that fits: "3.2 GB"."""
    size, units = float(size_bytes), ["B", "KB", "MB", "GB", "TB"]
    while size >= 1000.0 and len(units) > 1:
        size, units = size / 1000.0, units[1:]
    return f"{size:.3g} {units[0]}"
