"""The records of all actors in a snapshot. They are laid out when actors come or go, and filled at each tick without a loop over actors."""

from __future__ import annotations

import math
import struct

import numpy as np

from driving.standin.actors.kinds import Body, Vehicle, Walker
from driving.standin.actors.others import Others
from driving.standin.traffic.lights import RED, TrafficLights
from driving.standin.traffic.signs import STATE_BYTES, Signs
from driving.standin.wire.packets import LIGHT_RECORD, RECORD, VEHICLE_RECORD
from driving.world.physics import dynamics, poses
from driving.world.physics.fleet import Fleet

ACTIVE = 1  # CARLA's actor state of an actor that is simulated
# The light state of vehicles on a map without lights: off. Only then the traffic manager takes turns at junctions; see `TrafficLights.find_seen`.
NO_LIGHT = 3
IN_DEGREES = np.array([1.0, 1.0, 1.0, *3 * [math.degrees(1.0)]])  # turns pose rows in m and rad into m and degrees
_WALKER = struct.Struct("<4fB37x")  # direction, speed, jump; STATE_BYTES in all


class Records:
    """The records of N bodies, in the order of the fleet's rows, and then of the M other actors."""

    def __init__(self, bodies: list[Body], others: Others, fleet: Fleet, lights: TrafficLights, signs: Signs) -> None:
        count = fleet.count
        self._fleet, self._others, self._lights = fleet, others, lights
        self._all = np.zeros(count + len(others.actors), RECORD)
        self._all["id"] = [actor.id for actor in (*bodies, *others.actors)]
        self._all["activity"] = ACTIVE
        self._bodies, self._rest = self._all[:count], self._all[count:]
        self._rest_poses = self._rest["pose"]
        self._vehicles = self._bodies.view(VEHICLE_RECORD)  # walkers' and props' rows are overwritten afterwards
        self._report = np.zeros((count, poses.REPORT_WIDTH), np.float32)
        self._walkers = [body for body in bodies if isinstance(body, Walker)]
        self._is_vehicle = np.array([isinstance(body, Vehicle) for body in bodies], bool)
        self._all_vehicles = self._is_vehicle.all()
        for sign, state in zip(signs.actors, signs.encode_ids(), strict=True):
            self._rest["state"][sign.row] = state
        rows = [actor.row for actor in lights.actors]
        self._light_records = self._rest[rows[0] : rows[-1] + 1].view(LIGHT_RECORD) if rows else None

    def fill(self) -> np.ndarray:
        """Return the current records (N + M,) of packets.RECORD; each call returns the same array."""
        if len(self._bodies):
            self._fill_bodies()
        np.multiply(self._others.world, IN_DEGREES, out=self._rest_poses, casting="same_kind")
        if self._light_records is not None:
            self._lights.fill_records(self._light_records)
        return self._all

    def _fill_bodies(self) -> None:
        vehicles, report, control = self._vehicles, self._report, self._fleet.control
        poses.report(self._fleet.state, control, report)
        vehicles["numbers"], vehicles["hand_brake_reverse_manual"] = report, control[:, dynamics.C_HAND_BRAKE : dynamics.C_MANUAL + 1]
        vehicles["speed_limit"] = self._fleet.limit_kmh
        vehicles["gear"] = self._fleet.state[:, dynamics.GEAR]
        if self._light_records is not None:
            vehicles["light_state"], vehicles["has_light"], vehicles["light_id"] = self._lights.find_seen(self._fleet.state)
        else:
            vehicles["light_state"] = NO_LIGHT
        vehicles["light_state"][self._fleet.gives_way] = RED
        if not self._all_vehicles:
            self._bodies["state"][~self._is_vehicle] = bytes(STATE_BYTES)
            for walker in self._walkers:
                self._bodies["state"][walker.row] = _WALKER.pack(*walker.direction, walker.speed_mps, walker.jump)
