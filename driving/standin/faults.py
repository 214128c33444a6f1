"""Faults on purpose: what a client must survive, made at a chosen tick. `--fault KIND[:AMOUNT][@TICK]`, several separated by commas.

TICK counts the ticks in synchronous mode since the server started; without it the fault begins at tick 1. The client also ticks when it
applies settings, and these ticks count: two where the settings change the step, one otherwise.

    drop:N@T      the sensor messages of N ticks, from tick T on, are never sent
    delay:N@T     the sensor messages of tick T come N ticks late
    repeat:N@T    for N ticks, from tick T on, each sensor sends its last message again instead of a new one
    hang:S@T      the reply to tick T comes S seconds late (inf: never)
    close:N@T     the sockets of all sensor streams are closed at each of N ticks, from tick T on
    cut@T         tick T has no reply: the RPC connections of all clients are closed
    die@T         at tick T the process ends at once with exit status 3
    refuse:N@L    N loads of a map, from load L since the server started on, are refused
    version:N     the server says that it is CARLA 0.9.N
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from driving.quantities import UserError

Kind = Literal["drop", "delay", "repeat", "hang", "close", "cut", "die", "refuse", "version"]
KINDS: tuple[Kind, ...] = get_args(Kind)
LONGEST_DELAY = 1000  # ticks; the messages wait in memory
DIED = 3  # exit status
_SPEC = re.compile(r"([a-z]+)(?::([0-9.]+|inf))?(?:@(\d{1,12}))?")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault."""

    kind: Kind
    amount: float  # how many ticks, loads or seconds, by the kind; for `version` the last part of the number
    tick: int  # the tick (for `refuse` the load) at which it begins


class Faults:
    """All faults that the command line asks for."""

    def __init__(self, spec: str = "") -> None:
        """Parse a spec such as "drop:3@200,die@500". Raises UserError for anything else."""
        self._faults = [_parse(part.strip()) for part in spec.split(",") if part.strip()]
        self.kinds = frozenset(fault.kind for fault in self._faults)

    def is_active(self, kind: Kind, tick: int) -> bool:
        """Return whether a fault of this kind, which lasts `amount` ticks, is active at a tick."""
        return any(fault.kind == kind and fault.tick <= tick < fault.tick + fault.amount for fault in self._faults)

    def find_amount(self, kind: Kind, tick: int) -> float | None:
        """Return the amount of the fault of this kind that begins exactly at a tick, None if there is none."""
        return next((fault.amount for fault in self._faults if fault.kind == kind and fault.tick == tick), None)


def _parse(part: str) -> Fault:
    match = _SPEC.fullmatch(part)
    kind = next((kind for kind in KINDS if match is not None and kind == match.group(1)), None)
    if match is None or kind is None:
        raise UserError(f"--fault {part!r} is not a fault: give KIND[:AMOUNT][@TICK] with KIND one of {', '.join(KINDS)}, as in drop:3@200")
    _, amount, tick = match.groups()
    try:
        number = float(amount or 1.0)
    except ValueError:
        raise UserError(f"--fault {part!r}: the amount {amount} is not a number") from None
    if not number > 0.0 or (kind == "delay" and number > LONGEST_DELAY):
        raise UserError(f"--fault {part!r}: the amount is {amount}: give more than 0, and for a delay at most {LONGEST_DELAY} ticks")
    return Fault(kind, number, int(tick or 1))
