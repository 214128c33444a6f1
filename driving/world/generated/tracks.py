"""Country roads and small towns' streets with the same lanes in both directions: hills, paint of every kind, pavements."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from driving.quantities import UserError
from driving.world.generated.alignment import Terrain, draw_apart, draw_hills
from driving.world.generated.opendrive_text import write_road
from driving.world.generated.plan import UNMARKED_SHOULDER_M, Lane, MarkColour, MarkKind, RoadPlan, Section, constant, draw_mark
from driving.world.geometry.cubics import Cubic

KEEP_APART_M = 30.0
SHARPEST_M = 6.0
CENTRES: tuple[MarkKind, ...] = ("broken", "solid", "solid_solid", "broken_solid", "none")
EDGES: tuple[MarkKind, ...] = ("solid", "broken", "none")


@dataclass
class TrackConfig:
    """The parameters of generated tracks. Ranges are (lowest, highest).

    Args:
        length_m: total length.
        radius_m: range of the curves' radii.
        turn_deg: range of the angles by which curves turn.
        clothoid: range of the clothoids' length as a multiple of the radius; each curve begins and ends with one.
        straight_m: range of the straights' lengths.
        lane_width_m: range of lane widths, one per track.
        lanes_each_way: range of the number of lanes in each direction.
        max_grade: steepest slope, as rise over distance.
        hilly_share: share of tracks with hills.
        pavement_share: share of tracks with pavements beyond their edges. A policy that has never seen a pavement takes it for road. Half of
            these tracks have no edge line, like streets in towns.
    """

    length_m: float = 1200.0
    radius_m: tuple[float, float] = (25.0, 250.0)
    turn_deg: tuple[float, float] = (20.0, 110.0)
    clothoid: tuple[float, float] = (0.25, 0.8)
    straight_m: tuple[float, float] = (10.0, 80.0)
    lane_width_m: tuple[float, float] = (3.0, 4.0)
    lanes_each_way: tuple[int, int] = (1, 2)
    max_grade: float = 0.06
    hilly_share: float = 0.7
    pavement_share: float = 0.4

    def __post_init__(self) -> None:
        """Check the ranges. Raises UserError when no road could have them."""
        for name in ("radius_m", "turn_deg", "clothoid", "straight_m", "lane_width_m", "lanes_each_way"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise UserError(f"track.{name} is ({low}, {high}): give a range (lowest, highest) above 0")
        if self.radius_m[0] < SHARPEST_M or self.length_m < 100.0:
            raise UserError(f"track radius {self.radius_m[0]} m or length {self.length_m} m is too small: at least {SHARPEST_M:g} m and 100 m")


def street_config() -> TrackConfig:
    """Return the configuration of level streets in a small town: straights, abrupt corners of about 90 degrees, pavements."""
    return TrackConfig(
        length_m=600.0,
        radius_m=(6.2, 14.0),
        turn_deg=(70.0, 100.0),
        clothoid=(0.03, 0.5),
        straight_m=(12.0, 70.0),
        lane_width_m=(3.3, 4.2),
        lanes_each_way=(1, 1),
        hilly_share=0.0,
        pavement_share=1.0,
    )


def generate_track(seed: int, config: TrackConfig | None = None) -> str:
    """Return the OpenDRIVE text of track `seed`. Raises UserError when each of 200 drawn tracks crosses itself."""
    config = config or TrackConfig()
    terrain = Terrain(config.length_m, config.radius_m, config.turn_deg, config.clothoid, config.straight_m, KEEP_APART_M)
    random, pieces = draw_apart("track", seed, terrain)
    section = _draw_section(random, config)
    if random.random() < config.hilly_share:
        heights = draw_hills(random, sum(piece.length_m for piece in pieces), config.max_grade)
    else:
        heights = (Cubic(0.0, 0.0, 0.0, 0.0, 0.0),)
    return write_road(f"track_{seed}", RoadPlan(pieces, (section,), heights))


def _draw_section(random: np.random.Generator, config: TrackConfig) -> Section:
    """Draw the lanes, shoulders and pavements of a track with their marks."""
    width = float(random.uniform(*config.lane_width_m))
    count = int(random.integers(config.lanes_each_way[0], config.lanes_each_way[1] + 1))
    centre_kind = CENTRES[int(random.choice(5, p=[0.4, 0.2, 0.25, 0.1, 0.05]))]
    if count == 2 and centre_kind in ("broken", "none"):
        centre_kind = "solid_solid"  # without a middle line the left edge of the inner lane could not be seen on a wide road
    centre_colour: MarkColour = "yellow" if random.random() < 0.5 else "white"
    edge_kind = EDGES[int(random.choice(3, p=[0.8, 0.12, 0.08]))]
    if edge_kind == "none" and centre_kind == "none":
        edge_kind = "solid"  # without any paint there is no lane to keep
    shoulder = float(random.uniform(0.3, 1.8))
    [pavement_random] = random.spawn(1)  # a generator of its own, so that a seed's road is the same with and without pavements
    pavement = pavement_random.random() < config.pavement_share
    if pavement and pavement_random.random() < 0.5:
        edge_kind = "none"
        centre_kind = "broken" if centre_kind == "none" else centre_kind
    if edge_kind == "none":
        shoulder = min(shoulder, UNMARKED_SHOULDER_M)
    centre = draw_mark(centre_kind, centre_colour, random)
    divider, edge = draw_mark("broken", "white", random), draw_mark(edge_kind, "white", random)

    def draw_side() -> tuple[Lane, ...]:
        lanes = [Lane("driving", constant(width), edge if index == count - 1 else divider) for index in range(count)]
        lanes.append(Lane("shoulder", constant(shoulder), draw_mark("none", "white", random)))
        if pavement:
            lanes.append(Lane("sidewalk", constant(2.0 + shoulder), draw_mark("none", "white", random)))
        return tuple(lanes)

    return Section(0.0, centre, draw_side(), draw_side())
