"""Sockets without threads: one epoll loop and connections with queues. `rpc` and `streams` say what the bytes mean.

All work of the server happens between two polls of this loop, in one thread. So the same calls in the same order give the same bytes.
The queues are bounded: what a peer does not read is not produced for it.
"""

from __future__ import annotations

import select
import socket
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable
from typing import Any

READ_CHUNK = 1 << 18
MAX_CONNECTIONS = 1000
MAX_LINE_CHARACTERS = 500
Part = bytes | bytearray | memoryview


class ProtocolError(Exception):
    """Bytes that break the protocol. The connection that they came from is closed, with one line in the log."""


def log(text: str) -> None:
    """Print one line on stderr. Parts of it come from the network, so unprintable characters are replaced and a long line is cut."""
    line = "".join(character if character.isprintable() else "?" for character in text)[:MAX_LINE_CHARACTERS]
    print(f"standin: {line}", file=sys.stderr, flush=True)


def log_bug(what: str) -> None:
    """Log the exception that is being handled, with its traceback."""
    log(f"bug in {what}")
    for line in traceback.format_exc().splitlines():
        log(line)


class Connection:
    """One accepted socket. It passes what arrives to `receive`, and queues what the peer is slow to read."""

    def __init__(self, loop: Loop, sock: socket.socket, peer: str) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.loop, self.sock, self.peer = loop, sock, peer
        self.opened_s = time.monotonic()
        self.fd = sock.fileno()
        self.closed = False
        self.reading = True
        self.pending_bytes = 0
        self.progress_s = self.opened_s
        self._queue: deque[memoryview] = deque()

    def receive(self, data: bytes) -> None:
        """Take what the peer sent; subclasses override this. Raises ProtocolError for bytes after which the connection must be closed."""
        raise NotImplementedError

    def resume(self) -> None:
        """Go on after the queue has become empty; subclasses may override this."""

    def send(self, *parts: Part) -> None:
        """Send the parts in order. What the socket does not take now is kept, by reference, and sent later."""
        if self.closed:
            return
        if not self._queue:
            parts = self._send_now(parts)
        if parts:
            for part in parts:
                view = memoryview(part).cast("B")
                self._queue.append(view)
                self.pending_bytes += len(view)
            self.loop.watch(self)

    def _send_now(self, parts: tuple[Part, ...]) -> tuple[Part, ...]:
        """Send what the socket takes, and return the rest."""
        try:
            sent = self.sock.sendmsg(parts)
        except (BlockingIOError, InterruptedError):
            return parts
        except OSError:
            self.close()
            return ()
        for index, part in enumerate(parts):
            size = part.nbytes if isinstance(part, memoryview) else len(part)
            if sent < size:
                return (memoryview(part).cast("B")[sent:], *parts[index + 1 :])
            sent -= size
        return ()

    def send_queued(self) -> None:
        """Send from the queue until it is empty or the socket is full."""
        while self._queue and not self.closed:
            head = self._queue[0]
            try:
                sent = self.sock.send(head)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                self.close()
                return
            self.progress_s = time.monotonic()
            self.pending_bytes -= sent
            if sent < len(head):
                self._queue[0] = head[sent:]
                return
            self._queue.popleft()
        if not self.closed:
            self.loop.watch(self)
            self.resume()

    def read(self) -> None:
        """Read once and pass the bytes on."""
        try:
            data = self.sock.recv(READ_CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        try:
            self.receive(data)
        except ProtocolError as error:
            log(f"closed {self.peer}: {error}")
            self.close()

    @property
    def interest(self) -> int:
        """The epoll events that the connection waits for."""
        return (select.EPOLLIN if self.reading else 0) | (select.EPOLLOUT if self._queue else 0)

    def set_reading(self, reading: bool) -> None:
        """Stop or resume reading from the peer."""
        if reading != self.reading and not self.closed:
            self.reading = reading
            self.loop.watch(self)

    def close(self) -> None:
        """Close the socket and drop the queue."""
        if not self.closed:
            self.closed = True
            self._queue.clear()
            self.pending_bytes = 0
            self.loop.forget(self)
            self.sock.close()


class Listener:
    """A listening socket. `accept(sock, peer)` makes the connection for each peer."""

    def __init__(self, loop: Loop, host: str, port: int, accept: Callable[[socket.socket, str], Connection]) -> None:
        """Listen on a port, 0 for any free one. Raises OSError where that is not possible."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self.sock.bind((host, port))
            self.sock.listen(1024)
        except OSError:
            self.sock.close()
            raise
        self.sock.setblocking(False)
        self.loop, self.accept, self.fd = loop, accept, self.sock.fileno()
        self.port: int = self.sock.getsockname()[1]
        loop.add_listener(self)

    def accept_one(self) -> None:
        """Accept one connection; above MAX_CONNECTIONS it is closed at once."""
        try:
            sock, address = self.sock.accept()
        except OSError:
            return
        peer = f"{address[0]}:{address[1]}"
        if len(self.loop.connections) >= MAX_CONNECTIONS:
            log(f"refused {peer}: {MAX_CONNECTIONS} connections are open")
            sock.close()
            return
        self.loop.add(self.accept(sock, peer))


class Loop:
    """The epoll loop. `before_wait` runs before each wait and returns the longest wait in seconds, None for no limit."""

    def __init__(self) -> None:
        self.epoll = select.epoll()
        self.connections: dict[int, Connection] = {}
        self.listeners: dict[int, Listener] = {}
        self.before_wait: Callable[[], float | None] = lambda: None
        self._watched: dict[int, int] = {}

    def add_listener(self, listener: Listener) -> None:
        """Start to watch a listening socket."""
        self.listeners[listener.fd] = listener
        self.epoll.register(listener.fd, select.EPOLLIN)

    def add(self, connection: Connection) -> None:
        """Start to watch a connection."""
        self.connections[connection.fd] = connection
        self._watched[connection.fd] = connection.interest
        self.epoll.register(connection.fd, connection.interest)

    def watch(self, connection: Connection) -> None:
        """Update which events epoll watches for a connection."""
        known, wanted = self._watched.get(connection.fd), connection.interest
        if known is not None and known != wanted:
            self._watched[connection.fd] = wanted
            self.epoll.modify(connection.fd, wanted)

    def forget(self, connection: Connection) -> None:
        """Stop watching a connection that is about to close."""
        if self._watched.pop(connection.fd, None) is not None:
            self.epoll.unregister(connection.fd)
            del self.connections[connection.fd]

    def turn(self) -> None:
        """Wait once, then serve the sockets that are ready."""
        timeout = self.before_wait()
        events: list[tuple[int, Any]] = self.epoll.poll(-1 if timeout is None else max(timeout, 0.0))
        for fd, event in events:
            connection = self.connections.get(fd)
            if connection is None:
                listener = self.listeners.get(fd)
                if listener is not None:
                    listener.accept_one()
                continue
            if event & select.EPOLLOUT:
                connection.send_queued()
            if event & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR) and not connection.closed:
                if connection.reading:
                    connection.read()
                elif event & (select.EPOLLHUP | select.EPOLLERR):
                    connection.close()

    def close(self) -> None:
        """Close all sockets."""
        for connection in list(self.connections.values()):
            connection.close()
        for listener in self.listeners.values():
            listener.sock.close()
        self.epoll.close()
