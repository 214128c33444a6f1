"""One episode: a loaded map with all that lives on it. Spawning, destroying, and moving on by a step.

Time, settings and streams are left to `simulation`; what sensors measure to `sensors`; what a snapshot shows to `records`.
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
from driving.standin.blueprints.library import Description
from driving.standin.episode.environment_objects import EnvironmentObjects
from driving.standin.episode.levels import Level
from driving.standin.episode.snapshot_records import Records
from driving.standin.traffic.lights import TrafficLights
from driving.standin.traffic.signs import Signs
from driving.standin.wire.rpc import RefusedError
from driving.standin.wire.streams import Streams
from driving.world.physics import poses
from driving.world.physics.fleet import Fleet

MAX_ACTORS = 5000


class Episode:
    """The actors of one episode, by id; bodies (vehicles, walkers, props) also as rows of `fleet`, all others of `others`."""

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
        self._fleeting: list[Vehicle] = []
        self.any_ackermann = False
        self.untouched = True
        self.newest_id = 0
        self._spawner = Spawner(ids, streams, self.fleet, level.statics)
        self.spectator = Actor(next(ids), "spectator", [0, "spectator", []], 0)
        self._enter(self.spectator, self._first_view())
        self.lights = TrafficLights(level.network)
        for light, at in self.lights.make(ids):
            self._enter(light, at)
        self.signs = Signs(level.network)
        for sign, place in self.signs.make(ids):
            self._enter(sign, place)
        self._fixed = {self.spectator.id, *(actor.id for actor in (*self.lights.actors, *self.signs.actors))}
        self._sorted = False
        self.sort_actors()

    def _first_view(self) -> Pose:
        spawn = self.level.spawns[0] if self.level.spawns else Pose()
        return Pose(spawn.x_m, spawn.y_m, spawn.z_m + 2.0, 0.0, spawn.yaw_rad)

    # Coming and going

    def spawn(self, wanted: Description, at: Pose, parent_id: int = 0, attachment: int = 0) -> Actor:
        """Makes an actor. Raises RefusedError where it cannot be: no such parent, a collision, too many actors."""
        if len(self.actors) >= MAX_ACTORS:
            raise RefusedError(f"{MAX_ACTORS} actors live already: destroy some first")
        parent = self.actors.get(parent_id) if parent_id else None
        if parent_id and parent is None:
            raise RefusedError(f"unable to attach actor: parent actor {parent_id} not found")
        actor = self._spawner.make(wanted, at, parent)
        self._enter(actor, at, poses.RIGID if attachment == 0 else poses.ARM)
        if self.untouched:
            self.untouched = False
            self.lights.restart()
        self._sorted = False
        return actor

    def _enter(self, actor: Actor, at: Pose, kind: int = poses.UNATTACHED) -> None:
        self.actors[actor.id], self.newest_id = actor, actor.id
        if isinstance(actor, Body):
            self.bodies.append(actor)
        else:
            self.others.add(actor, at, kind)

    def destroy(self, actor_id: int) -> bool:
        """Removes an actor; what hung on it stays. False for the spectator, lights, signs and ids that no actor has."""
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
        """Whether there was an actor of that id, in this episode or before."""
        return 0 < actor_id <= self.newest_id and actor_id not in self.actors

    def clear(self) -> None:
        """Ends the episode: all sensors' streams close."""
        for sensor in self.sensors:
            self._streams.close(sensor.stream_id)

    @property
    def vehicles(self) -> list[Vehicle]:
        """Those bodies that are vehicles."""
        self.sort_actors()
        return self._vehicles

    @property
    def sensors(self) -> list[Sensor]:
        """All sensors, in the order of spawning."""
        self.sort_actors()
        return self._sensors

    def sort_actors(self) -> None:
        """Sorts everybody anew if an actor has come or gone; done when it is needed, so that spawning many is quick."""
        if self._sorted:
            return
        self._sorted = True
        self._vehicles = [body for body in self.bodies if isinstance(body, Vehicle)]
        self._fleeting = [vehicle for vehicle in self._vehicles if not vehicle.sticky]
        self._walkers = [body for body in self.bodies if isinstance(body, Walker)]
        self._sensors = [actor for actor in self.others.actors if isinstance(actor, Sensor)]
        had_triggers = bool(self._triggers)
        self._triggers = [actor for actor in self.others.actors if isinstance(actor, Trigger)]
        if had_triggers and not self._triggers:
            apply_triggers([], self._vehicles, self.others, self.fleet)
        self.others.link(self.fleet)
        self._records = Records(self.bodies, self.others, self.fleet, self.lights, self.signs)

    # Moving on

    def step(self, dt_s: float) -> np.ndarray:
        """Moves everything by `dt_s`; answers the contacts of `Fleet.step`."""
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
            self.signs.act(self.fleet, dt_s)
        self.others.follow(self.fleet)
        self.lights.advance(dt_s)
        return contacts

    def records(self) -> np.ndarray:
        """All actors as packets.RECORD; controls that do not stick are let go once they have been shown."""
        self.sort_actors()
        records = self._records.fill()
        for vehicle in self._fleeting:
            self.fleet.control[vehicle.row] = 0.0
        return records
