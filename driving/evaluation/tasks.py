"""The drives that a suite asks for, in the suite's order. They depend on the suite alone, so that two drivers on it drive the same metres.

A task is all that one drive needs besides the driver: plain values, which another process or another machine can take.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from driving.evaluation.suite import RouteConfig, SuiteConfig
from driving.quantities import CameraSpec, UserError
from driving.rollout.disturbance import Disturbance
from driving.world.generated.families import FAMILIES, generate_road
from driving.world.generated.tracks import generate_track
from driving.world.maps.map_text import read_opendrive
from driving.world.maps.opendrive import read_map
from driving.world.maps.routes import LaneStart, spread_starts

UNDISTURBED = Disturbance.kind


@dataclass(frozen=True)
class Road:
    """One world of a suite."""

    name: str
    opendrive: str = field(repr=False)  # OpenDRIVE text


@dataclass(frozen=True)
class RoutePlace:
    """Where on a road's map a route begins, as OpenDRIVE names it, and how far it goes."""

    road: int
    lane: int
    start_m: float
    length_m: float

    @property
    def start(self) -> LaneStart:
        """The place of the start."""
        return LaneStart(self.road, self.lane, self.start_m)


@dataclass(frozen=True)
class DriveRules:
    """What all drives of a suite have in common; `SuiteConfig` explains the values."""

    max_speed_mps: float
    departure_m: float
    dt_s: float
    camera: CameraSpec
    world_seed: int


@dataclass(frozen=True)
class DriveTask:
    """One drive of a suite. `name` is unique in it."""

    name: str
    road: Road
    route: RoutePlace
    weather: str
    disturbance: str  # UNDISTURBED or a kind
    severity: float  # in the kind's unit
    seed: int
    rules: DriveRules

    def describe(self) -> dict[str, Any]:
        """Return the task as the first columns of its row. Without the name they are what two evaluations are paired by."""
        return {
            "name": self.name,
            "map": self.road.name,
            "route": asdict(self.route),
            "weather": self.weather,
            "disturbance": self.disturbance,
            "severity": self.severity,
            "seed": self.seed,
        }

    def disturbance_seed(self) -> int:
        """Return the seed of what the disturbance draws: another one for each route, and the same for all severities."""
        return _hash_seed(f"{self.seed}/{self.road.name}/{self.route}")

    def digest(self) -> str:
        """Return a digest of everything that decides how this task is driven, besides the driver."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]


def make_tasks(suite: SuiteConfig) -> Iterator[DriveTask]:
    """Yield the suite's drives in order. Each road is generated or read only when it is reached.

    Raises UserError where a map cannot be driven, and where two drives have one name.
    """
    seen: set[str] = set()
    for number, (road, place, name) in enumerate(_list_routes(suite)):
        for task in _vary(suite, number, road, place, name):
            if task.name in seen:
                raise UserError(f"two drives of suite '{suite.name}' are named {task.name}: give maps and routes of different names")
            seen.add(task.name)
            yield task


def count_tasks(suite: SuiteConfig) -> int:
    """Return how many drives the suite asks for. They are fewer where a map has fewer routes than `routes_per_map`."""
    routes = sum(len(seeds) for seeds in suite.families.values()) + len(suite.maps) * suite.routes_per_map + len(suite.routes)
    return routes * len(_list_conditions(suite)) * (len(suite.weathers) if suite.every_weather else 1)


def _list_routes(suite: SuiteConfig) -> Iterator[tuple[Road, RoutePlace, str]]:
    """Yield the road, the place and the name of each of the suite's routes in order."""
    for family, seeds in suite.families.items():
        for seed in seeds:
            road = _make_road(suite, f"{family}_{seed}")
            yield from ((road, place, road.name) for place in _spread_places(suite, road, 1))
    for path in suite.maps:
        road = _make_road(suite, str(path))
        for number, place in enumerate(_spread_places(suite, road, suite.routes_per_map)):
            yield road, place, road.name if suite.routes_per_map == 1 else f"{road.name}_{number}"
    for route in suite.routes:
        road = _make_road(suite, route.map)
        place = RoutePlace(route.road, route.lane, route.start_m, route.length_m or suite.route_length_m)
        yield road, place, route.name or _name_route(road, route)


def _make_road(suite: SuiteConfig, name: str) -> Road:
    """Generate or read the road of this name: a family and a seed, or an OpenDRIVE file. Raises UserError where it is neither."""
    family, _, seed = name.rpartition("_")
    if family in FAMILIES and seed.isdecimal():
        return Road(name, generate_track(int(seed), suite.track) if family == "track" else generate_road(family, int(seed)))
    return Road(Path(name).stem, read_opendrive(Path(name)))


def _name_route(road: Road, route: RouteConfig) -> str:
    """Return a name for a route that has none."""
    return f"{road.name}_road{route.road}_lane{route.lane}_{route.start_m:g}m"


def _spread_places(suite: SuiteConfig, road: Road, count: int) -> list[RoutePlace]:
    """Return where routes begin on a road. Raises UserError where its map has no drivable lane."""
    seed = _hash_seed(f"{suite.seed}/{road.name}")
    starts = spread_starts(read_map(road.name, road.opendrive), count, suite.route_length_m, seed)
    return [RoutePlace(*start, suite.route_length_m) for start in starts]


def _list_conditions(suite: SuiteConfig) -> list[tuple[str, float, int]]:
    """Return the disturbance, its severity and the seed of each drive of one route in one weather."""
    disturbances = [(UNDISTURBED, 0.0), *((one.kind, severity) for one in suite.disturbances for severity in one.severities)]
    return [(kind, severity, seed) for seed in suite.seeds or [suite.seed] for kind, severity in disturbances]


def _vary(suite: SuiteConfig, number: int, road: Road, place: RoutePlace, name: str) -> Iterator[DriveTask]:
    """Yield all drives of the route of this number. What distinguishes them from one another stands in their names."""
    rules = DriveRules(suite.max_speed_mps, suite.departure_m, suite.dt_s, suite.camera or CameraSpec(), suite.seed)
    for weather in suite.weathers if suite.every_weather else [suite.weathers[number % len(suite.weathers)]]:
        for kind, severity, seed in _list_conditions(suite):
            parts = [name]
            parts += [weather] if suite.every_weather and len(suite.weathers) > 1 else []
            parts += [f"seed{seed}"] if len(suite.seeds) > 1 else []
            parts += [f"{kind}_{severity:g}"] if kind != UNDISTURBED else []
            yield DriveTask(re.sub(r"[^\w.+-]", "-", "_".join(parts)), road, place, weather, kind, severity, seed, rules)


def _hash_seed(words: str) -> int:
    """Return a seed that these words decide."""
    return int.from_bytes(hashlib.sha256(words.encode()).digest()[:4], "little")
