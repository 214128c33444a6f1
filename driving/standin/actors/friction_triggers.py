"""Friction triggers: inside such a box its friction replaces the tyres' own. Outside, the tyres have their own friction again."""

from __future__ import annotations

import numpy as np

from driving.standin.actors.kinds import Trigger, Vehicle
from driving.standin.actors.others import Others
from driving.world.geometry.rotations import rotation_of
from driving.world.physics import dynamics
from driving.world.physics.fleet import Fleet
from driving.world.physics.vehicle_physics import MU_FRONT, MU_REAR, pack

REACH_M = 0.5  # how far a vehicle's wheels reach beyond its origin


def apply_triggers(triggers: list[Trigger], vehicles: list[Vehicle], others: Others, fleet: Fleet) -> None:
    """Give each vehicle the friction of the trigger that it is in; of several triggers the last spawned one counts."""
    inside: dict[int, float] = {}
    for trigger in triggers:
        at = others.locate(trigger)
        away = (fleet.state[:, dynamics.X : dynamics.Z + 1] - (at.x_m, at.y_m, at.z_m)) @ rotation_of(at)
        hit = (np.abs(away) <= np.array(trigger.box.half_m) + REACH_M).all(axis=1)
        inside.update(dict.fromkeys(np.flatnonzero(hit).tolist(), trigger.friction))
    for vehicle in vehicles:
        friction = inside.get(vehicle.row)
        if friction == vehicle.trigger_friction:
            continue
        own = pack(vehicle.physics)[[MU_FRONT, MU_REAR]]
        fleet.parameters[vehicle.row, [MU_FRONT, MU_REAR]] = own if friction is None else friction
        vehicle.trigger_friction = friction
