"""Sockets without threads: one epoll loop and connections with queues. `rpc` and `streams` say what the bytes mean.

All work of the server happens between two polls of this loop, in one thread. So the same calls in the same order give the same bytes.
The queues are bounded: what a peer does not read is not produced for it.
"""

from __future__ import annotations

import select
import socket
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from driving.standin.wire.log import log

READ_CHUNK = 1 << 18
MAX_CONNECTIONS = 1000
REST_S = 1.0  # after bytes that break the protocol
MAX_HELD = 500  # connections that are not served any more and wait for their end; above it such a connection is closed at once
Part = bytes | bytearray | memoryview


class ProtocolError(Exception):
    """Bytes that break the protocol. The connection that they came from is served no longer and soon closed, with a line in the log."""


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
        self.held_until_s: float | None = None  # monotonic clock; see `hold`
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
        if self.closed or self.held_until_s is not None:
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
            self.hold(REST_S)

    @property
    def interest(self) -> int:
        """The epoll events that the connection waits for."""
        if self.held_until_s is not None:
            return select.EPOLLRDHUP
        return (select.EPOLLIN if self.reading else 0) | (select.EPOLLOUT if self._queue else 0)

    def set_reading(self, reading: bool) -> None:
        """Stop or resume reading from the peer."""
        if reading != self.reading and not self.closed:
            self.reading = reading
            self.loop.watch(self)

    def hold(self, longest_s: float) -> None:
        """Serve the connection no longer, and close it when the peer does, after `longest_s` at the latest.

        A peer that is closed at once may connect again at once, and go on so for ever: held, it rests, and so does the server.
        """
        if len(self.loop.held) >= MAX_HELD:
            self.close()
        elif not self.closed:
            self.held_until_s = time.monotonic() + longest_s
            self.loop.held.add(self)
            self._queue.clear()
            self.pending_bytes = 0
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
        """Accept one connection. With MAX_CONNECTIONS open ones, further peers wait until one is closed: refused ones would try again at once."""
        try:
            sock, address = self.sock.accept()
        except OSError:
            return
        peer = f"{address[0]}:{address[1]}"
        self.loop.add(self.accept(sock, peer))
        if len(self.loop.connections) >= MAX_CONNECTIONS:
            log(f"{MAX_CONNECTIONS} connections are open: further ones wait until one is closed")
            self.loop.set_accepting(False)


class Loop:
    """The epoll loop. `before_wait` runs before each wait and returns the longest wait in seconds, None for no limit."""

    def __init__(self) -> None:
        self.epoll = select.epoll()
        self.connections: dict[int, Connection] = {}
        self.held: set[Connection] = set()
        self.listeners: dict[int, Listener] = {}
        self.before_wait: Callable[[], float | None] = lambda: None
        self._watched: dict[int, int] = {}

    def add_listener(self, listener: Listener) -> None:
        """Start to watch a listening socket."""
        self.listeners[listener.fd] = listener
        self.epoll.register(listener.fd, select.EPOLLIN)

    def set_accepting(self, accepting: bool) -> None:
        """Stop or resume accepting connections."""
        for fd in self.listeners:
            self.epoll.modify(fd, select.EPOLLIN if accepting else 0)

    def end_held(self) -> None:
        """Close the connections that have been held for long enough."""
        now = time.monotonic()
        for connection in [one for one in self.held if one.held_until_s is not None and one.held_until_s <= now]:
            connection.close()

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
            self.held.discard(connection)
            if len(self.connections) == MAX_CONNECTIONS - 1:
                self.set_accepting(True)

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
            if connection.held_until_s is not None:
                connection.close()
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
