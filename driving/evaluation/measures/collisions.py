"""What a car ran into, by kind. The trace lists every contact of every tick; contacts in a row are one collision.

The CARLA leaderboard's CollisionTest counts two collisions with one actor within MAX_ID_TIME (5 s) as one, and this does so too. It goes by
the type of what was hit, because a static object has no other name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

CollisionKind = Literal["pedestrian", "vehicle", "static"]
SAME_S = 5.0  # a contact within this time after the last one with the same type belongs to the same collision


class Collision(NamedTuple):
    """One collision."""

    tick: int  # of its first contact
    other: str  # the type of what was hit, such as "static.prop.mesh"
    kind: CollisionKind


def list_collisions(contacts: Sequence[Mapping[str, Any]], dt_s: float) -> list[Collision]:
    """Return the collisions of a drive in order. `contacts` is the list in the trace's meta, {"tick", "with"}; a tick takes `dt_s`."""
    found: list[Collision] = []
    last: dict[str, int] = {}
    for contact in contacts:
        tick, other = int(contact["tick"]), str(contact["with"])
        if other not in last or (tick - last[other]) * dt_s > SAME_S:
            found.append(Collision(tick, other, classify(other)))
        last[other] = tick
    return found


def classify(other: str) -> CollisionKind:
    """Return the leaderboard's kind of an actor's type."""
    if other.startswith("walker."):
        return "pedestrian"
    return "vehicle" if other.startswith("vehicle.") else "static"
