"""A map's surfaces as arrays: lane strips and painted markings, for the ground under the wheels and for the camera.

All positions come from `carla.Map` (see `lane_edges`), so that pictures agree with what a client computes from the same map. The OpenDRIVE text
only lists what there is, so that the samples include section boundaries exactly. The client ignores superelevation and lane heights, and so
do the heights here. A strip's `bank_rad` is the superelevation that the text asks for.
Axes and signs: `driving.quantities`. Right and left of a strip are seen along the road's reference direction.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import carla
import numpy as np

from driving.world.geometry.cubics import Cubic, evaluate
from driving.world.geometry.polylines import resample
from driving.world.maps.lane_edges import Section, sample_section
from driving.world.maps.opendrive import Lane, RoadMark, Signal, list_lanes, list_signals, parse_opendrive, read_banks, read_map
from driving.world.maps.road_objects import MapObject, Tunnel, list_map_objects, list_tunnels

NARROWEST_M = 0.01
UNPAINTED = ("none", "curb", "grass", "edge")


@dataclass(frozen=True, slots=True)
class Strip:
    """One lane over one lane section: its two edges with K points each, along the road's reference direction."""

    road_id: int
    lane_id: int  # counts outwards from the reference line, negative to its right
    section_s_m: float  # where the section begins
    kind: str  # the lower-case name of a carla.LaneType: "driving", "shoulder", "sidewalk", "border", "parking", ..., "none"
    junction: str  # the id of the junction that its road crosses, "" outside of junctions
    s_m: np.ndarray  # (K,) stations along the road
    left_xyz_m: np.ndarray  # (K, 3)
    right_xyz_m: np.ndarray  # (K, 3)
    bank_rad: np.ndarray = field(default_factory=lambda: np.zeros(0))  # (K,) positive where the right side is lower; empty without superelevation
    surface: str = ""  # its material, as the map names it

    @property
    def in_junction(self) -> bool:
        """Whether its road crosses a junction."""
        return bool(self.junction)


@dataclass(frozen=True, slots=True)
class Marking:
    """One painted line."""

    xyz_m: np.ndarray  # (K, 3), its middle line
    width_m: float
    kind: str  # the lower-case name of a carla.LaneMarkingType; a double kind ("solidbroken") names the left line first, seen along the points
    colour: str  # lower-case, as in OpenDRIVE
    dash_m: float  # length of a painted piece, for broken kinds
    gap_m: float  # length of the gap after it


@dataclass(frozen=True)
class RoadNetwork:
    """A map that has been read."""

    name: str
    text: str = field(repr=False)  # OpenDRIVE
    map: carla.Map = field(repr=False)  # the client's own reading of the text
    strips: tuple[Strip, ...] = field(repr=False)
    markings: tuple[Marking, ...] = field(repr=False)
    signals: tuple[Signal, ...] = field(repr=False)
    objects: tuple[MapObject, ...] = field(repr=False)
    tunnels: tuple[Tunnel, ...] = field(repr=False)
    bounds_xyxy_m: tuple[float, float, float, float]  # lowest x and y, highest x and y of all strips

    @staticmethod
    def from_opendrive(name: str, text: str) -> RoadNetwork:
        """Read a map from its OpenDRIVE text. Raises UserError when a client cannot drive on it."""
        carla_map = read_map(name, text)
        root = parse_opendrive(name, text)
        banks = read_banks(root)
        sections: dict[tuple[int, float], list[Lane]] = {}
        for lane in list_lanes(root):
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
        listed = tuple(list_signals(root)), tuple(list_map_objects(root)), tuple(list_tunnels(root))
        return RoadNetwork(name, text, carla_map, tuple(strips), tuple(markings), *listed, bounds)


def _strips(lanes: list[Lane], section: Section, bank: np.ndarray) -> list[Strip]:
    """Return the section's lanes as strips, except for lanes narrower than NARROWEST_M everywhere."""
    made = []
    for lane in lanes:
        if lane.lane_id in section.edges:
            left, right = section.edges[lane.lane_id]
            if np.abs(right - left).max() > NARROWEST_M:
                kind = "shoulder" if _is_spacer(lane, section) else section.kinds[lane.lane_id]
                made.append(Strip(lane.road_id, lane.lane_id, lane.start_m, kind, lane.junction, section.s_m, left, right, bank, lane.surface))
    return made


def _is_spacer(lane: Lane, section: Section) -> bool:
    """Return whether a lane without a type only keeps lanes of a junction apart, as in CARLA's towns. Other ways cross it: it is asphalt."""
    further_out = lane.lane_id + (1 if lane.lane_id > 0 else -1)
    return lane.in_junction and section.kinds[lane.lane_id] == "none" and further_out in section.kinds


def _markings(lanes: list[Lane], section: Section) -> list[Marking]:
    """Return the painted lines on the outer edges of a section's lanes."""
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
    """Return the piece of an edge (K, 3) that a mark lies on, up to station `end_m`; nothing if it is shorter than 5 cm."""
    inside = s[(s > mark.s_m) & (s < end_m)]
    at = np.unique(np.concatenate([[max(mark.s_m, s[0])], inside, [min(end_m, s[-1])]]))
    if at[-1] - at[0] < 0.05:
        return []
    line = resample(at, s, xyz)
    return [Marking(line, mark.width_m, mark.kind, mark.colour, mark.dash_m, mark.gap_m)]


def _bank(banks: dict[int, list[Cubic]], road_id: int, s: np.ndarray) -> np.ndarray:
    """Return a road's superelevation (K,) rad at stations (K,), empty where it has none."""
    return evaluate(banks[road_id], s) if road_id in banks else np.zeros(0)
