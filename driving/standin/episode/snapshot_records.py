"""The snapshot's records of an episode: laid out when actors come or go, filled at each tick without a loop over actors."""

from __future__ import annotations

import math
import struct

import numpy as np

from driving.standin.actors.kinds import Body, Vehicle, Walker
from driving.standin.actors.others import Others
from driving.standin.traffic.lights import RED, TrafficLights
from driving.standin.traffic.signs import Signs
from driving.standin.wire.packets import LIGHT_RECORD, RECORD, VEHICLE_RECORD
from driving.world.physics import dynamics as d
from driving.world.physics import poses
from driving.world.physics.fleet import Fleet

# On a map without lights the traffic manager takes turns at junctions only where cars see a light that is off; see `TrafficLights.seen_by`.
ACTIVE, NO_LIGHT = 1, 3
IN_DEGREES = np.array([1.0, 1.0, 1.0, *3 * [math.degrees(1.0)]])
_WALKER = struct.Struct("<4fB37x")


class Records:
    """All actors' records: the fleet's N rows first, then the M others."""

    def __init__(self, bodies: list[Body], others: Others, fleet: Fleet, lights: TrafficLights, signs: Signs) -> None:
        count = fleet.count
        self._fleet, self._others, self._lights = fleet, others, lights
        self._all = np.zeros(count + len(others.actors), RECORD)
        self._all["id"] = [actor.id for actor in (*bodies, *others.actors)]
        self._all["activity"] = ACTIVE
        self._bodies, self._rest = self._all[:count], self._all[count:]
        self._placed = self._rest["pose"]
        self._cars = self._bodies.view(VEHICLE_RECORD)
        self._report = np.zeros((count, 18), np.float32)
        self._walkers = [body for body in bodies if isinstance(body, Walker)]
        self._driven = np.array([isinstance(body, Vehicle) for body in bodies], bool)
        self._any_undriven = not self._driven.all()
        rows = [actor.row for actor in lights.actors]
        for sign, state in zip(signs.actors, signs.sign_ids(), strict=True):
            self._rest["state"][sign.row] = state
        self._light_records = self._rest[rows[0] : rows[-1] + 1].view(LIGHT_RECORD) if rows else None

    def fill(self) -> np.ndarray:
        """The records (N + M,) of packets.RECORD as of now; the same array at each call."""
        if len(self._bodies):
            self._fill_bodies()
        np.multiply(self._others.world, IN_DEGREES, out=self._placed, casting="same_kind")
        if self._light_records is not None:
            self._lights.fill(self._light_records)
        return self._all

    def _fill_bodies(self) -> None:
        cars, report, control = self._cars, self._report, self._fleet.control
        poses.report(self._fleet.state, control, report)
        cars["numbers"], cars["hand_brake_reverse_manual"] = report, control[:, d.C_HAND_BRAKE : d.C_MANUAL + 1]
        cars["speed_limit"] = self._fleet.limit_kmh
        cars["gear"] = self._fleet.state[:, d.GEAR]
        if self._light_records is not None:
            cars["light_state"], cars["has_light"], cars["light_id"] = self._lights.seen_by(self._fleet.state)
        else:
            cars["light_state"] = NO_LIGHT
        cars["light_state"][self._fleet.gives_way] = RED
        if self._any_undriven:
            self._bodies["state"][~self._driven] = bytes(54)
            for walker in self._walkers:
                self._bodies["state"][walker.row] = _WALKER.pack(*walker.direction, walker.speed_mps, walker.jump)
