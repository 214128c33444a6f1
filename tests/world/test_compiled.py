"""Compiled code that is older than a source it may hold is removed; newer code is kept."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from driving import command
from driving.world import compiled
from driving.world.compiled import DRIVING, SOURCES, forget_stale_code


def _touch(path: Path, second: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.utime(path, (second, second))
    return path


def test_code_older_than_any_source_it_may_hold_is_removed(tmp_path: Path) -> None:
    below, above = tmp_path / "world" / "physics", tmp_path / "standin" / "traffic"
    _touch(above / "one.py", 10)
    _touch(tmp_path / "world" / "maps" / "constants.py", 50)
    old = [_touch(folder / "__pycache__" / f"one.f-1.py311.{end}", 49) for folder in (below, above) for end in ("nbi", "1.nbc")]
    new = [_touch(folder / "__pycache__" / f"one.g-9.py311.{end}", 51) for folder in (below, above) for end in ("nbi", "1.nbc")]
    bytecode = _touch(above / "__pycache__" / "one.cpython-311.pyc", 1)

    assert forget_stale_code(tmp_path) == 4

    assert not any(path.exists() for path in old)
    assert all(path.exists() for path in (*new, bytecode))


def test_the_worlds_code_holds_nothing_of_the_server_and_outlives_its_changes(tmp_path: Path) -> None:
    _touch(tmp_path / "world" / "one.py", 10)
    _touch(tmp_path / "standin" / "one.py", 50)
    kept = _touch(tmp_path / "world" / "__pycache__" / "one.f-1.py311.nbi", 49)
    gone = _touch(tmp_path / "standin" / "__pycache__" / "one.f-1.py311.nbi", 49)

    assert forget_stale_code(tmp_path) == 1

    assert kept.exists()
    assert not gone.exists()


def test_nothing_is_removed_where_nothing_is_stale(tmp_path: Path) -> None:
    _touch(tmp_path / "world" / "one.py", 10)
    assert forget_stale_code(tmp_path) == 0


def test_every_package_with_compiled_functions_is_covered() -> None:
    users = {path.relative_to(DRIVING).parts[0] for path in DRIVING.rglob("*.py") if "from numba import" in path.read_text()}
    assert users == set(SOURCES)


def test_every_command_starts_by_removing_stale_code(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr(compiled, "forget_stale_code", lambda: calls.append("forget"))
    assert command.run(lambda: calls.append("main")) == 0
    assert calls == ["forget", "main"]


def _enter(cache: Path) -> "subprocess.Popen[str]":
    """Start a process that enters `compile_alone` and says so; it has said "here" before."""
    code = "from driving.world.compiled import compile_alone\nprint('here', flush=True)\nwith compile_alone(): print('inside', flush=True)"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env={**os.environ, "NUMBA_CACHE_DIR": str(cache)})
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    return process


def _rest(process: "subprocess.Popen[str]") -> str:
    """Return what the process says until it ends, which it does within 30 s."""
    process.wait(30.0)
    assert process.stdout is not None
    with process.stdout:
        return process.stdout.read()


def test_a_process_without_compiled_code_waits_for_the_one_that_compiles(tmp_path: Path) -> None:
    with open(compiled.__file__, "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = _enter(tmp_path)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1.0)
    assert _rest(process) == "inside\n"


def test_a_process_with_compiled_code_waits_for_nobody(tmp_path: Path) -> None:
    _touch(tmp_path / "world" / "one.f-1.py311.nbi", 10)
    with open(compiled.__file__, "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert _rest(_enter(tmp_path)) == "inside\n"
