"""The objects that an OpenDRIVE text lists beside and on its roads: what each is called, where it lies, its outline."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass

from driving.world.maps.opendrive import number_of

MOST_CORNERS = 1000


@dataclass(frozen=True, slots=True)
class MapObject:
    """One object of a road. t_m counts to the left from the line between the lanes, not from the text's reference line.

    `outline` are its corners: (s, t) along the road where `along_road`, else (u, v) in the object's own frame, forward and left (m).
    """

    road_id: int
    type: str
    name: str
    s_m: float
    t_m: float
    heading_rad: float
    length_m: float
    width_m: float
    outline: tuple[tuple[float, float], ...]
    along_road: bool


def objects_of(root: ET.Element) -> Iterator[MapObject]:
    """Every object of every road. Raises ValueError for numbers that are none."""
    for road in root.findall("road"):
        found = road.findall("objects/object")
        offsets = sorted(tuple(number_of(piece, key) for key in "sabcd") for piece in road.findall("lanes/laneOffset")) if found else []
        for one in found:
            s, heading = number_of(one, "s"), number_of(one, "hdg")
            place = s, number_of(one, "t") - _offset(offsets, s), heading, number_of(one, "length"), number_of(one, "width")
            for corners, along in _outlines(one, offsets) or [((), False)]:
                yield MapObject(int(road.get("id", "0")), (one.get("type") or "").lower(), one.get("name") or "", *place, corners, along)


def _outlines(one: ET.Element, offsets: list[tuple[float, ...]]) -> list[tuple[tuple[tuple[float, float], ...], bool]]:
    made = []
    for outline in [*one.findall("outline"), *one.findall("outlines/outline")]:
        local = [(number_of(corner, "u"), number_of(corner, "v")) for corner in outline.findall("cornerLocal")[:MOST_CORNERS]]
        road = [(number_of(corner, "s"), number_of(corner, "t")) for corner in outline.findall("cornerRoad")[:MOST_CORNERS]]
        made.append((tuple(local or ((s, t - _offset(offsets, s)) for s, t in road)), not local))
    return made


def _offset(pieces: list[tuple[float, ...]], s_m: float) -> float:
    """How far (m) the lanes are shifted to the left at a station."""
    before = [piece for piece in pieces if piece[0] <= s_m]
    if not before:
        return 0.0
    start, a, b, c, d = before[-1]
    ds = s_m - start
    return a + ds * (b + ds * (c + ds * d))
