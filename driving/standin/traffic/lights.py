"""Traffic lights of a map: they change in turn, and each vehicle knows the light that it is at.

A group's cycle: the lights of the first turn are green, then yellow, then all lights of the group are red. Then the next turn begins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from driving.quantities import Pose
from driving.standin.actors.kinds import Actor
from driving.standin.traffic.signals import LightPlace
from driving.standin.traffic.stop_boxes import StopBoxes, make_trigger_box

RED, YELLOW, GREEN, OFF, UNKNOWN = range(5)  # CARLA's TrafficLightState
GREEN_S, YELLOW_S, RED_S = 10.0, 3.0, 2.0  # CARLA's defaults
SHORTEST_PHASE_S = 0.1
LIGHT_TAG = 7  # CARLA's semantic tag of traffic lights
TYPE_ID = "traffic.traffic_light"
NEXT_STATE = {GREEN: YELLOW, YELLOW: RED, RED: GREEN}


@dataclass(eq=False)
class Light(Actor):
    """One traffic light."""

    place: LightPlace = field(kw_only=True)
    index: int = field(kw_only=True)  # its position in the arrays of `TrafficLights`


@dataclass(eq=False)
class Group:
    """Lights that take turns."""

    members: list[int]  # indices of its lights
    turns: int  # how many turns a cycle has
    turn: int = 0  # the turn that is or was green
    elapsed_s: float = 0.0  # since the current state began
    state: int = GREEN  # of the lights of the current turn


class TrafficLights:
    """All lights of a map in one episode. Each array has one entry per light."""

    states: np.ndarray  # (L,) int64: RED, YELLOW, GREEN or OFF
    green_s: np.ndarray  # (L,) how long each state lasts
    yellow_s: np.ndarray  # (L,)
    red_s: np.ndarray  # (L,)

    def __init__(self, places: Sequence[LightPlace]) -> None:
        self._places = places
        count = len(self._places)
        self.actors: list[Light] = []
        self.states = np.full(count, RED, np.int64)
        self.green_s, self.yellow_s, self.red_s = np.full(count, GREEN_S), np.full(count, YELLOW_S), np.full(count, RED_S)
        self.frozen = False
        self.groups: dict[str, Group] = {}
        for index, place in enumerate(self._places):
            self.groups.setdefault(place.group, Group([], 2)).members.append(index)
        for group in self.groups.values():
            group.turns = max(2, 1 + max(self._places[index].turn for index in group.members))
        self._boxes = StopBoxes([place.stops for place in self._places])
        self._ids = np.zeros(count, np.uint32)
        self._opendrive_ids = np.array([place.id.encode() for place in self._places], "S32")
        self._group_of = np.array([list(self.groups).index(place.group) for place in self._places], np.int64)
        self.restart()

    def make_actors(self, ids: Iterator[int]) -> list[tuple[Light, Pose]]:
        """Make the lights' actors, and return them with their poses."""
        made = []
        for index, place in enumerate(self._places):
            box = make_trigger_box(place.at, place.stops)
            light = Light(next(ids), TYPE_ID, [0, TYPE_ID, []], 0, None, box, bytes([LIGHT_TAG]), place=place, index=index)
            self._ids[index] = light.id
            made.append((light, place.at))
        self.actors = [light for light, _ in made]
        return made

    def group_of(self, light: Light) -> Group:
        """Return the group that a light belongs to."""
        return self.groups[light.place.group]

    # The cycle

    def restart(self) -> None:
        """Begin all cycles again."""
        for group in self.groups.values():
            self.reset(group)

    def reset(self, group: Group) -> None:
        """Begin a group's cycle again."""
        group.turn, group.elapsed_s, group.state = 0, 0.0, GREEN
        self._show(group)

    def advance(self, dt_s: float) -> None:
        """Advance all cycles by `dt_s` seconds, unless the lights are frozen."""
        if self.frozen:
            return
        for group in self.groups.values():
            group.elapsed_s += dt_s
            duration_s = self._find_duration_s(group)
            if group.elapsed_s >= duration_s - 1e-6:
                group.elapsed_s -= duration_s
                if group.state == RED:
                    group.turn = (group.turn + 1) % group.turns
                group.state = NEXT_STATE[group.state]
                self._show(group)

    def _find_duration_s(self, group: Group) -> float:
        """Return how long the group's current state lasts: as long as for the first light of its turn."""
        durations_s = {GREEN: self.green_s, YELLOW: self.yellow_s, RED: self.red_s}[group.state]
        members = [index for index in group.members if self._places[index].turn == group.turn] or group.members
        return max(SHORTEST_PHASE_S, float(durations_s[members[0]]))

    def _show(self, group: Group) -> None:
        """Set the states of a group's lights."""
        for index in group.members:
            self.states[index] = group.state if self._places[index].turn == group.turn else RED

    # What clients see

    def fill_records(self, records: np.ndarray) -> None:
        """Write the lights' states into their records (L,) of packets.LIGHT_RECORD."""
        records["sign_id"] = self._opendrive_ids
        records["green_s"], records["yellow_s"], records["red_s"] = self.green_s, self.yellow_s, self.red_s
        records["elapsed_s"] = np.array([group.elapsed_s for group in self.groups.values()])[self._group_of]
        records["frozen"], records["state"] = self.frozen, self.states

    def find_seen(self, state: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return for each vehicle of `state` (N, STATE_WIDTH) the state of the light that it is at, whether there is one, and its id; each (N,).

        Away from lights the state is GREEN, as on CARLA's server: for any other state the traffic manager stops in the middle of a crossing.
        """
        found = self._boxes.find_owners(state)
        is_at_light, light = found >= 0, np.maximum(found, 0)
        return np.where(is_at_light, self.states[light], GREEN), is_at_light, np.where(is_at_light, self._ids[light], 0)
