"""RPC methods on actors of every kind: spawning, destroying, moving, pushing, switching."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from driving.quantities import Pose
from driving.standin.actors.kinds import Actor, Body, Vehicle, Walker, locate_body
from driving.standin.blueprint_library import describe
from driving.standin.simulation import Simulation
from driving.standin.wire.messages import Box, Vector, bounding_box, fields, flag, items, natural, pose, real, vector
from driving.standin.wire.rpc import OK_VOID, RefusedError, respond
from driving.world.physics import dynamics, vehicle_physics

LEAP_MPS = 0.5  # an upward push of more than this lifts a car off the road


class ActorMethods:
    """The methods, bound to a simulation."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    def list_methods(self) -> dict[str, Callable[..., Any]]:
        """All of them by name."""
        return {
            "spawn_actor": self.spawn_actor,
            "spawn_actor_with_parent": self.spawn_actor_with_parent,
            "destroy_actor": self.destroy_actor,
            "get_actors_by_id": self.get_actors_by_id,
            "get_actor_bounding_box": self.get_actor_bounding_box,
            "set_actor_transform": lambda actor_id, at: self.move(actor_id, lambda _: pose(at)),
            "set_actor_location": self.set_actor_location,
            "set_actor_target_velocity": self.set_actor_target_velocity,
            "set_actor_target_angular_velocity": self.set_actor_target_angular_velocity,
            "enable_actor_constant_velocity": self.enable_actor_constant_velocity,
            "disable_actor_constant_velocity": self.disable_actor_constant_velocity,
            "add_actor_impulse": self.add_actor_impulse,
            "add_actor_force": self.add_actor_force,
            "add_actor_angular_impulse": self.add_actor_angular_impulse,
            "add_actor_torque": self.add_actor_torque,
            "set_actor_simulate_physics": self.set_actor_simulate_physics,
            "set_actor_enable_gravity": lambda actor_id, on: self._switch(actor_id, dynamics.E_GRAVITY, flag(on)),
            "set_actor_collisions": self.set_actor_collisions,
            "set_actor_autopilot": self.set_actor_autopilot,
            "apply_control_to_walker": self.apply_control_to_walker,
            "set_walker_state": self.set_walker_state,
            "get_actor_name": lambda actor_id: respond(self.find_actor(actor_id).type_id),
        }

    def find_actor(self, actor_id: Any) -> Actor:
        """An actor by id. Raises RefusedError for an id that no actor has."""
        found = self._simulation.episode.actors.get(natural(actor_id))
        if found is None:
            raise RefusedError(f"actor {actor_id} not found: it is destroyed, or of an earlier episode")
        return found

    def find_vehicle(self, actor_id: Any) -> Vehicle:
        """A vehicle by id. Raises RefusedError for what is none."""
        found = self.find_actor(actor_id)
        if not isinstance(found, Vehicle):
            raise RefusedError(f"actor {actor_id} is a {found.type_id}: this call is for vehicles")
        return found

    # Coming and going

    def spawn_actor(self, description: Any, at: Any) -> Any:
        """Spawns; answers the Actor."""
        return respond(self._simulation.episode.spawn(describe(description), pose(at)).record())

    def spawn_actor_with_parent(self, description: Any, at: Any, parent_id: Any, attachment: Any, _socket: Any = "") -> Any:
        """Spawns an actor that hangs on another."""
        if natural(parent_id) == 0:
            raise RefusedError("unable to attach actor: parent actor 0 not found")
        made = self._simulation.episode.spawn(describe(description), pose(at), parent_id, natural(attachment))
        return respond(made.record())

    def destroy_actor(self, actor_id: Any) -> Any:
        """Destroys; answers whether there was such an actor."""
        return respond(self._simulation.episode.destroy(natural(actor_id)))

    def get_actors_by_id(self, ids: Any) -> Any:
        """The Actor records of those ids that live."""
        actors = self._simulation.episode.actors
        return respond([actors[number].record() for number in items(ids) if isinstance(number, int) and number in actors])

    def get_actor_bounding_box(self, actor_id: Any) -> Any:
        """The bounding box in the actor's frame, an empty one for an actor that has gone.

        A traffic manager asks for what it saw in the last snapshot from a thread of its own, where a refusal ends the client's process.
        """
        number = natural(actor_id)
        return respond(bounding_box(Box() if self._simulation.episode.has_departed(number) else self.find_actor(number).box, number))

    def set_actor_autopilot(self, actor_id: Any, on: Any) -> Any:
        """Nothing to do: the client's traffic manager drives by controls."""
        self.find_vehicle(actor_id)
        flag(on)
        return OK_VOID

    # Walkers

    def _find_walker(self, actor_id: Any) -> Walker:
        found = self.find_actor(actor_id)
        if not isinstance(found, Walker):
            raise RefusedError(f"actor {actor_id} is a {found.type_id}: this call is for walkers")
        return found

    def apply_control_to_walker(self, actor_id: Any, item: Any) -> Any:
        """WalkerControl [direction, speed (m/s), jump]."""
        walker, (direction, speed, jump) = self._find_walker(actor_id), fields(item, 3, and_more=True)
        walker.direction, walker.speed_mps, walker.jump = vector(direction), real(speed), flag(jump)
        return OK_VOID

    def set_walker_state(self, actor_id: Any, at: Any, speed: Any) -> Any:
        """Puts a walker somewhere and sets how fast it goes on from there, the way it faces."""
        walker, place, speed_mps = self._find_walker(actor_id), pose(at), real(speed)
        walker.direction, walker.speed_mps = (math.cos(place.yaw_rad), math.sin(place.yaw_rad), 0.0), speed_mps
        return self.move(actor_id, lambda _: place)

    # Moving

    def move(self, actor_id: Any, where: Callable[[Pose], Pose]) -> Any:
        """Puts an actor where `where` says, given where it is; a vehicle keeps its velocity in the world."""
        actor, episode = self.find_actor(actor_id), self._simulation.episode
        episode.sort_actors()
        if not isinstance(actor, Body):
            episode.others.move(actor, where(episode.others.locate(actor)), episode.fleet)
            return OK_VOID
        at = where(locate_body(actor, episode.fleet))
        row = episode.fleet.state[actor.row]
        velocity = dynamics.world_velocity(episode.fleet.state[actor.row : actor.row + 1])[0]
        row[dynamics.X : dynamics.ROLL + 1] = (at.x_m, at.y_m, at.z_m, at.pitch_rad, at.yaw_rad, at.roll_rad)
        dynamics.set_world_velocity(row, (float(velocity[0]), float(velocity[1]), float(velocity[2])))
        episode.others.follow(episode.fleet)
        return OK_VOID

    def set_actor_location(self, actor_id: Any, location: Any) -> Any:
        """Puts an actor elsewhere, turned as it is."""
        x, y, z = vector(location)
        return self.move(actor_id, lambda at: replace(at, x_m=x, y_m=y, z_m=z))

    def set_actor_target_velocity(self, actor_id: Any, velocity: Any) -> Any:
        """Gives a vehicle a velocity (m/s, world frame) once."""
        actor, wanted = self.find_actor(actor_id), vector(velocity)
        if isinstance(actor, Vehicle):
            row = self._simulation.episode.fleet.state[actor.row]
            if wanted[2] > LEAP_MPS:
                row[dynamics.ON_GROUND] = 0.0
            dynamics.set_world_velocity(row, wanted)
        return OK_VOID

    def set_actor_target_angular_velocity(self, actor_id: Any, velocity: Any) -> Any:
        """Gives a vehicle an angular velocity (deg/s) once; this world's cars turn about the vertical only."""
        actor, wanted = self.find_actor(actor_id), vector(velocity)
        if isinstance(actor, Vehicle):
            self._simulation.episode.fleet.state[actor.row, dynamics.YAW_RATE] = math.radians(wanted[2])
        return OK_VOID

    def enable_actor_constant_velocity(self, actor_id: Any, velocity: Any) -> Any:
        """Makes a vehicle keep a velocity (m/s, its own frame)."""
        self._simulation.episode.fleet.hold(self.find_vehicle(actor_id).row, vector(velocity))
        return OK_VOID

    def disable_actor_constant_velocity(self, actor_id: Any) -> Any:
        """Lets it go."""
        self._simulation.episode.fleet.hold(self.find_vehicle(actor_id).row, None)
        return OK_VOID

    # Pushing

    def _read_push(self, actor_id: Any, push: Any) -> tuple[int, Vector] | None:
        actor, pushed = self.find_actor(actor_id), vector(push)
        return (actor.row, pushed) if isinstance(actor, Vehicle) else None

    def add_actor_impulse(self, actor_id: Any, impulse: Any) -> Any:
        """Changes a vehicle's velocity by an impulse (N s, world frame) at its centre of mass."""
        found = self._read_push(actor_id, impulse)
        if found is not None:
            fleet, (row, pushed) = self._simulation.episode.fleet, found
            change = np.array(pushed) / fleet.parameters[row, vehicle_physics.MASS]
            velocity = dynamics.world_velocity(fleet.state[row : row + 1])[0] + change
            if change[2] > LEAP_MPS:
                fleet.state[row, dynamics.ON_GROUND] = 0.0
            dynamics.set_world_velocity(fleet.state[row], (float(velocity[0]), float(velocity[1]), float(velocity[2])))
        return OK_VOID

    def add_actor_force(self, actor_id: Any, force: Any) -> Any:
        """Pushes a vehicle (N, world frame) during the next tick."""
        found = self._read_push(actor_id, force)
        if found is not None:
            self._simulation.episode.fleet.external[found[0], dynamics.E_FX : dynamics.E_FZ + 1] += found[1]
        return OK_VOID

    def add_actor_angular_impulse(self, actor_id: Any, impulse: Any) -> Any:
        """Changes a vehicle's yaw rate by an angular impulse (kg m^2/s x degrees, as CARLA takes it)."""
        found = self._read_push(actor_id, impulse)
        if found is not None:
            fleet = self._simulation.episode.fleet
            fleet.state[found[0], dynamics.YAW_RATE] += math.radians(found[1][2]) / fleet.parameters[found[0], vehicle_physics.YAW_INERTIA]
        return OK_VOID

    def add_actor_torque(self, actor_id: Any, torque: Any) -> Any:
        """Turns a vehicle (N m, about the vertical) during the next tick."""
        found = self._read_push(actor_id, torque)
        if found is not None:
            self._simulation.episode.fleet.external[found[0], dynamics.E_TORQUE] += found[1][2]
        return OK_VOID

    # Switches

    def set_actor_simulate_physics(self, actor_id: Any, on: Any) -> Any:
        """Whether a vehicle moves by itself; nothing for an actor that has gone, see `get_actor_bounding_box`."""
        if self._simulation.episode.has_departed(natural(actor_id)):
            return OK_VOID
        return self._switch(actor_id, dynamics.E_SIMULATE, flag(on))

    def _switch(self, actor_id: Any, column: int, on: bool) -> Any:
        actor, fleet = self.find_actor(actor_id), self._simulation.episode.fleet
        if isinstance(actor, Vehicle):
            fleet.external[actor.row, column] = float(on)
            if column == dynamics.E_SIMULATE and not on:
                fleet.state[actor.row, [dynamics.VX, dynamics.VY, dynamics.VZ, dynamics.YAW_RATE, dynamics.AX, dynamics.AY, dynamics.AZ]] = 0.0
        return OK_VOID

    def set_actor_collisions(self, actor_id: Any, on: Any) -> Any:
        """Whether a body touches others and what stands around."""
        actor, wanted = self.find_actor(actor_id), flag(on)
        if isinstance(actor, Body):
            self._simulation.episode.fleet.solid[actor.row] = wanted
        return OK_VOID
