"""How a client is made: connected, with a time-out, and told to the scheduler as what it is.

A tick is a dozen wake-ups between the client's threads and the server. Where each of them may push the others aside (Linux's default), the
three messages of a tick cost eleven switches of the client and three of the server; as batch work, five and one, and with both on busy cores
a third more ticks a second (1,420 instead of 1,070 at 200x66).
"""

from __future__ import annotations

import contextlib
import os

import carla


def connect(host: str, port: int, timeout_s: float) -> carla.Client:
    """A client whose calls may take `timeout_s`. This thread, and those that it starts, become batch work where the system knows that."""
    if hasattr(os, "SCHED_BATCH"):
        with contextlib.suppress(OSError):  # a sandbox may forbid it; then all is as it was
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    client = carla.Client(host, port)
    client.set_timeout(timeout_s)
    return client
