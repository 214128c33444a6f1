"""Where the real logs and maps lie, when they are there: a folder `shared` beside the checkout, never part of it."""

from __future__ import annotations

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED = REPOSITORY.parent / "shared" / "data"


def shared(path: str) -> Path:
    """The file or folder `path` under the shared data; skips the test, with the reason, where it is absent."""
    found = SHARED / path
    if not found.exists():
        pytest.skip(f"needs real data at ../shared/data/{path}, which is not beside this checkout")
    return found
