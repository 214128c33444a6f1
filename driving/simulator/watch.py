"""Notices that a server has ended, while a call waits for its answer.

The client's library waits out its time-out for a server that is gone. So a call waits in a thread of its own, and this thread is left behind when
the server ends. A drive makes a thousand calls per second, so it is one such call as a whole.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

from driving.interrupts import leave_thread
from driving.simulator.errors import NoServerError, SimulatorError
from driving.simulator.process import describe_end

LOOK_S = 0.1  # between two looks at the server
SETTLE_S = 0.3  # for calls inside of a call, which notice the end too and clean up
CONNECT_S = 1.0  # how long a server that has closed a connection may take to accept another one

Result = TypeVar("Result")


class ServerWatch:
    """A connection over which nothing is sent. It ends when the server's process does. A context manager."""

    def __init__(self, host: str, port: int, timeout_s: float) -> None:
        """Connect. Raises NoServerError where no server accepts the connection within `timeout_s`."""
        self.host, self.port = host, port
        self._lock = threading.Lock()
        self._ended = False
        self._thread = threading.local()
        try:
            self._socket = self._connect(timeout_s)
        except OSError as error:
            reason = describe_end(port) or str(error.strerror or error).lower()
            raise NoServerError(
                f"no server accepts a connection at {host}:{port} ({reason}): start it, or name another with --host and --port"
            ) from error

    def _connect(self, timeout_s: float) -> socket.socket:
        made = socket.create_connection((self.host, self.port), timeout_s)
        made.setblocking(False)
        return made

    def has_ended(self) -> bool:
        """Return whether the server has ended. It has not where it has only closed its connections and accepts another one."""
        if self._ended or self._is_open():
            return self._ended
        with self._lock:
            if not self._ended and not self._is_open():
                self._socket.close()
                try:
                    self._socket = self._connect(CONNECT_S)
                except OSError:
                    self._ended = True
        return self._ended

    def _is_open(self) -> bool:
        try:
            return self._socket.recv(1) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    def check(self) -> None:
        """Raises SimulatorError where the server has ended."""
        if self.has_ended():
            how = describe_end(self.port) or "its port refuses connections: start it again"
            raise SimulatorError(f"the server {self.host}:{self.port} has ended ({how})")

    def call(self, work: Callable[[], Result]) -> Result:
        """Call `work` in a thread of its own and return its result. Raises SimulatorError as soon as the server has ended."""
        job: Future[Result] = Future()

        def fill() -> None:
            self._thread.is_watched = True
            try:
                job.set_result(work())
            except BaseException as error:
                job.set_exception(error)

        self.check()
        thread = threading.Thread(target=fill, name="server call", daemon=True)
        thread.start()
        while not wait([job], LOOK_S).done:
            if self.has_ended() and not wait([job], SETTLE_S).done:
                leave_thread(thread)
                self.check()
        return job.result()

    def is_watching(self) -> bool:
        """Return whether the calling thread is one of a `call`."""
        return getattr(self._thread, "is_watched", False)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()
