"""The collision sensor: what touched its carrier during the tick, and with what impulse."""

from __future__ import annotations

from typing import Any

from driving.standin.actors.kinds import Body, Sensor
from driving.standin.sensors.tick import SensorTick
from driving.standin.wire.packets import Message, Stamp, pack_values

_STATIC_OBJECT = [0, 0, [0, "static.prop.mesh", []], [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0], 0], b"\x00", b""]


def make_record(body: Body | None) -> list[Any]:
    """Return the Actor record of a body; for None it is the record of any static object, which is not an actor."""
    return _STATIC_OBJECT if body is None else body.record()


def measure_collisions(sensor: Sensor, stamp: Stamp, tick: SensorTick) -> list[Message]:
    """Return one message per contact of the carrier: [own actor, other actor, impulse (N s, world frame)]."""
    own, bodies = sensor.carrier, tick.world.bodies
    if own is None:
        return []
    messages = []
    for first, second, jx, jy in tick.contacts.tolist():
        if own.row == int(first):
            other, impulse = bodies[int(second)] if second < len(bodies) else None, [jx, jy, 0.0]
        elif own.row == int(second):
            other, impulse = bodies[int(first)], [-jx, -jy, 0.0]
        else:
            continue
        messages.append(pack_values(stamp, [own.record(), make_record(other), impulse]))
    return messages
