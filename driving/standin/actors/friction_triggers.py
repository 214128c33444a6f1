"""Friction triggers: inside one, its friction takes the place of the tyres' own, and outside they get theirs back."""

from __future__ import annotations

import numpy as np

from driving.standin.actors.kinds import Others, Trigger, Vehicle
from driving.world.physics import dynamics as d
from driving.world.physics import poses
from driving.world.physics.fleet import Fleet
from driving.world.physics.vehicle_physics import MU_FRONT, MU_REAR, pack

REACH_M = 0.5  # a vehicle's wheels reach so far beyond its origin


def apply_triggers(triggers: list[Trigger], vehicles: list[Vehicle], others: Others, fleet: Fleet) -> None:
    """Gives each vehicle the friction of the last-spawned trigger that it is in."""
    inside: dict[int, float] = {}
    for trigger in triggers:
        at = others.world[trigger.row]
        away = (fleet.state[:, d.X : d.Z + 1] - at[:3]) @ poses.rotation(at[3], at[4], at[5])
        hit = (np.abs(away) <= np.array(trigger.box.half_m) + REACH_M).all(axis=1)
        inside.update(dict.fromkeys(np.flatnonzero(hit).tolist(), trigger.friction))
    for vehicle in vehicles:
        friction = inside.get(vehicle.row)
        if friction == vehicle.trigger_friction:
            continue
        own = pack(vehicle.physics)[[MU_FRONT, MU_REAR]]
        fleet.parameters[vehicle.row, [MU_FRONT, MU_REAR]] = own if friction is None else friction
        vehicle.trigger_friction = friction
