"""What an evaluation rests on: commit, versions, machine, and digests of suite, policy and traces.

Two evaluations with equal suite and policy digests made the same drives with the same policy. Equal traces digests mean that every tick of every
drive was the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np

from driving.provenance import read_commit, read_hardware, read_versions
from driving.rollout.trace import Trace

NOT_REPEATED = ("frame", "time_s", "act_s", "tick_s")  # the server's count of frames and its clock, and the wall clock's times
LENGTH = 16  # hexadecimal digits


def digest_trace(trace: Trace) -> str:
    """Return a digest of all that another run of the same drive repeats: every column but NOT_REPEATED, and how the drive ended."""
    digest = hashlib.sha256()
    for name, column in sorted(trace.columns.items()):
        if name not in NOT_REPEATED:
            digest.update(f"{name} {column.dtype.str} {column.shape} ".encode())
            digest.update(np.ascontiguousarray(column).tobytes())
    digest.update(json.dumps([trace.meta.get(name) for name in ("end_reason", "collisions")]).encode())
    return digest.hexdigest()[:LENGTH]


def digest_all(digests: Iterable[tuple[str, str]]) -> str:
    """Return one digest of several, each with its name, in their order."""
    return hashlib.sha256(json.dumps(list(digests)).encode()).hexdigest()[:LENGTH]


@cache
def describe_build() -> dict[str, Any]:
    """Return the commit, the versions and the machine of this process. They are read once."""
    return {"commit": read_commit(), "versions": read_versions(), "machine": read_hardware()}


def find_difference(before: Trace, now: Trace) -> str:
    """Return in words where two traces of one drive differ first."""
    names = sorted(set(before.columns) ^ set(now.columns))
    if names:
        return f"only one of them has {', '.join(names)}"
    lengths = [len(trace.columns["dt_s"]) for trace in (before, now)]
    ticks = min(lengths)
    first: tuple[int, str] | None = None
    for name in sorted(set(before.columns) - set(NOT_REPEATED)):
        one, other = (trace.columns[name][:ticks].reshape(ticks, -1) for trace in (before, now))
        unequal = np.flatnonzero(~((one == other) | ((one != one) & (other != other))).all(-1))
        if len(unequal) and (first is None or unequal[0] < first[0]):
            first = int(unequal[0]), name
    if first is not None:
        one, other = (np.ravel(trace.columns[first[1]][first[0]])[0] for trace in (before, now))
        return f"tick {first[0]} is the first to differ, in {first[1]}: {one!r} before, {other!r} now"
    return f"they have {lengths[0]} and {lengths[1]} ticks, or ended differently: {before.meta.get('end_reason')}, {now.meta.get('end_reason')}"
