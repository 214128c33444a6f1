"""Read the objects that an OpenDRIVE text lists on and beside its roads: name, position and outline; and its tunnels."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from driving.world.geometry.cubics import Cubic, evaluate
from driving.world.maps.opendrive import read_cubics, read_number

MOST_CORNERS = 1000


@dataclass(frozen=True, slots=True)
class MapObject:
    """One object of a road. Lateral distances count from the line between the lanes (lane id 0), which `laneOffset` shifts."""

    road_id: int
    type: str  # lower-case
    name: str
    s_m: float  # station along the road
    t_m: float  # distance to the left
    heading_rad: float  # relative to the road, left positive as in OpenDRIVE
    length_m: float  # 0 where the text gives none
    width_m: float
    height_m: float
    outline: tuple[tuple[float, float], ...]  # corners: (s, t) if `along_road`, else (u, v) in the object's frame, forward and left (m)
    along_road: bool


def list_map_objects(root: ET.Element) -> Iterator[MapObject]:
    """Yield every object of every road, once per outline. Raises ValueError when a number is malformed."""
    for road in root.findall("road"):
        found = road.findall("objects/object")
        offsets = read_cubics(road.findall("lanes/laneOffset")) if found else []
        for one in found:
            s, heading = read_number(one, "s"), read_number(one, "hdg")
            t_m = read_number(one, "t") - _offset(offsets, s)
            length, width, height = (read_number(one, key) for key in ("length", "width", "height"))
            kind, name = (one.get("type") or "").lower(), one.get("name") or ""
            for corners, along in _outlines(one, offsets) or [((), False)]:
                yield MapObject(int(road.get("id", "0")), kind, name, s, t_m, heading, length, width, height, corners, along)


@dataclass(frozen=True, slots=True)
class Tunnel:
    """A stretch of a road under a roof."""

    road_id: int
    start_m: float  # station along the road
    end_m: float


def list_tunnels(root: ET.Element) -> Iterator[Tunnel]:
    """Yield every tunnel of every road. Raises ValueError when a number is malformed."""
    for road in root.findall("road"):
        for tunnel in road.findall("objects/tunnel"):
            start = read_number(tunnel, "s")
            yield Tunnel(int(road.get("id", "0")), start, start + read_number(tunnel, "length"))


def _outlines(one: ET.Element, offsets: list[Cubic]) -> list[tuple[tuple[tuple[float, float], ...], bool]]:
    """Return the outlines of an object, each as its corners and whether these lie along the road."""
    made = []
    for outline in [*one.findall("outline"), *one.findall("outlines/outline")]:
        local = [(read_number(corner, "u"), read_number(corner, "v")) for corner in outline.findall("cornerLocal")[:MOST_CORNERS]]
        road = [(read_number(corner, "s"), read_number(corner, "t")) for corner in outline.findall("cornerRoad")[:MOST_CORNERS]]
        made.append((tuple(local or ((s, t - _offset(offsets, s)) for s, t in road)), not local))
    return made


def _offset(pieces: list[Cubic], s_m: float) -> float:
    """Return how far (m) the lanes are shifted to the left at a station; before the first piece they are not."""
    return float(evaluate(pieces, np.array([s_m]))[0]) if pieces and s_m >= pieces[0].s_m else 0.0
