"""One episode: a level and all actors on it. Actors are spawned and destroyed here, and moved by one step at a time.

The clock, the settings and the streams belong to `simulation`, measuring to `sensors`, the snapshot's records to `snapshot_records`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from driving.quantities import Pose
from driving.standin.actors.ackermann import control_by_ackermann
from driving.standin.actors.friction_triggers import apply_triggers
from driving.standin.actors.kinds import Actor, Body, Sensor, Trigger, Vehicle, Walker
from driving.standin.actors.others import Others
from driving.standin.actors.spawning import Spawner
from driving.standin.actors.walkers import walk
from driving.standin.blueprints.description import Description
from driving.standin.episode.environment_objects import EnvironmentObjects
from driving.standin.episode.levels import Level
from driving.standin.episode.snapshot_records import Records
from driving.standin.sensors.tick import SensedWorld
from driving.standin.traffic.lights import TrafficLights
from driving.standin.traffic.signs import Signs
from driving.standin.wire.rpc import RefusedError
from driving.standin.wire.streams import Streams
from driving.world.physics import poses
from driving.world.physics.fleet import Fleet

MAX_ACTORS = 5000
SPECTATOR_UP_M = 2.0  # the spectator starts so high above the first spawn point


class Episode:
    """All actors by id. Bodies (vehicles, walkers, props) are also rows of `fleet`, all other actors rows of `others`."""

    def __init__(self, level: Level, ids: Iterator[int], streams: Streams) -> None:
        self.level, self._streams = level, streams
        self.environment = EnvironmentObjects(level)
        self.fleet, self.others = Fleet(), Others()
        self.actors: dict[int, Actor] = {}
        self.bodies: list[Body] = []
        self._vehicles: list[Vehicle] = []
        self._sensors: list[Sensor] = []
        self._walkers: list[Walker] = []
        self._triggers: list[Trigger] = []
        self._not_sticky: list[Vehicle] = []
        self.any_ackermann = False  # whether a vehicle was ever under Ackermann control
        self.untouched = True  # whether no actor has been spawned yet
        self.newest_id = 0
        self._spawner = Spawner(ids, streams, self.fleet, level.statics)
        self.spectator = Actor(next(ids), "spectator", [0, "spectator", []], 0)
        self._add(self.spectator, self._first_view())
        self.lights = TrafficLights(level.map.signals.lights)
        for light, at in self.lights.make_actors(ids):
            self._add(light, at)
        self.signs = Signs(level.map.signals)
        for sign, at in self.signs.make_actors(ids):
            self._add(sign, at)
        self.sensed = SensedWorld(
            network=level.map.network,
            renderer=level.renderer,
            rays=level.rays,
            statics=level.statics,
            lamps=level.lamps,
            lights=self.lights,
            fleet=self.fleet,
            others=self.others,
            bodies=self.bodies,
        )
        self._fixed = {self.spectator.id, *(actor.id for actor in (*self.lights.actors, *self.signs.actors))}
        self._sorted = False
        self.sort_actors()

    def _first_view(self) -> Pose:
        spawn = self.level.spawns[0] if self.level.spawns else Pose()
        return Pose(spawn.x_m, spawn.y_m, spawn.z_m + SPECTATOR_UP_M, 0.0, spawn.yaw_rad)

    # Spawning and destroying

    def spawn(self, wanted: Description, at: Pose, parent_id: int = 0, attachment: int = 0) -> Actor:
        """Spawn an actor. `attachment` is CARLA's AttachmentType: 0 for rigid, otherwise a spring arm.

        Raises RefusedError where there is no such parent, where the actor would touch another one, or where too many actors live.
        """
        if len(self.actors) >= MAX_ACTORS:
            raise RefusedError(f"{MAX_ACTORS} actors live already: destroy some first")
        parent = self.actors.get(parent_id) if parent_id else None
        if parent_id and parent is None:
            raise RefusedError(f"unable to attach actor: parent actor {parent_id} not found")
        actor = self._spawner.make(wanted, at, parent)
        self._add(actor, at, poses.RIGID if attachment == 0 else poses.ARM)
        if self.untouched:
            self.untouched = False
            self.lights.restart()
        self._sorted = False
        return actor

    def _add(self, actor: Actor, at: Pose, kind: int = poses.UNATTACHED) -> None:
        self.actors[actor.id], self.newest_id = actor, actor.id
        if isinstance(actor, Body):
            self.bodies.append(actor)
        else:
            self.others.add(actor, at, kind)

    def destroy(self, actor_id: int) -> bool:
        """Remove an actor; attached actors stay where they are. Returns False for the spectator, lights, signs and unknown ids."""
        actor = self.actors.get(actor_id)
        if actor is None or actor_id in self._fixed:
            return False
        del self.actors[actor_id]
        if isinstance(actor, Body):
            self.fleet.remove(actor.row)
            self.bodies.remove(actor)
            for body in self.bodies[actor.row :]:
                body.row -= 1
        else:
            self.others.remove(actor)
        if isinstance(actor, Sensor):
            self._streams.close(actor.stream_id)
        for other in self.others.actors:
            if other.parent is actor:
                other.parent = None
        self._sorted = False
        return True

    def has_departed(self, actor_id: int) -> bool:
        """Return whether an actor with this id lived earlier, in this episode or a previous one, and does not live now."""
        return 0 < actor_id <= self.newest_id and actor_id not in self.actors

    def clear(self) -> None:
        """End the episode: close the streams of all sensors."""
        for sensor in self.sensors:
            self._streams.close(sensor.stream_id)

    @property
    def vehicles(self) -> list[Vehicle]:
        """All vehicles, in the order of spawning."""
        self.sort_actors()
        return self._vehicles

    @property
    def sensors(self) -> list[Sensor]:
        """All sensors, in the order of spawning."""
        self.sort_actors()
        return self._sensors

    def sort_actors(self) -> None:
        """Sort the actors by kind again if one has come or gone. Done only when the result is needed, so that spawning many is fast."""
        if self._sorted:
            return
        self._sorted = True
        self._vehicles = [body for body in self.bodies if isinstance(body, Vehicle)]
        self._not_sticky = [vehicle for vehicle in self._vehicles if not vehicle.sticky]
        self._walkers = [body for body in self.bodies if isinstance(body, Walker)]
        self._sensors = [actor for actor in self.others.actors if isinstance(actor, Sensor)]
        had_triggers = bool(self._triggers)
        self._triggers = [actor for actor in self.others.actors if isinstance(actor, Trigger)]
        if had_triggers and not self._triggers:
            apply_triggers([], self._vehicles, self.others, self.fleet)
        self.others.link(self.fleet)
        self._records = Records(self.bodies, self.others, self.fleet, self.lights, self.signs)

    # Moving

    def step(self, dt_s: float) -> np.ndarray:
        """Move everything by `dt_s` seconds, and return the contacts of `Fleet.step`."""
        self.sort_actors()
        contacts = np.zeros((0, 4))
        if self.bodies:
            if self.any_ackermann:
                for vehicle in self._vehicles:
                    if vehicle.ackermann is not None:
                        control_by_ackermann(vehicle, self.fleet, dt_s)
            if self._triggers:
                apply_triggers(self._triggers, self._vehicles, self.others, self.fleet)
            if self._walkers:
                walk(self._walkers, self.fleet, self.level.ground, dt_s)
            contacts = self.fleet.step(self.level.ground, self.level.statics, dt_s)
            self.signs.act_on_vehicles(self.fleet, dt_s)
        self.others.follow(self.fleet)
        self.others.remember(dt_s)
        self.lights.advance(dt_s)
        return contacts

    def fill_records(self) -> np.ndarray:
        """Return all actors as packets.RECORD. Controls that are not sticky are reset once they are in the records."""
        self.sort_actors()
        records = self._records.fill()
        for vehicle in self._not_sticky:
            self.fleet.control[vehicle.row] = 0.0
        return records
