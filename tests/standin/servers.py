"""Stand-in servers as subprocesses, for tests: started on free ports, ended for good."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import carla

from driving.interrupts import OWNER

ROOT = Path(__file__).resolve().parents[2]
STEP_S = 0.05


@dataclass
class Server:
    """A server that listens. `log` is a file with what it said on stderr."""

    process: subprocess.Popen[str] = field(repr=False)
    host: str
    port: int
    log: Path

    @property
    def rss_mb(self) -> float:
        """Its resident memory now."""
        line = next(line for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024.0

    def client(self, timeout_s: float = 20.0) -> carla.Client:
        """A client of its own."""
        made = carla.Client(self.host, self.port)
        made.set_timeout(timeout_s)
        return made


@contextlib.contextmanager
def serving(folder: Path, *arguments: object) -> Iterator[Server]:
    """A server with these arguments; ended by SIGTERM, and if that fails killed and an error."""
    log = folder / "server.log"
    command = [sys.executable, "-m", "driving.standin", "--port", "0", *map(str, arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", OWNER: str(os.getpid())}  # it ends with this process, also where that is killed
    with log.open("w") as errors:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment)
    assert process.stdout is not None
    with process.stdout:
        said = process.stdout.readline()
    if not said.startswith("listening on "):
        process.wait(10)
        raise RuntimeError(f"the server did not start: {log.read_text()[-2000:]}")
    host, port = said.removeprefix("listening on ").strip().rsplit(":", 1)
    try:
        yield Server(process, host, int(port), log)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise


def synchronous(world: carla.World, step_s: float = STEP_S) -> None:
    """Puts a world in synchronous mode."""
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, step_s
    world.apply_settings(settings)
