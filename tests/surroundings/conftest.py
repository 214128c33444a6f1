"""A small log and a short run that the tests of all commands share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.logs import write_log
from tests.training.runs import train


@pytest.fixture(scope="session")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a log of two episodes."""
    return write_log(tmp_path_factory.mktemp("surroundings") / "log", [30, 30])


@pytest.fixture(scope="session")
def run(log: Path) -> Path:
    """Return a training run on that log."""
    folder = log.with_name("run")
    train(log, folder, 1)
    return folder
