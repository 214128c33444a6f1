"""Stop, yield and speed limit signs where the map has them, and the limit that each vehicle is under: the last one that it passed.

Who has to wait at them is left to `giveway`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from driving.quantities import Pose
from driving.standin.actors.kinds import Actor
from driving.standin.traffic.giveway import GiveWay
from driving.standin.traffic.signals import StopBoxes, signs, trigger_box
from driving.world.maps.roads import RoadNetwork
from driving.world.physics.fleet import Fleet

SIGN_TAG = 8


class Signs:
    """All signs of a map. Their records hold their OpenDRIVE ids."""

    def __init__(self, network: RoadNetwork) -> None:
        self._places = signs(network)
        self.actors: list[Actor] = []
        self._give_way = GiveWay(network, [place for place in self._places if place.limit_kmh == 0.0])
        limits = [place for place in self._places if place.limit_kmh > 0.0]
        self._limits_kmh = np.array([place.limit_kmh for place in limits])
        self._boxes = StopBoxes([(index, stop) for index, place in enumerate(limits) for stop in place.stops])

    def make(self, ids: Iterator[int]) -> list[tuple[Actor, Pose]]:
        """The signs and where they stand."""
        made = []
        for place in self._places:
            box = trigger_box(place.at, place.stops)
            made.append((Actor(next(ids), place.type_id, [0, place.type_id, []], 0, None, box, bytes([SIGN_TAG])), place.at))
        self.actors = [sign for sign, _ in made]
        return made

    def sign_ids(self) -> list[bytes]:
        """The OpenDRIVE ids in the order of `actors`, as 54-byte states."""
        return [place.id.encode().ljust(54, b"\0") for place in self._places]

    def act(self, fleet: Fleet, dt_s: float) -> None:
        """Puts the vehicles that pass a speed limit under it, and holds those that have to give way."""
        if len(self._limits_kmh):
            passed = self._boxes.of(fleet.state)
            fleet.limit_kmh[:] = np.where(passed >= 0, self._limits_kmh[np.maximum(passed, 0)], fleet.limit_kmh)
        self._give_way.show(fleet, dt_s)
