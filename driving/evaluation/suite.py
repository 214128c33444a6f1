"""What a suite is: on which roads, how far, in which weathers and from which seed a driver is judged. Values only, from YAML.

`driving/evaluation/roads.py` makes the worlds and routes from it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from driving.quantities import CameraSpec, UserError
from driving.world.generated.families import check_family
from driving.world.generated.tracks import TrackConfig
from driving.world.weather import PRESETS


@dataclass
class SuiteConfig:
    """A set of routes to drive closed loop.

    Args:
        name: the suite's name in reports.
        tracks: seeds of generated tracks, with one route each.
        track: the shape of the generated tracks.
        families: seeds of generated roads by family (rural, town, motorway, merging, two_plus_one), with one route each.
        maps: OpenDRIVE files to drive on as well.
        routes_per_map: the number of routes per map; their starts are spread over it.
        route_length_m: how far to drive on each route (m). A track or lane that ends earlier ends the route.
        weathers: names of CARLA's weather presets. Route i gets weather i, and the list repeats.
        max_speed_mps: the target speed of the speed control on straight road (m/s).
        departure_m: the distance from the centre line beyond which the car has departed (m); it is put back 2 s further on.
        dt_s: the simulated time between two ticks (s).
        seed: decides the starts of routes and everything else that is drawn at random.
        camera: the image and its mounting; None for the defaults of `CameraSpec`, which recordings use as well.
    """

    name: str = "quickstart"
    tracks: list[int] = field(default_factory=lambda: [9001, 9002, 9003])
    track: TrackConfig = field(default_factory=TrackConfig)
    families: dict[str, list[int]] = field(default_factory=dict)
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
        """Check the values. Raises UserError for those that cannot be driven."""
        unknown = [name for name in self.weathers if name not in PRESETS]
        if unknown or not self.weathers:
            raise UserError(f"weathers {unknown or '[]'} of suite '{self.name}' are not among CARLA's presets: choose from {', '.join(PRESETS)}")
        for name in ("route_length_m", "max_speed_mps", "departure_m", "dt_s"):
            if getattr(self, name) <= 0:
                raise UserError(f"{name} of suite '{self.name}' is {getattr(self, name)}: give a value above 0")
        for path in self.maps:
            if not Path(path).is_file():
                raise UserError(f"map {path} of suite '{self.name}' is not a file: give the path of an OpenDRIVE file (.xodr)")
        for family in self.families:
            check_family(family)
        if not (self.tracks or self.maps or any(self.families.values())):
            raise UserError(f"suite '{self.name}' has neither tracks nor families nor maps: name at least one")


def digest(suite: SuiteConfig) -> str:
    """Return a digest of everything that decides how one of the suite's routes is driven. Which other roads the suite has does not count."""
    values = {name: value for name, value in asdict(suite).items() if name not in ("name", "tracks", "families", "maps")}
    return hashlib.sha256(json.dumps(values, default=str, sort_keys=True).encode()).hexdigest()[:16]
