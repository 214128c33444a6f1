"""Disks that are too small or read-only, as mounts that only one command sees: in a user and mount namespace of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest

from tests.shared_data import REPOSITORY

SMALL = 'mount -t tmpfs -o size="$1" none "$2" && disk="$2" kept="$3" && shift 3 && "$@"; status=$?; cp -a "$disk/." "$kept"; exit $status'
READ_ONLY = 'for place in $1; do mount --bind "$place" "$place" && mount -o remount,bind,ro "$place" || exit 99; done; shift; "$@"'


@cache
def _refusal() -> str:
    """Return why this system lets a process make no mounts of its own; "" where it does."""
    if sys.platform != "linux":
        return "mounts of one process need Linux"
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["unshare", "-rm", "sh", "-c", READ_ONLY, "sh", folder, "true"], capture_output=True, text=True)
    return "" if done.returncode == 0 else f"a process cannot make mounts of its own here: {done.stderr.strip()}"


def skip_without_mounts() -> None:
    """Skip the test where a process cannot make mounts of its own."""
    if _refusal():
        pytest.skip(_refusal())


def python(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python with these words in the repository's folder, as a user does."""
    return _run([], words, environment)


def python_on_small_disk(size: str, disk: Path, kept: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Run Python where the folder `disk` is a disk of its own of this size ("64k"). What it holds at the end is copied to `kept`."""
    skip_without_mounts()
    for folder in (disk, kept):
        folder.mkdir(exist_ok=True)
    return _run(["unshare", "-rm", "sh", "-c", SMALL, "sh", size, str(disk), str(kept)], words, {})


def python_beside_read_only(folders: list[Path], *words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python where these folders are read-only."""
    skip_without_mounts()
    return _run(["unshare", "-rm", "sh", "-c", READ_ONLY, "sh", " ".join(map(str, folders))], words, environment)


def _run(around: list[str], words: tuple[object, ...], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [*around, sys.executable, *map(str, words)]
    surroundings = {**os.environ, "PYTHONPATH": str(REPOSITORY), **environment}
    return subprocess.run(command, cwd=REPOSITORY, env=surroundings, capture_output=True, text=True, timeout=180)


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one line with which a command has refused, with exit status 2."""
    assert done.returncode == 2, done.stderr
    [line] = done.stderr.splitlines()
    assert line.startswith("error: ")
    return line
