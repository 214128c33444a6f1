"""What was compiled before a source changed is forgotten, whichever file of the room it was; newer code is kept."""

import os
from pathlib import Path

from driving.world.compiled import forget_outdated


def _at(path: Path, second: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.utime(path, (second, second))
    return path


def test_older_than_any_source_is_forgotten(tmp_path: Path) -> None:
    room, below = tmp_path / "room", tmp_path / "below"
    _at(room / "one.py", 10)
    _at(below / "constants.py", 50)
    old = [_at(room / "__pycache__" / f"one.f-1.py311.{end}", 49) for end in ("nbi", "1.nbc")]
    new = [_at(room / "__pycache__" / f"one.g-9.py311.{end}", 51) for end in ("nbi", "1.nbc")]
    bytecode = _at(room / "__pycache__" / "one.cpython-311.pyc", 1)

    assert forget_outdated(room, [room, below]) == 2

    assert not any(path.exists() for path in old)
    assert all(path.exists() for path in (*new, bytecode))


def test_nothing_to_forget(tmp_path: Path) -> None:
    _at(tmp_path / "one.py", 10)
    assert forget_outdated(tmp_path, [tmp_path]) == 0
