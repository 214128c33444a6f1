"""What a suite is: on which roads, how far, in which weathers and from which seed a driver is judged. Values only, from YAML.

The routes that come out of it depend on nothing but the suite, so that two drivers on one suite drive the same metres.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from driving.quantities import CameraSpec, UserError
from driving.world.maps.opendrive import read_map
from driving.world.maps.routes import Route, spread_routes
from driving.world.maps.tracks import TrackConfig, generate_track
from driving.world.weather import PRESETS


@dataclass
class SuiteConfig:
    """A set of routes to drive closed loop.

    Args:
        name: what the suite is called in reports.
        tracks: seeds of generated tracks, one route each.
        track: what the generated tracks are like.
        maps: OpenDRIVE files to drive on as well.
        routes_per_map: how many starts, spread over each map.
        route_length_m: how far to drive on each route (m); a track or lane that ends earlier ends the route.
        weathers: names of CARLA's weather presets; the i-th route gets the i-th, round and round.
        max_speed_mps: the speed that the speed control aims at on straight road (m/s).
        departure_m: beyond this distance from the centre line the car has departed and is put back 2 s further on (m).
        dt_s: the simulated time between two ticks (s).
        seed: decides route starts and whatever else is drawn.
        camera: image and mounting; left out, `CameraSpec`'s own, which recordings use as well.
    """

    name: str = "quickstart"
    tracks: list[int] = field(default_factory=lambda: [9001, 9002, 9003])
    track: TrackConfig = field(default_factory=TrackConfig)
    maps: list[Path] = field(default_factory=list)
    routes_per_map: int = 2
    route_length_m: float = 1000.0
    weathers: list[str] = field(default_factory=lambda: ["ClearNoon", "CloudySunset", "WetNoon", "HardRainNoon"])
    max_speed_mps: float = 11.0
    departure_m: float = 2.0
    dt_s: float = 0.1
    seed: int = 0
    camera: CameraSpec | None = None

    def __post_init__(self) -> None:
        """Raises UserError for values that no drive could follow."""
        unknown = [name for name in self.weathers if name not in PRESETS]
        if unknown or not self.weathers:
            raise UserError(f"weathers {unknown or '[]'} of suite '{self.name}' are none of CARLA's presets: choose from {', '.join(PRESETS)}")
        for name in ("route_length_m", "max_speed_mps", "departure_m", "dt_s"):
            if getattr(self, name) <= 0:
                raise UserError(f"{name} of suite '{self.name}' is {getattr(self, name)}: give a value above 0")
        for path in self.maps:
            if not Path(path).is_file():
                raise UserError(f"map {path} of suite '{self.name}' is no file: give the path of an OpenDRIVE file (.xodr)")
        if not self.tracks and not self.maps:
            raise UserError(f"suite '{self.name}' has neither tracks nor maps: name at least one")


@dataclass(frozen=True)
class Road:
    """One world of a suite: its name and its OpenDRIVE text."""

    name: str
    opendrive: str


def roads_of(suite: SuiteConfig) -> Iterator[Road]:
    """The suite's worlds in order, each made or read when it is reached."""
    for seed in suite.tracks:
        yield Road(f"track_{seed}", generate_track(seed, suite.track))
    for path in suite.maps:
        yield Road(Path(path).stem, Path(path).read_text())


def routes_of(suite: SuiteConfig, road: Road) -> list[Route]:
    """The routes on one of the suite's roads, the same for every driver. Raises UserError where the map has no drivable lane."""
    count = 1 if road.name.startswith("track_") else suite.routes_per_map
    seed = int.from_bytes(hashlib.sha256(f"{suite.seed}/{road.name}".encode()).digest()[:4], "little")
    return spread_routes(read_map(road.name, road.opendrive), count, suite.route_length_m, seed)


def digest_of(suite: SuiteConfig) -> str:
    """A digest of everything that decides how a suite's routes are driven; which other roads it has does not count."""
    values = {name: value for name, value in asdict(suite).items() if name not in ("name", "tracks", "maps")}
    return hashlib.sha256(json.dumps(values, default=str, sort_keys=True).encode()).hexdigest()[:16]
