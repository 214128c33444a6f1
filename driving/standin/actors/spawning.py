"""Makes actors from the descriptions that clients send. `episode` keeps them afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from driving.quantities import Pose
from driving.standin.actors import walkers
from driving.standin.actors.kinds import Actor, Body, Sensor, Trigger, Vehicle, Walker
from driving.standin.blueprints.description import Description
from driving.standin.blueprints.props import PROPS
from driving.standin.blueprints.vehicle_models import VehicleModel
from driving.standin.wire.messages import Box
from driving.standin.wire.rpc import RefusedError
from driving.standin.wire.streams import Streams
from driving.world.physics import dynamics
from driving.world.physics.fleet import Fleet
from driving.world.physics.static_boxes import Statics
from driving.world.physics.vehicle_physics import pack

COLLISION_TEXT = "Spawn failed because of collision at spawn position"  # CARLA's words: scripts match them
HEAVY_KG = 1e6  # the mass of a prop: no car moves it
WALKER_TAG = 12  # CARLA's semantic tag of pedestrians
CLOTHES = ((60, 70, 110), (120, 40, 40), (70, 100, 70), (150, 140, 120), (40, 40, 46), (170, 120, 60))  # RGB, by the walker's number
CM_PER_M = 100.0


class Spawner:
    """Makes the actors of one episode. Bodies are added to the fleet here."""

    def __init__(self, ids: Iterator[int], streams: Streams, fleet: Fleet, statics: Statics) -> None:
        self._ids, self._streams, self._fleet, self._statics = ids, streams, fleet, statics

    def make(self, wanted: Description, at: Pose, parent: Actor | None) -> Actor:
        """Make an actor. Raises RefusedError where it would touch another one, or where a sensor or controller cannot be served."""
        name = wanted.blueprint.id
        wanted.refuse_unservable()
        if wanted.blueprint.model is not None:
            return self._make_vehicle(wanted, wanted.blueprint.model, at)
        if name.startswith("sensor."):
            return self._make_sensor(wanted, parent)
        if name.startswith("walker."):
            return self._make_walker(wanted, at)
        if name.startswith("static.prop."):
            return self._make_prop(wanted, at)
        return self._make_trigger(wanted, parent)

    def _make_free_state(self, at: Pose, half: np.ndarray, offset: np.ndarray) -> np.ndarray:
        """Return the state row of a body at rest at `at`. Raises RefusedError where it would touch something."""
        row = dynamics.place(at.x_m, at.y_m, at.z_m, at.pitch_rad, at.yaw_rad, at.roll_rad)
        if self._fleet.touches(row, half, offset, self._statics):
            raise RefusedError(COLLISION_TEXT)
        return row

    def _make_vehicle(self, wanted: Description, model: VehicleModel, at: Pose) -> Vehicle:
        half, offset, physics = np.array(model.body_half_m), np.array(model.box.centre_m), model.physics
        state = self._make_free_state(at, half, offset)
        colour = [min(int(part), 255) for part in wanted.values["color"].split(",")]
        row = self._fleet.add(state=state, parameters=pack(physics), half=half, offset=offset, colour=colour, tag=model.tags[0])
        vehicle = Vehicle(next(self._ids), model.id, wanted.message, row, None, model.box, model.tags, model=model, physics=physics)
        vehicle.sticky = wanted.is_on("sticky_control")
        return vehicle

    def _add_undriven(self, at: Pose, box: Box, mass_kg: float, colour: tuple[int, int, int], tag: int) -> int:
        """Add a body that physics does not move to the fleet and return its row."""
        half, offset = np.array(box.half_m), np.array(box.centre_m)
        state, parameters = self._make_free_state(at, half, offset), walkers.make_undriven_parameters(mass_kg)
        row = self._fleet.add(state=state, parameters=parameters, half=half, offset=offset, colour=colour, tag=tag)
        self._fleet.external[row, dynamics.E_SIMULATE] = 0.0
        return row

    def _make_walker(self, wanted: Description, at: Pose) -> Walker:
        box = Box((0.0, 0.0, 0.0), walkers.HALF_M)
        number = int(wanted.blueprint.id.rsplit(".", 1)[-1])
        row = self._add_undriven(at, box, walkers.MASS_KG, CLOTHES[number % len(CLOTHES)], WALKER_TAG)
        return Walker(next(self._ids), wanted.blueprint.id, wanted.message, row, None, box, bytes([WALKER_TAG]))

    def _make_prop(self, wanted: Description, at: Pose) -> Body:
        prop = PROPS[wanted.blueprint.id]
        row = self._add_undriven(at, prop.box, HEAVY_KG, prop.colour, prop.tag)
        return Body(next(self._ids), wanted.blueprint.id, wanted.message, row, None, prop.box, bytes([prop.tag]))

    def _make_sensor(self, wanted: Description, parent: Actor | None) -> Sensor:
        stream_id = self._streams.open()
        sensor = Sensor(next(self._ids), wanted.blueprint.id, wanted.message, 0, parent, description=wanted, stream_id=stream_id)
        sensor.period_s = max(0.0, wanted.number("sensor_tick"))
        sensor.token = self._streams.make_token(stream_id)
        return sensor

    def _make_trigger(self, wanted: Description, parent: Actor | None) -> Trigger:
        # CARLA gives the extents of a friction trigger in centimetres
        x, y, z = (abs(wanted.number(f"extent_{axis}")) / CM_PER_M for axis in "xyz")
        trigger = Trigger(next(self._ids), wanted.blueprint.id, wanted.message, 0, parent, friction=max(0.0, wanted.number("friction")))
        trigger.box = Box((0.0, 0.0, 0.0), (x, y, z))
        return trigger
