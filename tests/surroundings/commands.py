"""Commands as whole processes in a changed environment: variables taken away, another user, a network that is not there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.shared_data import REPOSITORY


def run_bare(*words: str | Path, variables: Mapping[str, str | Path] | None = None, before: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """Run a Python command that has only the given environment variables. `before` are the words of a program that starts it."""
    environment = {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1", **{name: str(value) for name, value in (variables or {}).items()}}
    started = [*before, sys.executable, *map(str, words)]
    return subprocess.run(started, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=280, check=False)


def as_stranger() -> list[str]:
    """Return the words that start a program as a user whom the system's list of users does not name, and who has no rights of root.

    Skips the test where this machine does not allow it.
    """
    if not (unshare := shutil.which("unshare")):
        pytest.skip("needs unshare to become another user")
    words = [unshare, "--user", "--map-user=12345", "--map-group=12345"]
    if subprocess.run([*words, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let users make user namespaces")
    return words
