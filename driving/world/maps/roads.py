"""A map's surfaces as arrays: lane strips and painted markings, for the ground under the wheels and for the camera.

Where everything lies is asked of `carla.Map` (see `edges`), so that the picture agrees with what a client computes from the
same map; the OpenDRIVE text only lists what there is, so that sampling hits section boundaries exactly. The client ignores
superelevation and lane heights (its lane centres carry no bank), and so do the heights here; a strip's `bank_rad` says what
the text asks for, and the ground's normals follow it.
Axes and signs: `driving.quantities`. Right and left of a strip are seen along the road's reference direction.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import carla
import numpy as np

from driving.world.geometry.cubics import Cubic, evaluate
from driving.world.geometry.polylines import resample
from driving.world.maps.lane_edges import Section, sample_section
from driving.world.maps.opendrive import Lane, RoadMark, Signal, banks_of, lanes_of, parse_opendrive, read_map, signals_of
from driving.world.maps.road_objects import MapObject, objects_of

NARROWEST_M = 0.01
UNPAINTED = ("none", "curb", "grass", "edge")


@dataclass(frozen=True, slots=True)
class Strip:
    """One lane over one lane section: its two edges, K points each, along the road's reference direction.

    `kind` is the lower-case carla.LaneType name ("driving", "shoulder", "sidewalk", "border", "parking", ..., "none");
    `bank_rad` (K,) is positive where the right side should lie lower, and empty on roads without superelevation.
    """

    road_id: int
    lane_id: int
    section_s_m: float
    kind: str
    junction: str
    s_m: np.ndarray
    left_xyz_m: np.ndarray
    right_xyz_m: np.ndarray
    bank_rad: np.ndarray = field(default_factory=lambda: np.zeros(0))

    @property
    def in_junction(self) -> bool:
        """Whether its road crosses a junction; `junction` is that one's id, "" outside of any."""
        return bool(self.junction)


@dataclass(frozen=True, slots=True)
class Marking:
    """One painted line: its middle (K, 3), width (m), kind, colour, and the lengths of dash and gap (m).

    `kind` is the lower-case carla.LaneMarkingType name ("solid", "broken", "solidsolid", "solidbroken", ...); of double kinds
    the first word is the line on the left, seen along the points.
    """

    xyz_m: np.ndarray
    width_m: float
    kind: str
    colour: str
    dash_m: float
    gap_m: float


@dataclass(frozen=True)
class RoadNetwork:
    """A map, read: its name and text, the client's own `carla.Map`, its strips, markings, signals and objects, and its bounds (m)."""

    name: str
    text: str = field(repr=False)
    map: carla.Map = field(repr=False)
    strips: tuple[Strip, ...] = field(repr=False)
    markings: tuple[Marking, ...] = field(repr=False)
    signals: tuple[Signal, ...] = field(repr=False)
    objects: tuple[MapObject, ...] = field(repr=False)
    bounds_xyxy_m: tuple[float, float, float, float]

    @staticmethod
    def from_opendrive(name: str, text: str) -> RoadNetwork:
        """Reads a map from its OpenDRIVE text. Raises UserError for a text that cannot be driven on."""
        carla_map = read_map(name, text)
        root = parse_opendrive(name, text)
        banks = banks_of(root)
        sections: dict[tuple[int, float], list[Lane]] = {}
        for lane in lanes_of(root):
            sections.setdefault((lane.road_id, lane.start_m), []).append(lane)
        strips: list[Strip] = []
        markings: list[Marking] = []
        for lanes in sections.values():
            section = sample_section(carla_map, lanes)
            if section is not None:
                strips.extend(_strips(lanes, section, _bank(banks, lanes[0].road_id, section.s_m)))
                markings.extend(_markings(lanes, section))
        corners = np.concatenate([edge[:, :2] for strip in strips for edge in (strip.left_xyz_m, strip.right_xyz_m)])
        low, high = corners.min(0), corners.max(0)
        bounds = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
        return RoadNetwork(name, text, carla_map, tuple(strips), tuple(markings), tuple(signals_of(root)), tuple(objects_of(root)), bounds)


def _strips(lanes: list[Lane], section: Section, bank: np.ndarray) -> list[Strip]:
    """The section's lanes as strips; those of no width anywhere are left out."""
    made = []
    for lane in lanes:
        if lane.lane_id in section.edges:
            left, right = section.edges[lane.lane_id]
            if np.abs(right - left).max() > NARROWEST_M:
                kind = section.kinds[lane.lane_id]
                made.append(Strip(lane.road_id, lane.lane_id, lane.start_m, kind, lane.junction, section.s_m, left, right, bank))
    return made


def _markings(lanes: list[Lane], section: Section) -> list[Marking]:
    found = []
    for lane in lanes:
        edge = section.outer_edge(lane.lane_id)
        if edge is None:
            continue
        ends = [*(mark.s_m for mark in lane.marks[1:]), lane.end_m]
        for mark, end in zip(lane.marks, ends, strict=False):
            if mark.kind not in UNPAINTED:
                found.extend(_cut(mark, end, section.s_m, edge))
    return found


def _cut(mark: RoadMark, end_m: float, s: np.ndarray, xyz: np.ndarray) -> list[Marking]:
    inside = s[(s > mark.s_m) & (s < end_m)]
    at = np.unique(np.concatenate([[max(mark.s_m, s[0])], inside, [min(end_m, s[-1])]]))
    if at[-1] - at[0] < 0.05:
        return []
    line = resample(at, s, xyz)
    return [Marking(line, mark.width_m, mark.kind, mark.colour, mark.dash_m, mark.gap_m)]


def _bank(banks: dict[int, list[Cubic]], road_id: int, s: np.ndarray) -> np.ndarray:
    """Return a road's superelevation (K,) rad at stations (K,), empty where it has none."""
    return evaluate(banks[road_id], s) if road_id in banks else np.zeros(0)
