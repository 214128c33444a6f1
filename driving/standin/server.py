"""The two listening sockets and the loop between them: one port for RPC, one for the sensor streams."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from driving.quantities import UserError
from driving.standin.episode.catalogue import Catalogue
from driving.standin.faults import Faults
from driving.standin.methods.actors import ActorMethods
from driving.standin.methods.batch import Batch
from driving.standin.methods.lights import LightMethods
from driving.standin.methods.vehicles import VehicleMethods
from driving.standin.methods.world import WorldMethods
from driving.standin.simulation import Simulation
from driving.standin.warmup import warm_up
from driving.standin.wire.event_loop import Listener, Loop
from driving.standin.wire.log import log, tell_counts
from driving.standin.wire.rpc import RpcConnection
from driving.standin.wire.streams import IDLE_S, StreamConnection, Streams
from driving.world.compiled import compile_alone

SWEEP_S = 1.0  # between two searches for connections that are to be closed
LONGEST_NAME = 80  # of an unknown method in an error message


class Server:
    """A running server: it serves `methods`, by name. `has_compiled` is whether it had to compile its code, see `warmup`."""

    def __init__(self, host: str, port: int, catalogue: Catalogue, faults: Faults) -> None:
        """Load the first map and listen. Raises UserError where a port is not free or the map cannot be used."""
        self.loop = Loop()
        self.streams = Streams()
        try:
            rpc = Listener(self.loop, host, port, lambda sock, peer: RpcConnection(self.loop, sock, peer, self))
            stream = self._listen_for_streams(host, rpc.port)
        except (OSError, OverflowError) as cause:
            self.loop.close()
            raise UserError(f"cannot listen on {host}:{port} ({cause}): choose another --host or --port, 0 for any free one") from None
        self.host, self.port, self.streams.port = host, rpc.port, stream.port
        with compile_alone():
            self.simulation = Simulation(self.streams, catalogue, faults)
            self.has_compiled = warm_up(self.simulation.episode.level)
        self.simulation.on_cut = self._cut_clients
        self.methods = self._collect_methods()
        self.loop.before_wait = self._work_before_wait
        self._swept_s = time.monotonic()

    def _listen_for_streams(self, host: str, port: int) -> Listener:
        """Listen on the port after `port`, as CARLA does, or on any free port where that one is taken."""

        def accept(sock: Any, peer: str) -> StreamConnection:
            return StreamConnection(self.loop, sock, peer, self.streams)

        try:
            return Listener(self.loop, host, port + 1, accept)
        except (OSError, OverflowError):
            return Listener(self.loop, host, 0, accept)

    def _collect_methods(self) -> dict[str, Callable[..., Any]]:
        actors = ActorMethods(self.simulation)
        parts = (WorldMethods(self.simulation), actors, VehicleMethods(self.simulation, actors), LightMethods(self.simulation, actors))
        methods = {name: method for part in parts for name, method in part.list_methods().items()}
        methods["apply_batch"] = Batch(self.simulation, methods).apply_batch
        return methods

    def describe_unknown(self, method: str) -> str:
        """Return the error text for a method that is not served."""
        return f"'{method[:LONGEST_NAME]}' is not served by this stand-in server, which serves: {', '.join(sorted(self.methods))}"

    def follow_up(self) -> None:
        """Do what follows a reply, after the reply has been sent."""
        self.simulation.follow_up()

    def _cut_clients(self) -> None:
        for connection in list(self.loop.connections.values()):
            if isinstance(connection, RpcConnection):
                connection.close()

    def _work_before_wait(self) -> float | None:
        """Do what is due without a call, and return how long the loop may wait for a call (s)."""
        now = time.monotonic()
        if now - self._swept_s > SWEEP_S:
            self._swept_s = now
            tell_counts()
            self.loop.end_held()
            for connection in list(self.loop.connections.values()):
                if isinstance(connection, StreamConnection) and connection.stream_id is None and now - connection.opened_s > IDLE_S:
                    log(f"closed {connection.peer}: it did not name a stream within {IDLE_S:.0f} s")
                    connection.close()
        wait = self.simulation.run_due_work()
        return SWEEP_S if wait is None else min(wait, SWEEP_S)
