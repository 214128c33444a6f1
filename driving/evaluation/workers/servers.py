"""The servers to drive on: those that the user names, or stand-ins of our own on free ports. Only our own are ever ended.

A server of our own that has ended, or that has failed a drive, is replaced before the next one. After each failure in a row the wait before the
next attempt doubles.
"""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from typing import Protocol

from driving.quantities import UserError
from driving.simulator.errors import NoServerError
from driving.simulator.process import StandinProcess

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 8.0
CONNECT_S = 5.0
PATIENCE_S = 8.0  # for a server that somebody starts again
START_IT = "start it, or name another with --host and --port"
LARGEST_PORT = 65535


@dataclass(frozen=True)
class Address:
    """Where a server listens."""

    host: str
    port: int

    @staticmethod
    def parse(text: str) -> Address:
        """Read "host:port". Raises UserError for anything else."""
        host, _, port = text.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) <= LARGEST_PORT:
            raise UserError(f"server '{text}' is not an address: give host:port, as in 127.0.0.1:2000")
        return Address(host, int(port))

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def parse_addresses(text: str | None) -> list[Address]:
    """Read "host:port,host:port"; nothing gives none. Raises UserError for anything else."""
    return [Address.parse(part.strip()) for part in text.split(",")] if text else []


class Server(Protocol):
    """A server that one worker uses alone."""

    def prepare(self) -> Address:
        """Return where the server listens, after starting it where needed. Raises SimulatorError where that fails."""
        ...

    def note_failure(self) -> str:
        """Take in that a drive on the server has failed, and return what is known about the server's end, "" for nothing."""
        ...

    def close(self) -> None:
        """Release the server. One of our own ends."""
        ...


class NamedServer:
    """A server that the user runs. It is never ended."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._was_there = False

    def prepare(self) -> Address:
        """Return where the server listens. One that was there before may take PATIENCE_S to be there again.

        Raises NoServerError where nobody accepts a connection there.
        """
        deadline, failures = time.monotonic() + (PATIENCE_S if self._was_there else 0.0), 0
        while True:
            try:
                socket.create_connection((self._address.host, self._address.port), CONNECT_S).close()
                self._was_there = True
                return self._address
            except OSError as error:
                failures += 1
                if time.monotonic() + wait_s(failures) > deadline:
                    reason = str(error.strerror or error).lower()
                    raise NoServerError(f"no server accepts a connection at {self._address} ({reason}): {START_IT}") from error
                time.sleep(wait_s(failures))

    def note_failure(self) -> str:
        """Return "": how this server fares is its owner's business."""
        return ""

    def close(self) -> None:
        """Do nothing."""


class OwnServer:
    """A stand-in of our own on free ports. `arguments` are those of its command line besides the port."""

    def __init__(self, arguments: tuple[str, ...] = ()) -> None:
        self._arguments = arguments
        self._process: StandinProcess | None = None

    def prepare(self) -> Address:
        """Return where the server listens. It is started where none runs. Raises SimulatorError where it does not start."""
        if self._process is not None and not self._process.is_alive:
            self.close()
        if self._process is None:
            self._process = StandinProcess(*self._arguments)
        return Address(self._process.host, self._process.port)

    def note_failure(self) -> str:
        """End the server, whose state nobody knows any more, and return how it had ended by itself, "" where it had not."""
        if self._process is None:
            return ""
        how = self._process.describe_end()
        self.close()
        return how

    def close(self) -> None:
        """End the server."""
        if self._process is not None:
            self._process.close()
        self._process = None


def wait_s(failures: int) -> float:
    """Return how long to wait after this many failures in a row before the next attempt (s)."""
    return min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** (failures - 1)) if failures > 0 else 0.0
