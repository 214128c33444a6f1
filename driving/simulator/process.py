"""The stand-in server as a subprocess on a free port. It ends with this process, however this one ends. All other code sees only host and port."""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, ClassVar

from driving.interrupts import OWNER
from driving.simulator.errors import SimulatorError

START_TIMEOUT_S = 600.0  # the first start compiles, which takes a busy machine minutes
STOP_TIMEOUT_S = 5.0
READY = "listening on "


class StandinProcess:
    """A running stand-in server that listens at `host` and `port`. A context manager. `by_port` holds those that are not closed."""

    by_port: ClassVar[dict[int, StandinProcess]] = {}

    def __init__(self, *arguments: str) -> None:
        """Start a server; `arguments` are those of its command line besides --port. Raises SimulatorError where it does not start."""
        self.host, self.port = "", 0
        self._errors: IO[str] = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed in close()
        command = [sys.executable, "-m", "driving.standin", "--port", "0", *arguments]
        self._process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env={**os.environ, OWNER: str(os.getpid())},
            start_new_session=True,  # a Ctrl-C must reach this process alone, which still needs the server for its clean-up
        )
        try:
            self.host, self.port = self._read_address()
            self.by_port[self.port] = self
        except BaseException:
            self.close()
            raise

    def _read_address(self) -> tuple[str, int]:
        """Wait until the server prints where it listens, and return host and port. Raises SimulatorError where it does not."""
        assert self._process.stdout is not None
        line, deadline = "", time.monotonic() + START_TIMEOUT_S
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if selector.select(deadline - time.monotonic()):
                line = self._process.stdout.readline().strip()
        if not line.startswith(READY):
            with contextlib.suppress(subprocess.TimeoutExpired):  # its stdout ends shortly before the process
                self._process.wait(1.0)
            code = self._process.poll()
            state = f"did not start within {START_TIMEOUT_S:.0f} s" if code is None else f"ended at once (exit status {code})"
            raise SimulatorError(f"the stand-in server {state}: {self.last_complaint() or 'it printed nothing on stderr'}")
        host, _, port = line.removeprefix(READY).rpartition(":")
        return host, int(port)

    def last_complaint(self) -> str:
        """Return the last line that the server wrote to stderr, "" where there is none."""
        self._errors.seek(0)
        lines = [line.strip() for line in self._errors.read().splitlines() if line.strip()]
        return lines[-1] if lines else ""

    def describe_end(self) -> str:
        """Return how the server ended: its exit status and the last line that it wrote to stderr. Return "" where it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):  # its sockets close shortly before its end can be seen
            code = self._process.wait(1.0)
            return f"exit status {code}, last line on stderr: {self.last_complaint() or 'none'}"
        return ""

    @property
    def is_alive(self) -> bool:
        """True while the process runs."""
        return self._process.poll() is None

    @property
    def cpu_s(self) -> float | None:
        """The CPU time (s) that it has used; None on a system without /proc."""
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        """End the server at once, as the system does when memory runs out."""
        self._process.kill()

    def close(self) -> None:
        """End the server; kill it where it does not end by itself within STOP_TIMEOUT_S."""
        if self.is_alive:
            self._process.terminate()
            try:
                self._process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.kill()
                self._process.wait()
        self.by_port.pop(self.port, None)
        for stream in (self._process.stdout, self._errors):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def __enter__(self) -> StandinProcess:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def describe_end(port: int) -> str:
    """Return how our own stand-in that listens at a port ended; "" where it runs, or where no stand-in of this process listens there."""
    process = StandinProcess.by_port.get(port)
    return "" if process is None else process.describe_end()


@contextlib.contextmanager
def server_at(host: str | None, port: int | None, arguments: Sequence[str] = ()) -> Iterator[tuple[str, int]]:
    """Give host and port of a server: the one named, or a stand-in of our own with these arguments, which ends with the block."""
    if host is not None or port is not None:
        yield host or "127.0.0.1", port or 2000
        return
    with StandinProcess(*arguments) as process:
        yield process.host, process.port
