"""Networks of roads that meet in junctions, as OpenDRIVE text. Families of networks place the roads; this file connects and writes them.

In a junction, one-way roads lead from arm to arm: CARLA's reader takes no others. They have no paint but what a way says. Metres, radians, left
positive, as in OpenDRIVE.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from scenariogeneration import xodr

from driving.world.generated.opendrive_text import dated_root, make_geometry, make_lanes, to_text, write_objects
from driving.world.generated.plan import NO_MARK, Lane, Mark, Piece, RoadPlan, Section, Thing

Contact = Literal["start", "end"]  # of a road

STRAIGHT_PER_M = 1e-5  # a smaller curvature is none
FIRST_JUNCTION = 1000  # CARLA's reader looks a road with a junction's number up first: no road may have it


class Place(NamedTuple):
    """A point with a direction."""

    x_m: float
    y_m: float
    heading_rad: float

    def ahead(self, length_m: float, curvature_per_m: float = 0.0) -> Place:
        """Return the place further on along a straight or an arc."""
        turn = length_m * curvature_per_m
        chord = length_m if abs(turn) < 1e-9 else 2.0 * math.sin(turn / 2.0) / curvature_per_m
        middle = self.heading_rad + turn / 2.0
        return Place(self.x_m + chord * math.cos(middle), self.y_m + chord * math.sin(middle), self.heading_rad + turn)

    def aside(self, right_m: float) -> Place:
        """Return the place to the right with the same direction."""
        return self._replace(x_m=self.x_m + right_m * math.sin(self.heading_rad), y_m=self.y_m - right_m * math.cos(self.heading_rad))

    def turned(self) -> Place:
        """Return the same point with the opposite direction."""
        return self._replace(heading_rad=self.heading_rad + math.pi)


@dataclass(frozen=True)
class Arm:
    """One end of a road at a junction. The place looks into the junction."""

    road: int
    contact: Contact
    place: Place


class Way(NamedTuple):
    """A way through a junction, from arm to arm, with what lies at its right side and, outside of the lanes, at its left.

    Its lines are the one at its left, and those between its lanes if `divided`. It leaves the reference line of the arm where it starts, and reaches
    that where it ends, at `aside_m` to the right of them. Its first driving lane goes on from lane `lanes[0]` of the one to lane `lanes[1]` of the
    other, counted outwards from the reference line.
    """

    start: Arm
    end: Arm
    right: tuple[Lane, ...]
    left: tuple[Lane, ...] = ()
    inner: Mark = NO_MARK
    divided: bool = False
    aside_m: tuple[float, float] = (0.0, 0.0)
    lanes: tuple[int, int] = (1, 1)

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The two arcs of its reference line."""
        return find_biarc(self.begin, self.end.place.turned().aside(self.aside_m[1]))

    @property
    def begin(self) -> Place:
        """Where it starts."""
        return self.start.place.aside(self.aside_m[0])


