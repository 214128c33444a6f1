"""apply_batch: many commands in one call. Each command has its own response, and a spawn can carry commands for the new actor.

A command is a variant [index, body]. The table below has the indices of the wire.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from driving.quantities import LiquidLaneError
from driving.standin.blueprint_library import describe
from driving.standin.simulation import Simulation
from driving.standin.wire.messages import fields, items, natural, optional, pose
from driving.standin.wire.rpc import RefusedError, call, respond, respond_error

SPAWN, DESTROY = 0, 1
# Commands that are calls of these methods, with the same arguments.
PLAIN = {
    2: "apply_control_to_vehicle",
    3: "apply_ackermann_control_to_vehicle",
    4: "apply_control_to_walker",
    5: "apply_physics_control",
    6: "set_actor_transform",
    7: "set_walker_state",
    8: "set_actor_target_velocity",
    9: "set_actor_target_angular_velocity",
    10: "add_actor_impulse",
    11: "add_actor_force",
    12: "add_actor_angular_impulse",
    13: "add_actor_torque",
    14: "set_actor_simulate_physics",
    15: "set_actor_enable_gravity",
    16: "set_actor_autopilot",
    17: "show_vehicle_debug_telemetry",
    18: "set_vehicle_light_state",
    19: "set_actor_location",
    21: "set_traffic_light_state",
}


class Batch:
    """The method of one simulation, and the methods that its commands call."""

    def __init__(self, simulation: Simulation, methods: dict[str, Callable[..., Any]]) -> None:
        self._simulation, self._methods = simulation, methods

    def apply_batch(self, commands: Any, _tick: Any = False) -> list[Any]:
        """Do the commands in order and return one Response<id> per command. The tick flag is not used: clients send the tick as a separate call."""
        return [self._answer(command) for command in items(commands)]

    def _answer(self, command: Any) -> list[Any]:
        try:
            return respond(self._do(command))
        except LiquidLaneError as cause:
            return respond_error(str(cause))

    def _do(self, command: Any, spawned_id: int = 0) -> int:
        """Do one command and return the id of its actor. The id 0 in a command that follows a spawn means `spawned_id`."""
        (variant,) = fields(command, 1, and_more=True)
        number, body = fields(variant, 2)
        index = natural(number)
        if index == SPAWN:
            return self._spawn(body)
        (target,) = fields(body, 1, and_more=True)
        actor_id = natural(target) or spawned_id
        if index == DESTROY:
            if not self._simulation.episode.destroy(actor_id):
                raise RefusedError(f"unable to destroy actor: actor {actor_id} not found")
            return actor_id
        name = PLAIN.get(index)
        if name is None:
            raise RefusedError(f"command {index} of apply_batch is not served by this stand-in server")
        call(self._methods[name], [actor_id, *body[1:]])
        return actor_id

    def _spawn(self, body: Any) -> int:
        """Spawn an actor, do the commands that follow, and return the id. A follower that fails is the spawn's own failure; the actor stays."""
        description, at, parent, attachment, _, commands = fields(body, 6, and_more=True)
        parent_id = optional(parent)
        # Without a parent the attachment is uninitialised memory of the client.
        attached = () if parent_id is None else (natural(parent_id), natural(attachment))
        actor = self._simulation.episode.spawn(describe(description), pose(at), *attached)
        for command in items(commands):
            self._do(command, actor.id)
        return actor.id
