"""RPC methods on actors of all kinds: spawn, destroy, move, push, and switch physics and collisions on and off."""

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


class ActorMethods:
    """The methods of one simulation."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    def list_methods(self) -> dict[str, Callable[..., Any]]:
        """Return the methods by their names on the wire."""
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
        """Return an actor by its id. Raises RefusedError for an id without an actor."""
        found = self._simulation.episode.actors.get(natural(actor_id))
        if found is None:
            raise RefusedError(f"actor {actor_id} not found: it was destroyed, or it belongs to an earlier episode")
        return found

    def find_vehicle(self, actor_id: Any) -> Vehicle:
        """Return a vehicle by its id. Raises RefusedError for an actor of another kind."""
        found = self.find_actor(actor_id)
        if not isinstance(found, Vehicle):
            raise RefusedError(f"actor {actor_id} is a {found.type_id}: this call is for vehicles")
        return found

    # Spawning and destroying

    def spawn_actor(self, description: Any, at: Any) -> Any:
        """Spawn an actor and return its record."""
        return respond(self._simulation.episode.spawn(describe(description), pose(at)).record())

    def spawn_actor_with_parent(self, description: Any, at: Any, parent_id: Any, attachment: Any, _socket: Any = "") -> Any:
        """Spawn an actor that is attached to another actor, and return its record."""
        if natural(parent_id) == 0:
            raise RefusedError("unable to attach actor: parent actor 0 not found")
        made = self._simulation.episode.spawn(describe(description), pose(at), parent_id, natural(attachment))
        return respond(made.record())

    def destroy_actor(self, actor_id: Any) -> Any:
        """Destroy an actor and return whether it was alive."""
        return respond(self._simulation.episode.destroy(natural(actor_id)))

    def get_actors_by_id(self, ids: Any) -> Any:
        """Return the records of the actors that are alive; other ids are left out."""
        actors = self._simulation.episode.actors
        return respond([actors[number].record() for number in items(ids) if isinstance(number, int) and number in actors])

    def get_actor_bounding_box(self, actor_id: Any) -> Any:
        """Return the bounding box in the actor's frame, an empty one for an actor that was destroyed.

        A traffic manager asks from its own thread for the actors of the last snapshot. A refusal there would end the client's process.
        """
        number = natural(actor_id)
        return respond(bounding_box(Box() if self._simulation.episode.has_departed(number) else self.find_actor(number).box, number))

    def set_actor_autopilot(self, actor_id: Any, on: Any) -> Any:
        """Accept the call; the client's traffic manager drives the vehicle by controls."""
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
        """Apply a WalkerControl [direction, speed (m/s), jump]."""
        walker, (direction, speed, jump) = self._find_walker(actor_id), fields(item, 3, and_more=True)
        walker.direction, walker.speed_mps, walker.jump = vector(direction), real(speed), flag(jump)
        return OK_VOID

    def set_walker_state(self, actor_id: Any, at: Any, speed: Any) -> Any:
        """Move a walker to a pose, and let it walk on from there at a speed (m/s) in the direction that it faces."""
        walker, place, speed_mps = self._find_walker(actor_id), pose(at), real(speed)
        walker.direction, walker.speed_mps = (math.cos(place.yaw_rad), math.sin(place.yaw_rad), 0.0), speed_mps
        return self.move(actor_id, lambda _: place)

    # Moving

    def move(self, actor_id: Any, where: Callable[[Pose], Pose]) -> Any:
        """Move an actor to the pose that `where` returns for its current pose. A vehicle keeps its velocity in the world."""
        actor, episode = self.find_actor(actor_id), self._simulation.episode
        episode.sort_actors()
        if not isinstance(actor, Body):
            episode.others.move(actor, where(episode.others.locate(actor)), episode.fleet)
            return OK_VOID
        at = where(locate_body(actor, episode.fleet))
        row = episode.fleet.state[actor.row]
        velocity = dynamics.world_velocity(episode.fleet.state[actor.row : actor.row + 1])[0]
        row[dynamics.X : dynamics.ROLL + 1] = (at.x_m, at.y_m, at.z_m, at.pitch_rad, at.yaw_rad, at.roll_rad)
        row[dynamics.ON_GROUND], row[dynamics.PLACED] = 0.0, 1.0
        dynamics.set_world_velocity(row, (float(velocity[0]), float(velocity[1]), float(velocity[2])))
        episode.others.follow(episode.fleet)
        return OK_VOID

    def set_actor_location(self, actor_id: Any, location: Any) -> Any:
        """Move an actor to a location (m). Its rotation stays as it is."""
        x, y, z = vector(location)
        return self.move(actor_id, lambda at: replace(at, x_m=x, y_m=y, z_m=z))

    def set_actor_target_velocity(self, actor_id: Any, velocity: Any) -> Any:
        """Set the velocity of a vehicle (m/s, world frame) once."""
        actor, wanted = self.find_actor(actor_id), vector(velocity)
        if isinstance(actor, Vehicle):
            dynamics.set_world_velocity(self._simulation.episode.fleet.state[actor.row], wanted)
        return OK_VOID

    def set_actor_target_angular_velocity(self, actor_id: Any, velocity: Any) -> Any:
        """Set the angular velocity of a vehicle (deg/s, world frame) once. Its springs soon end what is not about the vertical axis."""
        actor, wanted = self.find_actor(actor_id), vector(velocity)
        if isinstance(actor, Vehicle):
            x, y, z = (math.radians(part) for part in wanted)
            dynamics.set_angular_velocity(self._simulation.episode.fleet.state[actor.row], (x, y, z))
        return OK_VOID

    def enable_actor_constant_velocity(self, actor_id: Any, velocity: Any) -> Any:
        """Make a vehicle keep a velocity (m/s, in its own frame)."""
        self._simulation.episode.fleet.hold(self.find_vehicle(actor_id).row, vector(velocity))
        return OK_VOID

    def disable_actor_constant_velocity(self, actor_id: Any) -> Any:
        """End the constant velocity of a vehicle."""
        self._simulation.episode.fleet.hold(self.find_vehicle(actor_id).row, None)
        return OK_VOID

    # Pushing

    def _read_push(self, actor_id: Any, push: Any) -> tuple[int, Vector] | None:
        """Return a vehicle's row and the push; None for actors of other kinds, which cannot be pushed."""
        actor, pushed = self.find_actor(actor_id), vector(push)
        return (actor.row, pushed) if isinstance(actor, Vehicle) else None

    def add_actor_impulse(self, actor_id: Any, impulse: Any) -> Any:
        """Change the velocity of a vehicle by an impulse (N s, world frame) at its centre of mass."""
        found = self._read_push(actor_id, impulse)
        if found is not None:
            fleet, (row, pushed) = self._simulation.episode.fleet, found
            change = np.array(pushed) / fleet.parameters[row, vehicle_physics.MASS]
            velocity = dynamics.world_velocity(fleet.state[row : row + 1])[0] + change
            dynamics.set_world_velocity(fleet.state[row], (float(velocity[0]), float(velocity[1]), float(velocity[2])))
        return OK_VOID

    def add_actor_force(self, actor_id: Any, force: Any) -> Any:
        """Push a vehicle with a force (N, world frame) during the next tick."""
        found = self._read_push(actor_id, force)
        if found is not None:
            row, pushed = found
            self._simulation.episode.fleet.external[row, dynamics.E_FX : dynamics.E_FZ + 1] += pushed
        return OK_VOID

    def add_actor_angular_impulse(self, actor_id: Any, impulse: Any) -> Any:
        """Change the yaw rate of a vehicle by an angular impulse (kg m^2/s x degrees, as in CARLA)."""
        found = self._read_push(actor_id, impulse)
        if found is not None:
            fleet, (row, (_, _, pushed_z)) = self._simulation.episode.fleet, found
            fleet.state[row, dynamics.YAW_RATE] += math.radians(pushed_z) / fleet.parameters[row, vehicle_physics.YAW_INERTIA]
        return OK_VOID

    def add_actor_torque(self, actor_id: Any, torque: Any) -> Any:
        """Turn a vehicle with a torque (N m, about the vertical axis) during the next tick."""
        found = self._read_push(actor_id, torque)
        if found is not None:
            row, (_, _, pushed_z) = found
            self._simulation.episode.fleet.external[row, dynamics.E_TORQUE] += pushed_z
        return OK_VOID

    # Switches

    def set_actor_simulate_physics(self, actor_id: Any, on: Any) -> Any:
        """Switch the physics of a vehicle on or off. A destroyed actor is not an error; `get_actor_bounding_box` says why."""
        if self._simulation.episode.has_departed(natural(actor_id)):
            return OK_VOID
        return self._switch(actor_id, dynamics.E_SIMULATE, flag(on))

    def _switch(self, actor_id: Any, column: int, on: bool) -> Any:
        """Set a switch of a vehicle, a column of `Fleet.external`. Without physics a vehicle stands still."""
        actor, fleet = self.find_actor(actor_id), self._simulation.episode.fleet
        if isinstance(actor, Vehicle):
            fleet.external[actor.row, column] = float(on)
            if column == dynamics.E_SIMULATE and not on:
                fleet.state[actor.row, dynamics.VX : dynamics.ROLL_RATE + 1] = 0.0
        return OK_VOID

    def set_actor_collisions(self, actor_id: Any, on: Any) -> Any:
        """Switch the collisions of a body on or off."""
        actor, wanted = self.find_actor(actor_id), flag(on)
        if isinstance(actor, Body):
            self._simulation.episode.fleet.solid[actor.row] = wanted
        return OK_VOID
