"""Stop, yield and speed limit signs as actors, and the speed limit of each vehicle: that of the last sign that it has passed.

`give_way` decides who has to wait at stop and yield signs.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from driving.quantities import Pose
from driving.standin.actors.kinds import Actor
from driving.standin.traffic.map_signals import MapSignals
from driving.standin.traffic.stop_boxes import StopBoxes, make_trigger_box
from driving.world.physics.fleet import Fleet

SIGN_TAG = 8  # CARLA's semantic tag of traffic signs
STATE_BYTES = 54  # of an actor's state in a snapshot's record


class Signs:
    """All signs of a map in one episode. Their records hold their OpenDRIVE ids."""

    def __init__(self, signals: MapSignals) -> None:
        self._places = signals.signs
        self._give_way = signals.give_way
        self.actors: list[Actor] = []
        limits = [place for place in self._places if place.limit_kmh > 0.0]
        self._limits_kmh = np.array([place.limit_kmh for place in limits])
        self._limit_boxes = StopBoxes([place.stops for place in limits])

    def make_actors(self, ids: Iterator[int]) -> list[tuple[Actor, Pose]]:
        """Make the signs' actors, and return them with their poses."""
        made = []
        for place in self._places:
            box = make_trigger_box(place.at, place.stops)
            made.append((Actor(next(ids), place.type_id, [0, place.type_id, []], 0, None, box, bytes([SIGN_TAG])), place.at))
        self.actors = [sign for sign, _ in made]
        return made

    def encode_ids(self) -> list[bytes]:
        """Return the OpenDRIVE ids in the order of `actors`, each as STATE_BYTES bytes for the record."""
        return [place.id.encode().ljust(STATE_BYTES, b"\0") for place in self._places]

    def act_on_vehicles(self, fleet: Fleet, dt_s: float) -> None:
        """Set the speed limits of vehicles that pass such a sign, and hold those that have to give way."""
        if len(self._limits_kmh):
            passed = self._limit_boxes.find_owners(fleet.state)
            fleet.limit_kmh[:] = np.where(passed >= 0, self._limits_kmh[np.maximum(passed, 0)], fleet.limit_kmh)
        self._give_way.hold_vehicles(fleet, dt_s)
