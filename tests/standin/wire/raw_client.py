"""A client without CARLA's library, which sees each byte as it comes: for tests of what the server sends, and in which order."""

from __future__ import annotations

import contextlib
import itertools
import socket
import struct
from collections.abc import Iterator
from typing import Any

import msgpack

EPISODE_STREAM = 1
EPISODE_ID_AT = 48  # in a snapshot: after the sensor header


class RawClient:
    """One RPC connection."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._socket = socket.create_connection(self._address, timeout=20.0)
        self._unpacker = msgpack.Unpacker(raw=False)
        self._ids = itertools.count(1)

    def send(self, method: str, *arguments: Any) -> None:
        """Send a call."""
        self._socket.sendall(msgpack.packb([0, next(self._ids), method, [[False], *arguments]]))

    def receive(self) -> Any:
        """Return the value of the next reply. Raises RuntimeError for an error."""
        while True:
            for _, _, _, ((fine, *value),) in self._unpacker:
                if fine == 0 and value:
                    raise RuntimeError(value[0])
                return value[0] if value else None
            self._unpacker.feed(self._socket.recv(1 << 16))

    def call(self, method: str, *arguments: Any) -> Any:
        """Send a call and return the value of its reply."""
        self.send(method, *arguments)
        return self.receive()

    @contextlib.contextmanager
    def subscribe(self, stream_id: int = EPISODE_STREAM) -> Iterator[socket.socket]:
        """A subscription to a stream."""
        with socket.create_connection((self._address[0], self._address[1] + 1), timeout=20.0) as stream:
            stream.sendall(struct.pack("<I", stream_id))
            yield stream

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


def read_message(stream: socket.socket) -> bytes:
    """Return the next message of a stream. Raises EOFError where the stream has ended."""
    (size,) = struct.unpack("<I", _read(stream, 4))
    return _read(stream, size)


def episode_of(snapshot: bytes) -> int:
    """Return the id of a snapshot's episode."""
    return int.from_bytes(snapshot[EPISODE_ID_AT : EPISODE_ID_AT + 8], "little")


def read_waiting(stream: socket.socket, wait_s: float = 0.2) -> list[bytes]:
    """Return the messages that come within a time without any."""
    found = []
    stream.settimeout(wait_s)
    with contextlib.suppress(TimeoutError):
        while True:
            found.append(read_message(stream))
    stream.settimeout(20.0)
    return found


def _read(stream: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = stream.recv(size - len(data))
        if not part:
            raise EOFError("the stream has ended")
        data += part
    return data
