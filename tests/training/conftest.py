"""One small log for all training tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.logs import write_log


@pytest.fixture(scope="session")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a log of three episodes of 60 frames each at 10 Hz."""
    return write_log(tmp_path_factory.mktemp("training") / "log")
