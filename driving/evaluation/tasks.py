"""The drives that a suite asks for, in the suite's order. They depend on the suite alone, so that two drivers on it drive the same metres.

A task is all that one drive needs besides the driver: plain values, which another process or another machine can take.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from driving.evaluation.disturbances.kinds import make_disturbance
from driving.evaluation.suite import RouteConfig, SuiteConfig
from driving.quantities import CameraSpec, UserError
from driving.rollout.disturbance import Disturbance
from driving.world.generated.families import FAMILIES, generate_road
from driving.world.generated.tracks import generate_track
from driving.world.maps.map_text import read_opendrive
from driving.world.maps.opendrive import read_map
from driving.world.maps.routes import LaneStart, follow_lane_from, spread_starts
from policy.options import nearest

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
    commands: bool


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

    @property
    def disturbance_seed(self) -> int:
        """The seed of what the disturbance draws: another one for each route, and the same for all severities."""
        return _hash_seed(f"{self.seed}/{self.road.name}/{self.route}")

    def make_disturbance(self) -> Disturbance:
        """Return a new disturbance. It serves one drive."""
        return make_disturbance(self.disturbance, self.severity, self.disturbance_seed)

    @property
    def step_s(self) -> float:
        """The mean time between two images that the driver gets (s)."""
        disturbance = self.make_disturbance()
        return disturbance.change_dt_s(self.rules.dt_s) * disturbance.ticks_per_step

    def digest(self) -> str:
        """Return a digest of everything that decides how this task is driven, besides the driver."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]


def make_tasks(suite: SuiteConfig, only: Collection[str] = ()) -> Iterator[DriveTask]:
    """Yield the suite's drives in order, or only those of some names. Each road is generated or read only when it is reached.

    Raises UserError where a map cannot be driven, where two drives have one name, and at the end where a name of `only` was not met.
    """
    seen: set[str] = set()
    for stretch in _list_stretches(suite):
        if only and not any(name.startswith(stretch.name) for name in only):
            continue
        road = _make_road(suite, stretch.map)
        for number, place in enumerate(_find_places(suite, road, stretch)):
            name = stretch.name if stretch.count == 1 else f"{stretch.name}_{number}"
            for task in _vary(suite, stretch.first + number, road, place, name):
                if task.name in seen:
                    raise UserError(f"two drives of suite '{suite.name}' are named {task.name}: give maps and routes of different names")
                seen.add(task.name)
                if not only or task.name in only:
                    yield task
    if missing := sorted(set(only) - seen):
        close = nearest(missing[0], {*seen, *(stretch.name for stretch in _list_stretches(suite))})
        raise UserError(f"suite '{suite.name}' has no drive named {missing[0]}{close}: the summary.json of a whole evaluation lists all names")


def count_tasks(suite: SuiteConfig) -> int:
    """Return how many drives the suite asks for. They are fewer where a map has fewer routes than `routes_per_map`."""
    routes = sum(stretch.count for stretch in _list_stretches(suite))
    return routes * len(_list_conditions(suite)) * (len(suite.weathers) if suite.every_weather else 1)


@dataclass(frozen=True)
class _Stretch:
    """Routes of a suite that lie on one road."""

    name: str  # how the names of their drives begin
    map: str  # the road's name, or its OpenDRIVE file
    first: int  # the number of the first route in the suite
    count: int = 1
    route: RouteConfig | None = None  # where the suite says where it begins


def _list_stretches(suite: SuiteConfig) -> list[_Stretch]:
    """Return the suite's roads in order."""
    stretches: list[_Stretch] = []
    for name in (f"{family}_{seed}" for family, seeds in suite.families.items() for seed in seeds):
        stretches.append(_Stretch(name, name, len(stretches)))
    for path in suite.maps:
        first = stretches[-1].first + stretches[-1].count if stretches else 0
        stretches.append(_Stretch(Path(path).stem, str(path), first, suite.routes_per_map))
    for route in suite.routes:
        name = route.name or f"{Path(route.map).stem}_road{route.road}_lane{route.lane}_{route.start_m:g}m"
        first = stretches[-1].first + stretches[-1].count if stretches else 0
        stretches.append(_Stretch(name, route.map, first, 1, route))
    return stretches


def _make_road(suite: SuiteConfig, name: str) -> Road:
    """Generate or read the road of this name: a family and a seed, or an OpenDRIVE file. Raises UserError where it is neither."""
    family, _, seed = name.rpartition("_")
    if family in FAMILIES and seed.isdecimal():
        return Road(name, generate_track(int(seed), suite.track) if family == "track" else generate_road(family, int(seed)))
    return Road(Path(name).stem, read_opendrive(Path(name)))


def _find_places(suite: SuiteConfig, road: Road, stretch: _Stretch) -> list[RoutePlace]:
    """Return where the routes on a road begin. Raises UserError where its map has no drivable lane, or not the one that is named."""
    carla_map, route = read_map(road.name, road.opendrive), stretch.route
    if route is not None:
        place = RoutePlace(route.road, route.lane, route.start_m, route.length_m or suite.route_length_m)
        follow_lane_from(carla_map, place.start, place.length_m, commands=suite.commands)
        return [place]
    seed = _hash_seed(f"{suite.seed}/{road.name}")
    starts = spread_starts(carla_map, stretch.count, suite.route_length_m, seed, suite.commands)
    return [RoutePlace(*start, suite.route_length_m) for start in starts]


def _list_conditions(suite: SuiteConfig) -> list[tuple[str, float, int]]:
    """Return the disturbance, its severity and the seed of each drive of one route in one weather."""
    disturbances = [(UNDISTURBED, 0.0), *((one.kind, severity) for one in suite.disturbances for severity in one.severities)]
    return [(kind, severity, seed) for seed in suite.seeds or [suite.seed] for kind, severity in disturbances]


def _vary(suite: SuiteConfig, number: int, road: Road, place: RoutePlace, name: str) -> Iterator[DriveTask]:
    """Yield all drives of the route of this number. What distinguishes them from one another stands in their names."""
    rules = DriveRules(suite.max_speed_mps, suite.departure_m, suite.dt_s, suite.camera or CameraSpec(), suite.seed, suite.commands)
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
