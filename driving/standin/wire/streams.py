"""Sensor streams: their tokens and their subscribers. The payloads are made in `packets`.

There is one TCP connection per subscription. The client connects to the token's port, sends the stream's id (u32 little-endian) and then
only reads: u32 size, payload, and so on.
"""

from __future__ import annotations

import itertools
import socket
import struct
import time
from collections.abc import Callable

from driving.standin.wire.event_loop import Connection, Loop, Part, ProtocolError
from driving.standin.wire.log import log

SIZE = struct.Struct("<I")
TOKEN = struct.Struct("<IHBB16x")
PROTOCOL_TCP, ADDRESS_OF_CLIENT = 1, 0
MAX_UNSENT_BYTES = 48 << 20
IDLE_S = 10.0  # a connection that has not sent a stream id after this time is closed
GONE_S = 30.0  # a subscriber of a stream that does not exist is held for this time
STALLED_S = 3.0  # a subscriber that reads nothing for this time although data waits is closed
EPISODE_STREAM = 1  # the stream of the world snapshots
PROMISE_S = 0.5  # the longest time that a tick waits for a client that has asked for a stream's token
MAX_PROMISED = 1000


class StreamConnection(Connection):
    """One subscription. It belongs to a stream once the four bytes of the stream's id have arrived."""

    def __init__(self, loop: Loop, sock: socket.socket, peer: str, streams: Streams) -> None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
        super().__init__(loop, sock, peer)
        self.streams = streams
        self.stream_id: int | None = None
        self._head = b""

    def receive(self, data: bytes) -> None:
        """Take the stream id. Raises ProtocolError for any byte after the id.

        The stock client never gives up a stream: where another client has destroyed the sensor, it connects again whenever it is closed.
        So a subscriber of a stream that does not exist is held.
        """
        if self.stream_id is not None:
            raise ProtocolError("bytes after the stream id")
        self._head += data
        if len(self._head) > SIZE.size:
            raise ProtocolError("bytes after the stream id")
        if len(self._head) == SIZE.size:
            (stream_id,) = SIZE.unpack(self._head)
            self.stream_id = stream_id
            if stream_id in self.streams:
                self.streams.subscribe(self, stream_id)
            else:
                log(f"{self.peer} asks for stream {stream_id}, which does not exist: its sensor was destroyed")
                self.hold(GONE_S)

    def close(self) -> None:
        """End the subscription and close the socket."""
        self.streams.unsubscribe(self)
        super().close()


class Streams:
    """All streams by id, and the subscribers of each."""

    def __init__(self) -> None:
        self.port = 0
        self._ids = itertools.count(EPISODE_STREAM + 1)
        self._subscribers: dict[int, list[StreamConnection]] = {EPISODE_STREAM: []}
        self.greeting: Callable[[], list[Part]] = list
        self._promised: dict[int, float] = {}

    def open(self) -> int:
        """Open a stream and return its id; an id is never used twice."""
        stream_id = next(self._ids)
        self._subscribers[stream_id] = []
        return stream_id

    def close(self, stream_id: int) -> None:
        """End a stream and close the sockets of its subscribers."""
        for connection in self._subscribers.pop(stream_id, []):
            connection.close()

    def __contains__(self, stream_id: int) -> bool:
        return stream_id in self._subscribers

    def make_token(self, stream_id: int) -> bytes:
        """Return the 24 bytes by which a client finds a stream."""
        return TOKEN.pack(stream_id, self.port, PROTOCOL_TCP, ADDRESS_OF_CLIENT)

    def promise(self, stream_id: int) -> None:
        """Note that a client has asked for a sensor's token, and so will connect at once."""
        if stream_id != EPISODE_STREAM and len(self._promised) < MAX_PROMISED:
            self._promised[stream_id] = time.monotonic()

    def is_awaited(self) -> bool:
        """Return whether a subscription is on its way. It would miss the messages of a tick that is made now."""
        if not self._promised:
            return False
        now = time.monotonic()
        self._promised = {
            stream_id: since for stream_id, since in self._promised.items() if now - since < PROMISE_S and stream_id in self._subscribers
        }
        return bool(self._promised)

    def list_subscribers(self, stream_id: int) -> list[StreamConnection]:
        """Return the current subscribers of a stream."""
        return self._subscribers.get(stream_id, [])

    def subscribe(self, connection: StreamConnection, stream_id: int) -> None:
        """Add a subscriber to a stream that exists. On the episode stream it gets the latest snapshot at once."""
        self._subscribers[stream_id].append(connection)
        self._promised.pop(stream_id, None)
        if stream_id == EPISODE_STREAM:
            parts = self.greeting()
            if parts:
                connection.send(SIZE.pack(sum(len(part) for part in parts)), *parts)

    def unsubscribe(self, connection: StreamConnection) -> None:
        """Remove a subscriber; a connection that has not subscribed is left alone."""
        subscribers = self._subscribers.get(connection.stream_id or 0)
        if subscribers and connection in subscribers:
            subscribers.remove(connection)

    def publish(self, stream_id: int, parts: list[Part], discard_when_full: bool) -> None:
        """Send one message to all subscribers of a stream. With `discard_when_full`, subscribers whose queue is over its limit do not get it."""
        subscribers = self._subscribers.get(stream_id)
        if not subscribers:
            return
        size = SIZE.pack(sum(part.nbytes if isinstance(part, memoryview) else len(part) for part in parts))
        for connection in list(subscribers):
            if discard_when_full and connection.pending_bytes > MAX_UNSENT_BYTES:
                continue
            connection.send(size, *parts)

    def find_full(self) -> StreamConnection | None:
        """Return a subscriber of a sensor whose queue is over its limit, or None. The episode stream does not count: it may skip messages."""
        for stream_id, subscribers in self._subscribers.items():
            for connection in subscribers:
                if connection.pending_bytes > MAX_UNSENT_BYTES and stream_id != EPISODE_STREAM:
                    return connection
        return None
