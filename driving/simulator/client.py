"""How a client is made: connected, with a time-out, and with the scheduling policy that suits it.

In one tick the client's threads and the server wake each other about a dozen times. By Linux's default policy each thread may interrupt the
others, and a tick costs eleven context switches of the client and three of the server. As batch work they do not interrupt each other: the
switches are five and one, and on busy cores a third more ticks per second result (1,420 instead of 1,070 at 200x66).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence

import carla


def connect(host: str, port: int, timeout_s: float) -> carla.Client:
    """Connect a client whose calls may take `timeout_s`.

    The calling thread, and those that it starts, become batch work where the system allows it.
    """
    if hasattr(os, "SCHED_BATCH"):
        with contextlib.suppress(OSError):  # a sandbox may forbid it; then the policy stays as it is
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    client = carla.Client(host, port)
    client.set_timeout(timeout_s)
    return client


def destroy_actors(client: carla.Client, actors: Sequence[carla.Actor]) -> None:
    """Destroy actors in this order with one call. Unlike `actor.destroy()`, it does not raise for an actor that is already gone."""
    client.apply_batch_sync([carla.command.DestroyActor(actor) for actor in actors], False)
