"""Making actors from what a client asked for. Where they live afterwards is `episode`'s affair."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from driving.quantities import Pose
from driving.standin.actors import walkers
from driving.standin.actors.kinds import Actor, Body, Sensor, Trigger, Vehicle, Walker
from driving.standin.blueprints.library import Description
from driving.standin.blueprints.limits import refuse_unservable
from driving.standin.blueprints.props import PROPS
from driving.standin.blueprints.vehicle_models import VehicleModel
from driving.standin.wire.messages import Box
from driving.standin.wire.rpc import RefusedError
from driving.standin.wire.streams import Streams
from driving.world.physics import dynamics as d
from driving.world.physics.fleet import Fleet
from driving.world.physics.static_boxes import Statics
from driving.world.physics.vehicle_physics import pack

COLLISION_TEXT = "Spawn failed because of collision at spawn position"
HEAVY_KG = 1e6
CLOTHES = ((60, 70, 110), (120, 40, 40), (70, 100, 70), (150, 140, 120), (40, 40, 46), (170, 120, 60))


class Spawner:
    """Makes actors of one episode; bodies get their row in the fleet here."""

    def __init__(self, ids: Iterator[int], streams: Streams, fleet: Fleet, statics: Statics) -> None:
        self._ids, self._streams, self._fleet, self._statics = ids, streams, fleet, statics

    def make(self, wanted: Description, at: Pose, parent: Actor | None) -> Actor:
        """The actor. Raises RefusedError where it would touch another, or is a sensor or controller that cannot be."""
        name = wanted.blueprint.id
        refuse_unservable(wanted)
        if wanted.blueprint.model is not None:
            return self._vehicle(wanted, wanted.blueprint.model, at)
        if name.startswith("sensor."):
            return self._sensor(wanted, parent)
        if name.startswith("walker."):
            return self._walker(wanted, at)
        if name.startswith("static.prop."):
            return self._prop(wanted, at)
        return self._trigger(wanted, parent)

    def _row(self, at: Pose, half: np.ndarray, offset: np.ndarray) -> np.ndarray:
        row = d.place(at.x_m, at.y_m, at.z_m, at.pitch_rad, at.yaw_rad, at.roll_rad)
        if self._fleet.touches(row, half, offset, self._statics):
            raise RefusedError(COLLISION_TEXT)
        return row

    def _vehicle(self, wanted: Description, model: VehicleModel, at: Pose) -> Vehicle:
        half, offset, physics = np.array(model.body_half_m), np.array(model.box.centre_m), model.physics
        row = self._row(at, half, offset)
        colour = [min(int(part), 255) for part in wanted.values["color"].split(",")]
        index = self._fleet.add(state=row, parameters=pack(physics), half=half, offset=offset, colour=colour, tag=model.tags[0])
        vehicle = Vehicle(next(self._ids), model.id, wanted.message, index, None, model.box, model.tags, model=model, physics=physics)
        vehicle.sticky = wanted.yes("sticky_control")
        return vehicle

    def _still(self, at: Pose, box: Box, mass_kg: float, colour: tuple[int, int, int], tag: int) -> int:
        half, offset = np.array(box.half_m), np.array(box.centre_m)
        row = self._row(at, half, offset)
        index = self._fleet.add(state=row, parameters=walkers.parameters_of(mass_kg), half=half, offset=offset, colour=colour, tag=tag)
        self._fleet.external[index, d.E_SIMULATE] = 0.0
        return index

    def _walker(self, wanted: Description, at: Pose) -> Walker:
        box = Box((0.0, 0.0, 0.0), walkers.HALF_M)
        number = int(wanted.blueprint.id.rsplit(".", 1)[-1])
        index = self._still(at, box, walkers.MASS_KG, CLOTHES[number % len(CLOTHES)], 12)
        return Walker(next(self._ids), wanted.blueprint.id, wanted.message, index, None, box, bytes([12]))

    def _prop(self, wanted: Description, at: Pose) -> Body:
        prop = PROPS[wanted.blueprint.id]
        index = self._still(at, prop.box, HEAVY_KG, prop.colour, prop.tag)
        return Body(next(self._ids), wanted.blueprint.id, wanted.message, index, None, prop.box, bytes([prop.tag]))

    def _sensor(self, wanted: Description, parent: Actor | None) -> Sensor:
        name = wanted.blueprint.id
        stream_id = self._streams.open()
        sensor = Sensor(next(self._ids), name, wanted.message, 0, parent, description=wanted, stream_id=stream_id)
        sensor.period_s = max(0.0, wanted.number("sensor_tick"))
        sensor.token = self._streams.token(stream_id)
        return sensor

    def _trigger(self, wanted: Description, parent: Actor | None) -> Trigger:
        # CARLA's extents of a friction trigger are centimetres
        x, y, z = (abs(wanted.number(f"extent_{axis}")) / 100.0 for axis in "xyz")
        trigger = Trigger(next(self._ids), wanted.blueprint.id, wanted.message, 0, parent, friction=max(0.0, wanted.number("friction")))
        trigger.box = Box((0.0, 0.0, 0.0), (x, y, z))
        return trigger
