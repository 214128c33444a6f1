"""Generate roads from a seed: straights and clothoid curves, hills, lanes and paint of every kind, as OpenDRIVE text.

The `scenariogeneration` library writes the text. The same seed and configuration give the same text, byte by byte.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from dataclasses import dataclass

import numpy as np
from scenariogeneration import xodr

from driving.quantities import UserError
from driving.world.geometry.cubics import Cubic

KEEP_APART_M = 30.0
SHARPEST_M = 6.0
# The widest shoulder without a line between it and its lane. Beside a wider one the lane's middle cannot be seen, and policies drive too far
# aside by half of its width.
UNMARKED_SHOULDER_M = 0.15
DATE = "2020-01-01T00:00:00"  # OpenDRIVE requires a date; a fixed one keeps the text reproducible


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


@dataclass(frozen=True)
class _Piece:
    """One geometry of a road. The curvature changes linearly along it."""

    start: float  # curvature at the start, 1/m, left positive as in OpenDRIVE
    end: float  # curvature at the end, 1/m
    length_m: float


def generate_track(seed: int, config: TrackConfig | None = None) -> str:
    """Return the OpenDRIVE text of track `seed`. Raises UserError when each of 200 drawn tracks crosses itself."""
    config = config or TrackConfig()
    for draw in range(200):
        random = np.random.default_rng([seed, draw])
        pieces = _draw_pieces(random, config)
        if not _crosses_itself(pieces):
            return _write(f"track_{seed}", pieces, random, config)
    raise UserError(f"track {seed} crossed itself in 200 draws: lower track.length_m ({config.length_m}) or track.turn_deg {config.turn_deg}")


def _draw_pieces(random: np.random.Generator, config: TrackConfig) -> list[_Piece]:
    """Draw the geometries of one track, in order."""
    pieces = [_Piece(0.0, 0.0, 30.0)]
    total, side = 30.0, float(random.choice([-1.0, 1.0]))
    while total < config.length_m:
        radius = math.exp(random.uniform(*np.log(config.radius_m)))
        turn = math.radians(random.uniform(*config.turn_deg))
        curvature = side / radius
        clothoid = min(random.uniform(*config.clothoid) * radius, turn * radius * 0.8, 60.0)
        arc = max(turn * radius - clothoid, 5.0)
        made = [_Piece(0.0, curvature, clothoid), _Piece(curvature, curvature, arc), _Piece(curvature, 0.0, clothoid)]
        if random.random() < 0.7:
            made.append(_Piece(0.0, 0.0, random.uniform(*config.straight_m)))
        pieces.extend(made)
        total += sum(piece.length_m for piece in made)
        side = -side if random.random() < 0.7 else side
    return pieces


def _crosses_itself(pieces: list[_Piece]) -> bool:
    """Return whether places far apart along the track lie closer together than KEEP_APART_M."""
    step = 4.0
    curvature = np.concatenate([np.linspace(p.start, p.end, max(2, math.ceil(p.length_m / step)), endpoint=False) for p in pieces])
    lengths = np.concatenate([np.full(n := max(2, math.ceil(p.length_m / step)), p.length_m / n) for p in pieces])
    heading = np.cumsum(curvature * lengths)
    x, y, s = np.cumsum(np.cos(heading) * lengths), np.cumsum(np.sin(heading) * lengths), np.cumsum(lengths)
    near = np.hypot(x[:, None] - x[None], y[:, None] - y[None]) < KEEP_APART_M
    return bool((near & (np.abs(s[:, None] - s[None]) > 2.5 * KEEP_APART_M)).any())


def _write(name: str, pieces: list[_Piece], random: np.random.Generator, config: TrackConfig) -> str:
    """Draw the lanes and hills of a track and return it as OpenDRIVE text."""
    view = xodr.PlanView(0.0, 0.0, 0.0)
    for piece in pieces:
        if piece.start == piece.end == 0.0:
            view.add_geometry(xodr.Line(piece.length_m))
        elif piece.start == piece.end:
            view.add_geometry(xodr.Arc(piece.start, length=piece.length_m))
        else:
            view.add_geometry(xodr.Spiral(piece.start, piece.end, length=piece.length_m))
    road = xodr.Road(0, view, _lanes(random, config), name=name)
    if random.random() < config.hilly_share:
        for hill in _hills(random, sum(piece.length_m for piece in pieces), config.max_grade):
            road.add_elevation(*hill)
    else:
        road.add_elevation(0.0, 0.0, 0.0, 0.0, 0.0)
    file = xodr.OpenDrive(name)
    file.add_road(road)
    file.adjust_roads_and_lanes()
    root = file.get_element()
    header = root.find("header")
    if header is not None:
        header.set("date", DATE)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _mark(kind: xodr.RoadMarkType, colour: xodr.RoadMarkColor, random: np.random.Generator) -> xodr.RoadMark:
    """Draw the width and the dashes of a road mark."""
    width = float(random.uniform(0.12, 0.18))
    if kind == xodr.RoadMarkType.broken:
        return xodr.RoadMark(kind, width, length=float(random.choice([2.0, 3.0, 4.0])), space=float(random.choice([3.0, 4.5, 6.0])), color=colour)
    return xodr.RoadMark(kind, width, color=colour)


def _lanes(random: np.random.Generator, config: TrackConfig) -> xodr.Lanes:
    """Draw the lanes, shoulders and pavements of a track with their marks."""
    kinds, colours = xodr.RoadMarkType, xodr.RoadMarkColor
    width = float(random.uniform(*config.lane_width_m))
    count = int(random.integers(config.lanes_each_way[0], config.lanes_each_way[1] + 1))
    centre_kind = [kinds.broken, kinds.solid, kinds.solid_solid, kinds.broken_solid, kinds.none][int(random.choice(5, p=[0.4, 0.2, 0.25, 0.1, 0.05]))]
    if count == 2 and centre_kind in (kinds.broken, kinds.none):
        centre_kind = kinds.solid_solid  # without a middle line the left edge of the inner lane could not be seen on a wide road
    centre_colour = colours.yellow if random.random() < 0.5 else colours.white
    edge_kind = [kinds.solid, kinds.broken, kinds.none][int(random.choice(3, p=[0.8, 0.12, 0.08]))]
    if edge_kind == kinds.none and centre_kind == kinds.none:
        edge_kind = kinds.solid  # without any paint there is no lane to keep
    shoulder = float(random.uniform(0.3, 1.8))
    [pavement_random] = random.spawn(1)  # a generator of its own, so that a seed's road is the same with and without pavements
    pavement = pavement_random.random() < config.pavement_share
    if pavement and pavement_random.random() < 0.5:
        edge_kind = kinds.none
        centre_kind = kinds.broken if centre_kind == kinds.none else centre_kind
    if edge_kind == kinds.none:
        shoulder = min(shoulder, UNMARKED_SHOULDER_M)

    section_centre = xodr.Lane(lane_type=xodr.LaneType.none)
    section_centre.add_roadmark(_mark(centre_kind, centre_colour, random))
    section = xodr.LaneSection(0.0, section_centre)
    divider, edge = _mark(kinds.broken, colours.white, random), _mark(edge_kind, colours.white, random)
    for add in (section.add_left_lane, section.add_right_lane):
        for index in range(count):
            lane = xodr.Lane(lane_type=xodr.LaneType.driving, a=width)
            lane.add_roadmark(edge if index == count - 1 else divider)
            add(lane)
        border = xodr.Lane(lane_type=xodr.LaneType.shoulder, a=shoulder)
        border.add_roadmark(_mark(kinds.none, colours.white, random))
        add(border)
        if pavement:
            walk = xodr.Lane(lane_type=xodr.LaneType.sidewalk, a=2.0 + shoulder)
            walk.add_roadmark(_mark(kinds.none, colours.white, random))
            add(walk)
    lanes = xodr.Lanes()
    lanes.add_lanesection(section)
    return lanes


def _hills(random: np.random.Generator, length_m: float, max_grade: float) -> list[Cubic]:
    """Draw the height along the road as cubics between knots of drawn grade, so that height and grade are continuous."""
    steepest = max_grade * random.uniform(0.3, 1.0)
    knots = [0.0]
    while knots[-1] < length_m:
        knots.append(knots[-1] + float(random.uniform(90.0, 180.0)))
    grades = [0.0, *(float(random.uniform(-steepest, steepest)) for _ in knots[1:])]
    pieces, height = [], 0.0
    for s, following, g0, g1 in zip(knots[:-1], knots[1:], grades[:-1], grades[1:], strict=True):
        span = following - s
        pieces.append(Cubic(s, height, g0, (g1 - g0) / (2.0 * span), 0.0))
        height += span * (g0 + g1) / 2.0
    return pieces
