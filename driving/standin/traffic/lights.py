"""Traffic lights where the map has dynamic signals: they change in turn, and cars know the one they are at.

A group's cycle: its first turn's lights are green, then yellow, then all are red; then the next turn's. Times are seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from driving.quantities import Pose
from driving.standin.actors.kinds import Actor
from driving.standin.traffic.signals import SignalPlace, StopBoxes, dynamic_signals, trigger_box
from driving.world.maps.roads import RoadNetwork

RED, YELLOW, GREEN, OFF, UNKNOWN = range(5)
GREEN_S, YELLOW_S, RED_S = 10.0, 3.0, 2.0


@dataclass(eq=False)
class Light(Actor):
    """One traffic light."""

    place: SignalPlace = field(kw_only=True)
    index: int = field(kw_only=True)


@dataclass(eq=False)
class Group:
    """Lights that share a junction: how many turns there are, whose it is, and how long it has been (s)."""

    members: list[int]
    turns: int
    turn: int = 0
    elapsed_s: float = 0.0
    state: int = GREEN


class TrafficLights:
    """All lights of a map; none where it has no dynamic signals. Arrays have one entry a light."""

    def __init__(self, network: RoadNetwork) -> None:
        self._places = dynamic_signals(network)
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
        self._boxes = StopBoxes([(index, stop) for index, place in enumerate(self._places) for stop in place.stops])
        self._ids = np.zeros(count, np.uint32)
        self._sign_ids = np.array([place.id.encode() for place in self._places], "S32")
        self._group_of = np.array([list(self.groups).index(place.group) for place in self._places], np.int64)
        self.restart()

    def make(self, ids: Iterator[int]) -> list[tuple[Light, Pose]]:
        """The lights and where they stand."""
        made = []
        for index, place in enumerate(self._places):
            box = trigger_box(place.at, place.stops)
            light = Light(next(ids), "traffic.traffic_light", [0, "traffic.traffic_light", []], 0, None, box, bytes([7]), place=place, index=index)
            self._ids[index] = light.id
            made.append((light, place.at))
        self.actors = [light for light, _ in made]
        return made

    def group_of(self, light: Light) -> Group:
        """The group that a light takes turns in."""
        return self.groups[light.place.group]

    # The cycle

    def restart(self) -> None:
        """Begins all cycles again."""
        for group in self.groups.values():
            self.reset(group)

    def reset(self, group: Group) -> None:
        """Begins a group's cycle again."""
        group.turn, group.elapsed_s, group.state = 0, 0.0, GREEN
        self._show(group)

    def advance(self, dt_s: float) -> None:
        """Moves the cycles on."""
        if self.frozen:
            return
        for group in self.groups.values():
            group.elapsed_s += dt_s
            lasts_s = self._lasts_s(group)
            if group.elapsed_s >= lasts_s - 1e-6:
                group.elapsed_s -= lasts_s
                if group.state == RED:
                    group.turn = (group.turn + 1) % group.turns
                group.state = {GREEN: YELLOW, YELLOW: RED, RED: GREEN}[group.state]
                self._show(group)

    def _lasts_s(self, group: Group) -> float:
        times = {GREEN: self.green_s, YELLOW: self.yellow_s, RED: self.red_s}[group.state]
        whose = [index for index in group.members if self._places[index].turn == group.turn] or group.members
        return max(0.1, float(times[whose[0]]))

    def _show(self, group: Group) -> None:
        for index in group.members:
            self.states[index] = group.state if self._places[index].turn == group.turn else RED

    # What clients see

    def fill(self, records: np.ndarray) -> None:
        """Writes the lights' states into their records."""
        records["sign_id"] = self._sign_ids
        records["green_s"], records["yellow_s"], records["red_s"] = self.green_s, self.yellow_s, self.red_s
        records["elapsed_s"] = np.array([group.elapsed_s for group in self.groups.values()])[self._group_of]
        records["frozen"], records["state"] = self.frozen, self.states

    def seen_by(self, state: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For each vehicle: state of the light it is at, whether there is one, its id.

        Away from lights it is GREEN, as on CARLA's server: the traffic manager stops in the middle of a crossing for anything else.
        """
        found = self._boxes.of(state)
        at, light = found >= 0, np.maximum(found, 0)
        return np.where(at, self.states[light], GREEN), at, np.where(at, self._ids[light], 0)
