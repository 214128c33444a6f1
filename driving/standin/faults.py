"""Faults on purpose: what a client must survive, made at a chosen tick. `--fault KIND[:AMOUNT][@TICK]`, several separated by commas.

TICK counts the ticks in synchronous mode since the server started; 1 if not given. Those that the client makes to apply settings
count too: two where they change the step, one where they keep it.

    drop:N@T      the sensor messages of N ticks, T the first of them, are never sent
    delay:N@T     the sensor messages of tick T come N ticks late
    repeat:N@T    for N ticks from T on each sensor sends its last message again instead of a new one
    hang:S@T      the answer to tick T comes S seconds late (inf: never)
    close:N@T     at tick T the sockets of all sensor streams are closed, and again at each of the next N - 1 ticks
    cut@T         at tick T all clients' RPC connections are closed instead of an answer
    die@T         at tick T the process ends at once with exit status 3
    refuse:N@L    loads L to L + N - 1 of a map since the server started are refused
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from driving.quantities import UserError

KINDS = ("drop", "delay", "repeat", "hang", "close", "cut", "die", "refuse")
_SPEC = re.compile(r"([a-z]+)(?::([0-9.]+|inf))?(?:@(\d{1,12}))?")
DIED = 3


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: its kind, how much of it, and the tick (or load) at which it begins."""

    kind: str
    amount: float
    tick: int


class Faults:
    """All faults that were asked for."""

    def __init__(self, spec: str = "") -> None:
        """Raises UserError for a spec that is none."""
        self._faults = [_parse(part.strip()) for part in spec.split(",") if part.strip()]
        self.kinds = frozenset(fault.kind for fault in self._faults)

    def is_active(self, kind: str, tick: int) -> bool:
        """Whether a fault of a kind that lasts `amount` ticks is on at this tick."""
        return any(fault.kind == kind and fault.tick <= tick < fault.tick + fault.amount for fault in self._faults)

    def find_amount(self, kind: str, tick: int) -> float | None:
        """The amount of a fault of a kind that begins at this very tick, None if there is none."""
        return next((fault.amount for fault in self._faults if fault.kind == kind and fault.tick == tick), None)


def _parse(part: str) -> Fault:
    match = _SPEC.fullmatch(part)
    if match is None or match.group(1) not in KINDS:
        raise UserError(f"--fault {part!r} is none: give KIND[:AMOUNT][@TICK] with KIND one of {', '.join(KINDS)}, as in drop:3@200")
    kind, amount, tick = match.groups()
    try:
        number = float(amount or 1.0)
    except ValueError:
        raise UserError(f"--fault {part!r}: {amount} is no number") from None
    if not number > 0.0 or (math.isinf(number) and kind == "delay") or (kind == "delay" and number > 1000):
        raise UserError(f"--fault {part!r}: the amount must be above 0 (and a delay at most 1000 ticks)")
    return Fault(kind, number, int(tick or 1))
