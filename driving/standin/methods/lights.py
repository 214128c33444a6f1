"""RPC methods on traffic lights. A state that a client sets lasts until the cycle of the light's group changes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from driving.standin.methods.actors import ActorMethods
from driving.standin.simulation import Simulation
from driving.standin.traffic.lights import UNKNOWN, Light, TrafficLights
from driving.standin.wire.messages import bounding_box, flag, natural, real
from driving.standin.wire.rpc import OK_VOID, RefusedError, respond


class LightMethods:
    """The methods of one simulation."""

    def __init__(self, simulation: Simulation, actors: ActorMethods) -> None:
        self._simulation, self._actors = simulation, actors

    def list_methods(self) -> dict[str, Callable[..., Any]]:
        """Return the methods by their names on the wire."""
        return {
            "set_traffic_light_state": self.set_traffic_light_state,
            "set_traffic_light_green_time": lambda actor_id, time_s: self._set_time(self._lights.green_s, actor_id, time_s),
            "set_traffic_light_yellow_time": lambda actor_id, time_s: self._set_time(self._lights.yellow_s, actor_id, time_s),
            "set_traffic_light_red_time": lambda actor_id, time_s: self._set_time(self._lights.red_s, actor_id, time_s),
            "freeze_traffic_light": lambda actor_id, on: self._freeze(flag(on)) if self._find_light(actor_id) else OK_VOID,
            "freeze_all_traffic_lights": lambda on: self._freeze(flag(on)),
            "reset_traffic_light_group": self.reset_traffic_light_group,
            "reset_all_traffic_lights": self.reset_all_traffic_lights,
            "get_group_traffic_lights": self.get_group_traffic_lights,
            "get_light_boxes": lambda actor_id: respond([bounding_box(self._find_light(actor_id).box, natural(actor_id))]),
        }

    @property
    def _lights(self) -> TrafficLights:
        return self._simulation.episode.lights

    def _find_light(self, actor_id: Any) -> Light:
        found = self._actors.find_actor(actor_id)
        if not isinstance(found, Light):
            raise RefusedError(f"actor {actor_id} is a {found.type_id}: this call is for traffic lights")
        return found

    def set_traffic_light_state(self, actor_id: Any, state: Any) -> Any:
        """Set the state of a light: 0 red, 1 yellow, 2 green, 3 off."""
        light, wanted = self._find_light(actor_id), natural(state)
        if wanted > UNKNOWN:
            raise RefusedError(f"traffic light state {wanted}: give 0 (red), 1 (yellow), 2 (green) or 3 (off)")
        self._lights.states[light.index] = wanted
        return OK_VOID

    def _set_time(self, times: np.ndarray, actor_id: Any, time_s: Any) -> Any:
        light = self._find_light(actor_id)
        times[light.index] = max(0.0, real(time_s))
        return OK_VOID

    def _freeze(self, on: bool) -> Any:
        self._lights.frozen = on
        return OK_VOID

    def reset_traffic_light_group(self, actor_id: Any) -> Any:
        """Restart the cycle of a light's group."""
        self._lights.reset(self._lights.group_of(self._find_light(actor_id)))
        return OK_VOID

    def reset_all_traffic_lights(self) -> Any:
        """Restart the cycles of all groups."""
        self._lights.restart()
        return OK_VOID

    def get_group_traffic_lights(self, actor_id: Any) -> Any:
        """Return the ids of all lights in a light's group, its own id included."""
        group = self._lights.group_of(self._find_light(actor_id))
        return respond([self._lights.actors[index].id for index in group.members])
