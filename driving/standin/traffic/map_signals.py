"""All lights and signs of a map together: read once per map, then used by every episode on it."""

from __future__ import annotations

from dataclasses import dataclass

from driving.standin.traffic.give_way import GiveWay
from driving.standin.traffic.signals import LightPlace, SignPlace, find_lights, find_signs
from driving.world.maps.roads import RoadNetwork


@dataclass(frozen=True)
class MapSignals:
    """The lights and signs of a map, and who has right of way at its stop and yield signs."""

    lights: list[LightPlace]
    signs: list[SignPlace]
    give_way: GiveWay

    @staticmethod
    def from_network(network: RoadNetwork) -> MapSignals:
        """Find them. Raises what the map reader raises, see `signals`."""
        signs = find_signs(network)
        return MapSignals(find_lights(network), signs, GiveWay(network, [sign for sign in signs if sign.limit_kmh == 0.0]))
