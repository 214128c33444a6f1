"""A call of a method that goes wrong is answered, and only a bug leaves a traceback in the log."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import msgpack
import pytest

from driving.standin.wire.event_loop import Connection, Listener, Loop
from driving.standin.wire.messages import natural, pose
from driving.standin.wire.rpc import RefusedError, RpcConnection, respond


class Service:
    """Methods that return, refuse, and fail."""

    def __init__(self) -> None:
        self.methods = {
            "double": lambda item: respond(2 * natural(item)),
            "move": lambda at: respond(pose(at).x_m),
            "refuse": self.refuse,
            "fail": self.fail,
        }

    def refuse(self, why: Any) -> Any:
        raise RefusedError(f"not today: {why}")

    def fail(self) -> Any:
        return {}["missing"]

    def describe_unknown(self, method: str) -> str:
        return f"no {method}"

    def follow_up(self) -> None:
        """Nothing follows an answer here."""


class Caller:
    """A client and its server, in one thread."""

    def __init__(self, loop: Loop, port: int) -> None:
        self._loop, self._socket = loop, socket.create_connection(("127.0.0.1", port), timeout=5.0)
        self._loop.turn()

    def call(self, method: str, *arguments: Any) -> Any:
        """Return the result of a call: [[1, value]] or [[0, [text]]]."""
        self._socket.sendall(msgpack.packb([0, 7, method, [[False], *arguments]]))
        self._loop.turn()
        kind, number, failure, result = msgpack.unpackb(self._socket.recv(1 << 16))
        assert (kind, number, failure) == (1, 7, None)
        return result

    def close(self) -> None:
        self._socket.close()
        self._loop.close()


@pytest.fixture
def caller() -> Iterator[Caller]:
    loop, service = Loop(), Service()

    def accept(sock: socket.socket, peer: str) -> Connection:
        return RpcConnection(loop, sock, peer, service)

    made = Caller(loop, Listener(loop, "127.0.0.1", 0, accept).port)
    yield made
    made.close()


def test_a_refusal_is_answered_with_its_own_text(caller: Caller, capfd: pytest.CaptureFixture[str]) -> None:
    assert caller.call("refuse", "rain") == [[0, ["not today: rain"]]]
    assert not capfd.readouterr().err


@pytest.mark.parametrize("arguments", [["two"], [True], [-1], [None], [], [1, 2]])
def test_malformed_arguments_are_answered_plainly(caller: Caller, capfd: pytest.CaptureFixture[str], arguments: list[Any]) -> None:
    ((kind, (text,)),) = caller.call("double", *arguments)
    assert kind == 0
    assert text.startswith("double: arguments not understood: expected ")
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("at", [[], [[0, 0, 0]], [[0, 0, 0], [0, 0]], [[0, 0, 0], 0], {"x": 1}, "abc"])
def test_a_record_of_another_shape_is_malformed(caller: Caller, at: Any) -> None:
    ((kind, (text,)),) = caller.call("move", at)
    assert kind == 0
    assert "expected a list of" in text


def test_a_bug_keeps_its_traceback_and_the_server_goes_on(caller: Caller, capfd: pytest.CaptureFixture[str]) -> None:
    ((kind, (text,)),) = caller.call("fail")
    assert kind == 0
    assert text.startswith("fail: internal error of the stand-in server (KeyError: 'missing')")
    said = capfd.readouterr().err
    assert "Traceback" in said
    assert "in fail" in said
    assert caller.call("double", 4) == [[1, 8]]
