"""Latitude and longitude of places on a map, by the client's own reading of the map's georeference."""

from __future__ import annotations

import carla

from driving.quantities import Pose
from driving.world.maps.roads import RoadNetwork


def geolocation(network: RoadNetwork, at: Pose) -> tuple[float, float, float]:
    """Latitude and longitude (degrees) and altitude (m) of a place; where a map has no georeference, CARLA's default holds."""
    found = network.map.transform_to_geolocation(carla.Location(at.x_m, at.y_m, at.z_m))
    return found.latitude, found.longitude, found.altitude
