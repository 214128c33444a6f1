"""MessagePack-RPC as CARLA's client speaks it: framing, limits, dispatch by name, and responses. The methods themselves are in `methods`.

A request is [0, id, method, [[fire_and_forget], arguments...]], a reply is [1, id, error, result]. Every result except apply_batch's is a
Response: [[1, value]], for void [[false]], or for an error [[0, [text]]]. The text of an error reaches the user.
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
from driving.standin.wire.event_loop import REST_S, Connection, Loop, ProtocolError
from driving.standin.wire.log import log, log_bug
from driving.standin.wire.messages import MalformedError

MAX_MESSAGE_BYTES = 64 << 20  # the largest message of a client is an OpenDRIVE text
MAX_ITEMS = 10_000  # the longest list, and the most calls of one client that may wait
MAX_UNSENT_BYTES = 8 << 20  # of replies that a client has not read; above it no further calls are read
OK_VOID = [[False]]


class RefusedError(LiquidLaneError):
    """A call that cannot be done. The caller gets its text as a RuntimeError."""


class Later:
    """The result of a method that is not ready yet. `finish(result)` sends it; until then the later calls of the connection wait.

    With `holds_calls` false the later calls are served in the meantime, each with its own reply.
    """

    def __init__(self, holds_calls: bool = True) -> None:
        self.finish: Callable[[Any], None] = lambda result: None
        self.holds_calls = holds_calls


class Service(Protocol):
    """An object that serves calls. Each of `methods` takes the arguments without the metadata and returns a result that MessagePack can pack."""

    methods: dict[str, Callable[..., Any]]

    def describe_unknown(self, method: str) -> str:
        """Return the text of the error for a method that is not served."""
        ...

    def follow_up(self) -> None:
        """Do what follows a reply, after the reply has been sent."""
        ...


def respond(result: Any) -> list[Any]:
    """Return a Response<T> with a value."""
    return [[1, result]]


def respond_error(text: str) -> list[Any]:
    """Return a Response with an error; the client raises RuntimeError(text) for it."""
    return [[0, [text]]]


def refuse_always(why: str) -> Callable[..., Any]:
    """Return a method that takes any arguments and always refuses."""

    def refuse(*_: Any) -> Any:
        raise RefusedError(f"not served by this stand-in server: {why}")

    return refuse


def call(method: Callable[..., Any], arguments: list[Any]) -> Any:
    """Call a method and return its result. Raises MalformedError where the number of arguments is wrong."""
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
    """One client on the RPC port. Its calls are served in order; while one is not ready (`Later`), the calls after it wait."""

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
        """Serve every call that is complete with `data`. Raises ProtocolError for bytes that are not a call."""
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
        """Read calls again once the client has read its replies."""
        if len(self._calls) <= MAX_ITEMS:
            self.set_reading(True)

    def _serve(self, message: Any) -> None:
        """Serve one request and send its reply. Raises ProtocolError for a message that is not a request."""
        if not (isinstance(message, list) and len(message) == 4 and message[0] == 0 and isinstance(message[2], str) and isinstance(message[3], list)):
            raise ProtocolError("not a request [0, id, method, arguments]")
        _, number, method, arguments = message
        if not (isinstance(number, int) and 0 <= number < 1 << 32 and arguments and isinstance(arguments[0], list)):
            raise ProtocolError("a request without id or metadata")
        silent = arguments[0] == [True]
        result = self._call(method, arguments[1:])
        if isinstance(result, Later):
            self._waiting = result if result.holds_calls else self._waiting
            result.finish = lambda final: self._finish(result, number, silent, final)
        elif not silent:
            self.send(self._packer.pack([1, number, None, result]))
        self.service.follow_up()

    def _call(self, method: str, arguments: list[Any]) -> Any:
        """Return the result of a method, or an error response where it fails."""
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
        """Send the reply to a call that had to wait, then serve the calls after it."""
        if self.closed or (later.holds_calls and self._waiting is not later):
            return
        if not silent:
            self.send(self._packer.pack([1, number, None, result]))
        self.service.follow_up()
        if later.holds_calls:
            self._waiting = None
            self._serve_held_calls()

    def _serve_held_calls(self) -> None:
        """Serve the calls that came while one was not ready, up to the next one that is not."""
        try:
            while self._calls and self._waiting is None and not self.closed:
                self._serve(self._calls.popleft())
        except ProtocolError as cause:
            log(f"closed {self.peer}: {cause}")
            self.hold(REST_S)
            return
        if self.pending_bytes <= MAX_UNSENT_BYTES:
            self.set_reading(True)
