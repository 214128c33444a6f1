"""Latitude and longitude of positions on a map, computed by the client from the map's georeference."""

from __future__ import annotations

import carla

from driving.quantities import Pose
from driving.world.maps.roads import RoadNetwork


def geolocate(network: RoadNetwork, at: Pose) -> tuple[float, float, float]:
    """Return the latitude and longitude (degrees) and the altitude (m) of a pose. A map without a georeference gets CARLA's default."""
    found = network.map.transform_to_geolocation(carla.Location(at.x_m, at.y_m, at.z_m))
    return found.latitude, found.longitude, found.altitude
