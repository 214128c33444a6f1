"""MessagePack-RPC as CARLA's client speaks it: framing, limits, dispatch by name, reply wrappers. What methods do is left to `methods`.

Request [0, msgid, method, [[fire_and_forget], args...]]; reply [1, msgid, error, result]. Every result but apply_batch's is a
Response: [[1, value]] or, for void, [[false]]; [[0, [text]]] is an error whose text reaches the user.
"""

from __future__ import annotations

import functools
import inspect
import math
import socket
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import msgpack

from driving.quantities import LiquidLaneError
from driving.standin.wire.event_loop import Connection, Loop, ProtocolError, log, log_bug
from driving.standin.wire.messages import MalformedError

MAX_MESSAGE_BYTES = 64 << 20  # an OpenDRIVE text is the largest thing a client sends
MAX_ITEMS = 10_000
MAX_UNSENT_BYTES = 8 << 20
OK_VOID = [[False]]


class RefusedError(LiquidLaneError):
    """A call that cannot be done; its text reaches the caller as the text of a RuntimeError."""


class Later:
    """The answer of a method that is not ready yet; `finish(result)` sends it. Until then the connection's later calls wait."""

    def __init__(self) -> None:
        self.finish: Callable[[Any], None] = lambda result: None


class Service(Protocol):
    """What answers calls: `methods` by name take the arguments after the metadata and give the packable result."""

    methods: dict[str, Callable[..., Any]]

    def describe_unknown(self, method: str) -> str:
        """The text for a method that is not served."""
        ...

    def follow_up(self) -> None:
        """Called after each answer is on its way."""
        ...


def respond(result: Any) -> list[Any]:
    """Response<T> with a value."""
    return [[1, result]]


def respond_error(text: str) -> list[Any]:
    """A Response error; the client raises RuntimeError(text) for both kinds of Response."""
    return [[0, [text]]]


def call(method: Callable[..., Any], arguments: list[Any]) -> Any:
    """Return what a method returns. Raises MalformedError where it does not take so many arguments."""
    least, most = _count_parameters(method)
    if not least <= len(arguments) <= most:
        raise MalformedError(f"{least} arguments" if least == most else f"{least} to {most} arguments", len(arguments))
    return method(*arguments)


@functools.cache
def _count_parameters(method: Callable[..., Any]) -> tuple[int, float]:
    """Return the least and the largest number of arguments that a method takes."""
    parameters = inspect.signature(method).parameters.values()
    plain = [one for one in parameters if one.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    takes_any = any(one.kind is inspect.Parameter.VAR_POSITIONAL for one in parameters)
    return sum(one.default is inspect.Parameter.empty for one in plain), math.inf if takes_any else len(plain)


class RpcConnection(Connection):
    """One client on the RPC port. Calls are served in order; while one waits (`Later`), those behind it wait too."""

    def __init__(self, loop: Loop, sock: socket.socket, peer: str, service: Service) -> None:
        super().__init__(loop, sock, peer)
        self.service = service
        self._unpacker = msgpack.Unpacker(
            raw=False,
            unicode_errors="surrogateescape",
            max_buffer_size=MAX_MESSAGE_BYTES,
            max_str_len=MAX_MESSAGE_BYTES,
            max_bin_len=1 << 16,
            max_array_len=MAX_ITEMS,
            max_map_len=64,
            max_ext_len=0,
            strict_map_key=True,
        )
        self._packer = msgpack.Packer(use_bin_type=True, autoreset=True, unicode_errors="replace")
        self._waiting: Later | None = None
        self._calls: deque[Any] = deque()

    def receive(self, data: bytes) -> None:
        """Serve every complete call in what has come. Raises ProtocolError for bytes that are not a call."""
        for message in self._unpack(data):
            if self.closed:
                return
            if self._waiting is None and not self._calls:
                self._serve(message)
            else:
                self._calls.append(message)
        if self.pending_bytes > MAX_UNSENT_BYTES or len(self._calls) > MAX_ITEMS:
            self.set_reading(False)

    def _unpack(self, data: bytes) -> Iterator[Any]:
        """Yield the messages that are complete with `data`. Raises ProtocolError for bytes that are not MessagePack or go over the limits."""
        try:
            self._unpacker.feed(data)
            yield from self._unpacker
        except (msgpack.exceptions.UnpackException, ValueError, RecursionError) as cause:
            raise ProtocolError(f"bytes that are not a call ({type(cause).__name__} {cause})") from None

    def resume(self) -> None:
        """Takes calls again once the client has read its answers."""
        if len(self._calls) <= MAX_ITEMS:
            self.set_reading(True)

    def _serve(self, message: Any) -> None:
        if not (isinstance(message, list) and len(message) == 4 and message[0] == 0 and isinstance(message[2], str) and isinstance(message[3], list)):
            raise ProtocolError("not a request [0, id, method, arguments]")
        _, number, method, arguments = message
        if not (isinstance(number, int) and 0 <= number < 1 << 32 and arguments and isinstance(arguments[0], list)):
            raise ProtocolError("a request without id or metadata")
        silent = arguments[0] == [True]
        result = self._call(method, arguments[1:])
        if isinstance(result, Later):
            self._waiting = result
            result.finish = lambda final: self._finish(result, number, silent, final)
        elif not silent:
            self.send(self._packer.pack([1, number, None, result]))
        self.service.follow_up()

    def _call(self, method: str, arguments: list[Any]) -> Any:
        handler = self.service.methods.get(method)
        if handler is None:
            log(f"{self.peer} called {method}, which is not served")
            return respond_error(self.service.describe_unknown(method))
        try:
            return call(handler, arguments)
        except MalformedError as cause:
            log(f"{self.peer} called {method} with arguments that are not understood: {cause}")
            return respond_error(f"{method}: arguments not understood: {cause}")
        except LiquidLaneError as cause:
            return respond_error(str(cause))
        except Exception as bug:  # a bug in one method must not end the server for all other clients
            log_bug(f"{method}, called by {self.peer}")
            return respond_error(f"{method}: internal error of the stand-in server ({type(bug).__name__}: {bug}); its log has the traceback")

    def _finish(self, later: Later, number: int, silent: bool, result: Any) -> None:
        if self._waiting is not later or self.closed:
            return
        self._waiting = None
        if not silent:
            self.send(self._packer.pack([1, number, None, result]))
        self.service.follow_up()
        try:
            while self._calls and self._waiting is None and not self.closed:
                self._serve(self._calls.popleft())
        except ProtocolError as cause:
            log(f"closed {self.peer}: {cause}")
            self.close()
            return
        if self.pending_bytes <= MAX_UNSENT_BYTES:
            self.set_reading(True)
