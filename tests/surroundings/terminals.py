"""Commands in a terminal of their own: what is typed into it, how the command ends, and which of its processes are left."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.shared_data import REPOSITORY

MARK = "LIQUIDLANE_TEST_MARK"  # environment variable that all processes of one command inherit
PATIENCE_S = 300.0  # for a busy machine that compiles


class Terminal:
    """A command in a terminal. `text` is what it has printed so far."""

    def __init__(self, process: subprocess.Popen[bytes], screen: int, mark: str) -> None:
        self.process, self._screen, self._mark = process, screen, mark
        self.text = ""

    def wait_until(self, holds: Callable[[], bool]) -> None:
        """Read what the command prints until a condition holds. Fails where the command ends before."""
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            self._read(0.02)
            assert self.process.poll() is None, f"ended too early with {self.process.returncode}: {self.text}"
            assert time.monotonic() < deadline, self.text

    def type_ctrl_c(self) -> None:
        """Type Ctrl-C, which the terminal sends to the command's whole process group."""
        os.write(self._screen, b"\x03")

    def wait_for_end(self) -> tuple[int, float]:
        """Wait until the command ends, and return its exit status and how long that took (s)."""
        began = time.monotonic()
        while self.process.poll() is None:
            self._read(0.02)
            assert time.monotonic() - began < PATIENCE_S, self.text
        took_s = time.monotonic() - began
        while self._read(0.02):
            pass
        return self.process.returncode, took_s

    def handles_signals(self) -> bool:
        """Return whether the command has a handler for SIGTERM by now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        caught = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
        return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)

    def list_processes(self) -> list[int]:
        """Return the ids of all processes that carry the command's mark."""
        found = []
        for folder in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if folder.name.isdigit() and f"{MARK}={self._mark}".encode() in (folder / "environ").read_bytes():
                    found.append(int(folder.name))
        return found

    def wait_for_survivors(self, seconds: float) -> list[int]:
        """Return which processes are left after some time."""
        deadline = time.monotonic() + seconds
        while (left := self.list_processes()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return left

    def _read(self, wait_s: float) -> bool:
        with contextlib.suppress(OSError):  # the terminal is closed
            if select.select([self._screen], [], [], wait_s)[0] and (data := os.read(self._screen, 1 << 16)):
                self.text += data.decode(errors="replace")
                return True
        return False


@contextlib.contextmanager
def in_terminal(*words: object) -> Iterator[Terminal]:
    """Start a Python command in a terminal of its own. At the end of the block no process of it is left."""
    if not (shutil.which("setsid") and shutil.which("env")):
        pytest.skip("needs setsid and env to give a command a terminal")
    screen, keyboard = pty.openpty()
    mark = uuid.uuid4().hex
    environment = {**os.environ, MARK: mark, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    # a shell that runs these tests in the background ignores SIGINT, and a shell that inherits this cannot handle it
    line = ["setsid", "--ctty", "env", "--default-signal=INT", sys.executable, *map(str, words)]
    process = subprocess.Popen(line, cwd=REPOSITORY, env=environment, stdin=keyboard, stdout=keyboard, stderr=keyboard)
    os.close(keyboard)
    terminal = Terminal(process, screen, mark)
    try:
        yield terminal
    finally:
        for pid in terminal.list_processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()
        os.close(screen)