class Network:
    """Collects roads and junctions, and numbers them in the order in which they are added."""

    def __init__(self, name: str) -> None:
        self._file = xodr.OpenDrive(name)
        self._roads = list[xodr.Road]()
        self._junctions = 0
        self._lane_links: dict[int, dict[int, tuple[int, int]]] = {}
        self._things: dict[int, tuple[Thing, ...]] = {}

    def add_road(self, start: Place, pieces: tuple[Piece, ...], section: Section, things: tuple[Thing, ...] = ()) -> tuple[Arm, Arm]:
        """Add a road with one section, and return its two ends as arms."""
        number = len(self._roads)
        end = self._add(number, start, pieces, section, -1)
        self._things[number] = things
        return Arm(number, "start", start.turned()), Arm(number, "end", end)

    def add_junction(self, ways: list[Way]) -> None:
        """Add a junction with ways through it, each by two arcs."""
        number = FIRST_JUNCTION + self._junctions
        self._junctions += 1
        junction = xodr.Junction(f"junction {number}", number)
        for way in ways:
            road = len(self._roads)
            between = len(way.right) - 1 if way.divided else 0
            right = tuple(replace(lane, mark=lane.mark if place < between else NO_MARK, name="") for place, lane in enumerate(way.right))
            left = tuple(replace(lane, mark=NO_MARK, name="") for lane in way.left)
            self._add(road, way.begin, way.pieces, Section(0.0, way.inner, left, right), number)
            made = self._roads[road]
            made.add_predecessor(xodr.ElementType.road, way.start.road, xodr.ContactPoint[way.start.contact])
            made.add_successor(xodr.ElementType.road, way.end.road, xodr.ContactPoint[way.end.contact])
            driven = [number for number, lane in enumerate(right, start=1) if lane.kind == "driving"]
            come, go = (1 if way.start.contact == "start" else -1), (1 if way.end.contact == "end" else -1)
            links = {-lane: (come * (way.lanes[0] + place), go * (way.lanes[1] + place)) for place, lane in enumerate(driven)}
            self._lane_links[road] = links
            connection = xodr.Connection(way.start.road, road, xodr.ContactPoint.start)
            for lane, (before, _) in links.items():
                connection.add_lanelink(before, lane)
            junction.add_connection(connection)
            for arm in (way.start, way.end):
                self._open(arm, number)
        self._file.add_junction(junction)

    def write(self) -> str:
        """Return the text."""
        for road in self._roads:
            self._file.add_road(road)
        root = dated_root(self._file)
        for road in root.findall("road"):
            number = int(road.get("id", ""))
            write_objects(road, self._things.get(number, ()))
            links = self._lane_links.get(number, {})
            for lane in road.iter("lane"):
                if int(lane.get("id", "")) in links:
                    _link(lane, *links[int(lane.get("id", ""))])
        return to_text(root)

    def _add(self, number: int, start: Place, pieces: tuple[Piece, ...], section: Section, junction: int) -> Place:
        """Add a road, and return its end."""
        view, at = xodr.PlanView(), start
        for piece in pieces:
            view.add_fixed_geometry(make_geometry(piece), *at)
            at = at.ahead(piece.length_m, piece.start)
        lanes = make_lanes(RoadPlan(pieces, (section,)))
        self._roads.append(xodr.Road(number, view, lanes, road_type=junction, name=f"road {number}"))
        return at

    def _open(self, arm: Arm, junction: int) -> None:
        """Note that a road's end lies at a junction."""
        road = self._roads[arm.road]
        if arm.contact == "start" and road.predecessor is None:
            road.add_predecessor(xodr.ElementType.junction, junction)
        if arm.contact == "end" and road.successor is None:
            road.add_successor(xodr.ElementType.junction, junction)


def find_biarc(start: Place, end: Place) -> tuple[Piece, ...]:
    """Return two arcs, or straights, that lead from one place to another in the directions of both. The two have no kink between them."""
    (ax, ay), (bx, by) = ((math.cos(place.heading_rad), math.sin(place.heading_rad)) for place in (start, end))
    x, y = end.x_m - start.x_m, end.y_m - start.y_m
    along, parallel = x * (ax + bx) + y * (ay + by), 2.0 * (1.0 - ax * bx - ay * by)
    size = x * x + y * y
    reach = size / (2.0 * along) if parallel < 1e-9 else (-along + math.sqrt(along * along + parallel * size)) / parallel
    middle_x, middle_y = start.x_m + (x + reach * (ax - bx)) / 2.0, start.y_m + (y + reach * (ay - by)) / 2.0
    first = _find_arc(start, middle_x, middle_y)
    second = _find_arc(start.ahead(first.length_m, first.start), end.x_m, end.y_m)
    return first, second


def _find_arc(start: Place, x_m: float, y_m: float) -> Piece:
    """Return the arc that leaves a place in its direction and reaches a point."""
    dx, dy = x_m - start.x_m, y_m - start.y_m
    cos, sin = math.cos(start.heading_rad), math.sin(start.heading_rad)
    ahead, left = dx * cos + dy * sin, dy * cos - dx * sin
    curvature = 2.0 * left / (dx * dx + dy * dy)
    if abs(curvature) < STRAIGHT_PER_M:
        return Piece(0.0, 0.0, math.hypot(dx, dy))
    return Piece(curvature, curvature, 2.0 * math.atan2(left, ahead) / curvature)


def _link(lane: ET.Element, before: int, after: int) -> None:
    """Link a lane to those before and after it."""
    for old in lane.findall("link"):
        lane.remove(old)
    link = ET.Element("link")
    ET.SubElement(link, "predecessor", {"id": str(before)})
    ET.SubElement(link, "successor", {"id": str(after)})
    lane.insert(0, link)
