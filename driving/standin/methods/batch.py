"""apply_batch: many commands in one call, each answered on its own, with commands to do after a spawn.

Commands are variants [index, body]; the table below is in the wire's order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from driving.quantities import UserError
from driving.standin.blueprints.library import describe
from driving.standin.methods.actors import ActorMethods
from driving.standin.simulation import Simulation
from driving.standin.wire.messages import natural, optional, pose
from driving.standin.wire.rpc import RefusedError, error, value

SPAWN, DESTROY = 0, 1
# Commands that are calls with the same arguments.
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
REFUSALS = (RefusedError, UserError, TypeError, ValueError, ArithmeticError, IndexError, KeyError)


class Batch:
    """The method, bound to a simulation and to the methods that it calls."""

    def __init__(self, simulation: Simulation, actors: ActorMethods, methods: dict[str, Callable[..., Any]]) -> None:
        self._simulation, self._actors, self._methods = simulation, actors, methods

    def apply_batch(self, commands: Any, _tick: Any = False) -> list[Any]:
        """Does the commands in order; answers one Response<id> each."""
        return [self._answer(command, 0) for command in commands]

    def _answer(self, command: Any, spawned_id: int) -> list[Any]:
        try:
            return value(self._do(command, spawned_id))
        except REFUSALS as cause:
            return error(str(cause) or type(cause).__name__)

    def _do(self, command: Any, spawned_id: int) -> int:
        index, body = command[0]
        if index == SPAWN:
            return self._spawn(body)
        actor_id = natural(body[0]) or spawned_id
        if index == DESTROY:
            if not self._simulation.episode.destroy(actor_id):
                raise RefusedError(f"unable to destroy actor: actor {actor_id} not found")
            return actor_id
        name = PLAIN.get(index)
        if name is None:
            raise RefusedError(f"command {index} of apply_batch is not served by this stand-in server")
        self._methods[name](actor_id, *body[1:])
        return actor_id

    def _spawn(self, body: Any) -> int:
        description, at, parent = describe(body[0]), pose(body[1]), optional(body[2])
        attachment = natural(body[3]) if parent is not None else 0
        actor = self._simulation.episode.spawn(description, at, natural(parent) if parent is not None else 0, attachment)
        for command in body[5]:
            answer = self._answer(command, actor.id)
            if answer[0][0] == 0:
                raise RefusedError(answer[0][1][0])
        return actor.id
