"""What a suite is: on which roads, how far, in which weathers, how disturbed and from which seeds a driver is judged. Values only, from YAML.

A suite is routes x weathers x disturbances x seeds. `driving/evaluation/tasks.py` makes the drives from it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from driving.evaluation.disturbances.kinds import check_disturbance
from driving.quantities import CameraSpec, UserError
from driving.world.generated.families import check_family
from driving.world.generated.tracks import TrackConfig
from driving.world.weather import PRESETS


@dataclass(frozen=True)
class RouteConfig:
    """One route that is chosen by name, such as one on which a policy has failed.

    Args:
        map: a generated road by its name, such as track_9001 or motorway_17, or an OpenDRIVE file.
        road: the id of the road in OpenDRIVE.
        lane: the id of the lane in OpenDRIVE, negative to the right of the road's reference line.
        start_m: the distance of the start along the road's reference line (m).
        length_m: how far to drive (m); None for the suite's route_length_m.
        name: the route's name in results; "" for one made of the values above.
    """

    map: str
    road: int
    lane: int
    start_m: float = 0.0
    length_m: float | None = None
    name: str = ""


@dataclass(frozen=True)
class DisturbanceConfig:
    """One kind of disturbance and how severe it is to be. Each route is driven once per severity, beside the undisturbed drive.

    Args:
        kind: the name of the disturbance.
        severities: how severe it is, in the kind's own unit.
    """

    kind: str
    severities: list[float]


@dataclass
class SuiteConfig:
    """A set of drives to make closed loop.

    Args:
        name: the suite's name in reports.
        families: seeds of generated roads by family (track, street, rural, town, motorway, merging, two_plus_one), with one route each.
        track: the shape of the generated roads of the family `track`.
        maps: OpenDRIVE files to drive on as well.
        routes_per_map: the number of routes per map; their starts are spread over it.
        routes: routes that are chosen by name, to drive as well.
        route_length_m: how far to drive on each route (m). A road or lane that ends earlier ends the route.
        weathers: names of CARLA's weather presets. Route i gets weather i, and the list repeats.
        every_weather: whether each route is driven in every weather instead.
        disturbances: what disturbs further drives of each route. The undisturbed drive is always made as well.
        seeds: each route is driven once per seed, which decides what is drawn at random in the drive; an empty list means `seed` alone.
        max_speed_mps: the target speed of the speed control on straight road (m/s).
        departure_m: the distance from the centre line beyond which the car has departed (m); it is put back 2 s further on.
        dt_s: the simulated time between two ticks (s).
        seed: decides the starts of routes and the scenery.
        commands: whether routes turn off in junctions, for policies that take navigation commands.
        camera: the image and its mounting; None for the defaults of `CameraSpec`, which recordings use as well.
    """

    name: str = "quickstart"
    families: dict[str, list[int]] = field(default_factory=lambda: {"track": [9001, 9002, 9003]})
    track: TrackConfig = field(default_factory=TrackConfig)
    maps: list[Path] = field(default_factory=list)
    routes_per_map: int = 2
    routes: list[RouteConfig] = field(default_factory=list)
    route_length_m: float = 1000.0
    weathers: list[str] = field(default_factory=lambda: ["ClearNoon", "CloudySunset", "WetNoon", "HardRainNoon"])
    every_weather: bool = False
    disturbances: list[DisturbanceConfig] = field(default_factory=list)
    seeds: list[int] = field(default_factory=list)
    max_speed_mps: float = 11.0
    departure_m: float = 2.0
    dt_s: float = 0.1
    seed: int = 0
    commands: bool = False
    camera: CameraSpec | None = None

    def __post_init__(self) -> None:
        """Check the values. Raises UserError for those that cannot be driven."""
        unknown = [name for name in self.weathers if name not in PRESETS]
        if unknown or not self.weathers:
            raise UserError(f"weathers {unknown or '[]'} of suite '{self.name}' are not among CARLA's presets: choose from {', '.join(PRESETS)}")
        for name in ("route_length_m", "max_speed_mps", "departure_m", "dt_s", "routes_per_map"):
            if getattr(self, name) <= 0:
                raise UserError(f"{name} of suite '{self.name}' is {getattr(self, name)}: give a value above 0")
        for path in self.maps:
            if not Path(path).is_file():
                raise UserError(f"map {path} of suite '{self.name}' is not a file: give the path of an OpenDRIVE file (.xodr)")
        for family in self.families:
            check_family(family)
        for one in self.disturbances:
            for severity in one.severities:
                check_disturbance(one.kind, severity)
        if not (any(self.families.values()) or self.maps or self.routes):
            raise UserError(f"suite '{self.name}' has no road to drive on: give OpenDRIVE files with --map, or name families, maps or routes in it")


def digest_suite(suite: SuiteConfig) -> str:
    """Return a digest of everything that decides a suite's drives: its values, and what its maps hold. Its name does not count."""
    values = {name: value for name, value in asdict(suite).items() if name != "name" and (name, value) != ("commands", False)}
    files = [*suite.maps, *(Path(route.map) for route in suite.routes if Path(route.map).is_file())]
    contents = [hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in files]
    values["maps"] = [Path(path).stem for path in suite.maps]
    return hashlib.sha256(json.dumps([values, contents], sort_keys=True).encode()).hexdigest()[:16]
