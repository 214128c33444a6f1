"""What a recording consists of: roads, time, cameras, traffic, disturbances. Values only; `record` records it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from driving.drivers.perturbed import DisturbanceConfig
from driving.quantities import CameraSpec, UserError
from driving.rollout.mounting import MountingConfig
from driving.rollout.traffic import TrafficConfig
from driving.world.generated.families import FAMILIES, check_family
from driving.world.generated.tracks import TrackConfig, street_config

SHORTEST_S = 5.0
# How many roads of each family are recorded unless the user says it: those of towns and with junctions, which are hardest, come more often.
MIX = dict.fromkeys(FAMILIES, 3) | {"track": 6, "street": 6, "town": 8, "streets": 8, "motorway": 5, "merging": 5}


@dataclass
class RecordConfig:
    """What to record.

    Args:
        families: the number of generated roads of each family. Streets have sharp corners and pavements. A policy needs many of them to learn
            corners: with a fifth of the roads streets, policies drove 4 km of Town01 and Town02 with 2 to 10 departures; with nearly half of
            them, with none.
        maps: OpenDRIVE files to record on as well, or folders of them; each map takes the same share of the time as a generated road.
        server_maps: names of the server's own maps to record on as well, for example Town03.
        minutes: how long to drive in total (simulated minutes).
        episode_s: the length of an episode (simulated s).
        weather_s: how long one weather lasts (simulated s). A minute of one weather teaches little more than a few seconds of it.
        low_sun_share: share of the weathers whose sun is drawn from 4 to 18 degrees, as at dusk; the others have it anywhere up to 85 degrees. The
            quickstart's policy drove worse with 0.3 (one seed: 0.20 m off centre instead of 0.16), the pretrained one better.
        seed: decides tracks, places, weathers, disturbances, cameras and traffic.
        speed_mps: the range of the target speed on straight road (m/s).
        start_lateral_m: the largest distance from the centre line at an episode's start (m).
        start_heading_rad: the largest heading error at an episode's start (rad).
        departure_m: the distance from the centre line beyond which the car is put back on it (m).
        camera: the image and the nominal mounting.
        mounting: by how much mounting and lens differ from episode to episode.
        disturbance: what is added to the expert's steer.
        traffic: other cars on the road.
        commands: whether routes turn off in junctions, and the navigation command is recorded, for policies that take commands.
        track: the shape of generated tracks.
        street: the shape of generated streets.
    """

    families: dict[str, int] = field(default_factory=lambda: dict(MIX))
    maps: list[Path] | Path = field(default_factory=list)
    server_maps: list[str] = field(default_factory=list)
    minutes: float = 5.0
    episode_s: float = 30.0
    weather_s: float = 4.0
    low_sun_share: float = 0.0
    seed: int = 0
    speed_mps: tuple[float, float] = (8.0, 13.0)
    start_lateral_m: float = 1.0
    start_heading_rad: float = 0.08
    departure_m: float = 4.0
    camera: CameraSpec = field(default_factory=CameraSpec)
    mounting: MountingConfig = field(default_factory=MountingConfig)
    disturbance: DisturbanceConfig = field(default_factory=DisturbanceConfig)
    traffic: TrafficConfig = field(default_factory=TrafficConfig)
    commands: bool = False
    track: TrackConfig = field(default_factory=TrackConfig)
    street: TrackConfig = field(default_factory=street_config)

    def __post_init__(self) -> None:
        """Check the values. Raises UserError for those with which nothing could be recorded."""
        if self.minutes <= 0 or self.episode_s < SHORTEST_S:
            raise UserError(
                f"minutes is {self.minutes} and episode_s {self.episode_s}: give more than 0 minutes, and at least {SHORTEST_S:.0f} s per episode"
            )
        if not 0.0 <= self.low_sun_share <= 1.0:
            raise UserError(f"low_sun_share is {self.low_sun_share}: give a share from 0 to 1")
        for family in self.families:
            check_family(family)
        if min(self.families.values(), default=0) < 0 or not (sum(self.families.values()) or self.server_maps or self.maps):
            raise UserError(
                f"families is {self.families}, and there are neither maps nor server_maps: give at least one road to record on, "
                "for example --families '{track: 3}'"
            )
        if self.seed < 0:
            raise UserError(f"seed is {self.seed}: give 0 or more")

    def map_files(self) -> Iterator[Path]:
        """Yield the files of `maps`, those of a folder in the order of their names. Raises UserError for a folder without any map."""
        for path in self.maps if isinstance(self.maps, list) else [self.maps]:
            found = sorted(Path(path).glob("*.xodr")) if Path(path).is_dir() else [Path(path)]
            if not found:
                raise UserError(f"maps names the folder {path}, which has no .xodr file: give a folder of OpenDRIVE maps, or files")
            yield from found
