"""The worlds and routes of a suite. They depend on nothing but the suite, so that two drivers on one suite drive the same metres."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from driving.evaluation.suite import SuiteConfig
from driving.world.generated.families import generate_road
from driving.world.generated.tracks import generate_track
from driving.world.maps.map_text import read_opendrive
from driving.world.maps.opendrive import read_map
from driving.world.maps.route import Route
from driving.world.maps.routes import spread_routes


@dataclass(frozen=True)
class Road:
    """One world of a suite."""

    name: str
    opendrive: str  # OpenDRIVE text
    routes: int = 1  # how many routes to drive on it


def make_roads(suite: SuiteConfig) -> Iterator[Road]:
    """Yield the suite's worlds in order. Each is generated or read only when it is reached."""
    for seed in suite.tracks:
        yield Road(f"track_{seed}", generate_track(seed, suite.track))
    for family, seeds in suite.families.items():
        for seed in seeds:
            yield Road(f"{family}_{seed}", generate_road(family, seed))
    for path in suite.maps:
        yield Road(Path(path).stem, read_opendrive(Path(path)), suite.routes_per_map)


def find_routes(suite: SuiteConfig, road: Road) -> list[Route]:
    """Return the routes on one of the suite's roads. Raises UserError where the map has no drivable lane."""
    seed = int.from_bytes(hashlib.sha256(f"{suite.seed}/{road.name}".encode()).digest()[:4], "little")
    return spread_routes(read_map(road.name, road.opendrive), road.routes, suite.route_length_m, seed)
