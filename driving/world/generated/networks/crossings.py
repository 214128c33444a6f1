"""Where streets meet: how far from its middle each of them ends, and the ways between their lanes, with what lies beside these."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import NamedTuple

from driving.world.generated.networks.layout import Arm, Contact, Way
from driving.world.generated.plan import NO_MARK, Lane, Mark, Section
from driving.world.geometry.cubics import Cubic

ROOM_FOR_TURNS_M = 5.5  # least radius of the edge of a lane for driving
LEAST_RADIUS_M = 6.0  # of a junction
LEAST_SINE = 0.05  # of the angle between two streets: those that are nearly in line have no corner between them


@dataclass(frozen=True)
class Side:
    """The lanes for one direction of a street, from the reference line outwards: half of its median, what is driven on, and what lies outside."""

    inside: tuple[Lane, ...]
    driven: tuple[Lane, ...]
    outside: tuple[Lane, ...]

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """All of them."""
        return (*self.inside, *self.driven, *self.outside)

    @property
    def inside_m(self) -> float:
        """The distance of the innermost driven lane from the reference line."""
        return _add_widths(self.inside)

    @property
    def driven_m(self) -> float:
        """The distance of the outermost driven lane's outer edge from the reference line."""
        return _add_widths((*self.inside, *self.driven))

    def reach_m(self, room_m: float) -> float:
        """The distance of everything from the reference line, and of the corners beside it."""
        return max(_add_widths(self.lanes) + room_m, self.driven_m + ROOM_FOR_TURNS_M)


@dataclass(frozen=True)
class Street:
    """The cross-section of a street, which is the same all along."""

    centre: Mark
    left: Side
    right: Side

    @property
    def section(self) -> Section:
        """The section of each of its roads."""
        return Section(0.0, self.centre, self.left.lanes, self.right.lanes)

    def sides_at(self, contact: Contact) -> tuple[Side, Side]:
        """Return the lanes on which one comes to one of its ends, and those on which one goes from it: left and right of who looks along it."""
        return (self.left, self.right) if contact == "start" else (self.right, self.left)


@dataclass(frozen=True)
class Meeting:
    """The end of a street at a junction. On the lanes of `come` one drives into the junction, on those of `go` out of it."""

    arm: Arm
    street: Street

    @property
    def come(self) -> Side:
        """The lanes into the junction."""
        return self.street.sides_at(self.arm.contact)[0]

    @property
    def go(self) -> Side:
        """The lanes out of the junction."""
        return self.street.sides_at(self.arm.contact)[1]


class Paint(NamedTuple):
    """What is painted in a junction."""

    centre: bool = False  # where a street ends at another one, the line between the directions of the latter goes on
    lanes: bool = False  # and so do the lines between its lanes, on the side without a street


def find_radius(angle_rad: float, others: list[tuple[float, float, float]], left_m: float, right_m: float) -> float:
    """Return the distance from a junction's middle at which a street can end, so that its corners have room.

    Args:
        angle_rad: the direction in which the street leaves the junction.
        others: the directions of the other streets, and how far each reaches to the left and to the right as seen from the junction (m).
        left_m: how far this street reaches to the left.
        right_m: how far to the right.
    """
    radius = LEAST_RADIUS_M
    for other, other_left, other_right in others:
        turn = (other - angle_rad) % (2.0 * math.pi)
        mine, theirs, gap = (left_m, other_right, turn) if turn < math.pi else (right_m, other_left, 2.0 * math.pi - turn)
        radius = max(radius, (theirs + mine * math.cos(gap)) / max(math.sin(gap), LEAST_SINE))
    return radius


def find_ways(meetings: list[Meeting], bare: bool, paint: Paint) -> list[Way]:
    """Return the ways from each street to each other.

    Straight on, every lane has a way. Where more than two streets meet, one lane turns off to each side; else all lanes do that go on in the other
    street. The way to the neighbour at the right has the pavement beside it, unless the junction is `bare`.
    """
    ways = []
    for meeting in meetings:
        others = sorted((other for other in meetings if other is not meeting), key=lambda other: _turn_right(meeting, other))
        for number, other in enumerate(others):
            is_outer = number == 0 and not bare
            if other.street is meeting.street:
                ways.append(_go_straight(meeting, other, is_outer, paint if number == 0 and len(meetings) == 3 else Paint()))
            else:
                ways.append(_turn_off(meeting, other, is_outer, all_lanes=len(meetings) == 2))
    return ways


def _go_straight(start: Meeting, end: Meeting, is_outer: bool, paint: Paint) -> Way:
    """Return the way over the junction on all lanes. A median ends at it."""
    side = start.come
    inside = tuple(replace(lane, kind="shoulder", mark=NO_MARK) for lane in side.inside)
    right = (*inside, *side.driven, *(side.outside if is_outer else ()))
    first = len(inside) + 1
    return Way(start.arm, end.arm, right, inner=start.street.centre if paint.centre else NO_MARK, divided=paint.lanes, lanes=(first, first))


def _turn_off(start: Meeting, end: Meeting, is_outer: bool, all_lanes: bool) -> Way:
    """Return the way round a corner, on one lane or all that go on: the outer ones to the right, the inner ones to the left."""
    come, go = start.come, end.go
    count = min(len(come.driven), len(go.driven)) if all_lanes else 1
    turns_right = _turn_right(start, end) < math.pi
    (from_m, first), (to_m, following) = (_skip(side, len(side.driven) - count if turns_right else 0) for side in (come, go))
    way = Way(start.arm, end.arm, (), aside_m=(from_m, to_m), lanes=(first, following))
    length = sum(piece.length_m for piece in way.pieces)
    driven = [_taper(one, other, length) for one, other in zip(come.driven[:count], go.driven[:count], strict=True)]
    both = itertools.takewhile(lambda pair: pair[0].kind == pair[1].kind, zip(come.outside, go.outside, strict=False))
    outside = [_taper(one, other, length) for one, other in both] if is_outer else []
    return way._replace(right=(*driven, *outside))


def _skip(side: Side, count: int) -> tuple[float, int]:
    """Return how far from the reference line the driven lanes outside of the first `count` begin, and which lane the innermost of them is."""
    return side.inside_m + _add_widths(side.driven[:count]), len(side.inside) + 1 + count


def _taper(before: Lane, after: Lane, length_m: float) -> Lane:
    """Return a lane whose width changes evenly from that of one lane to that of another."""
    change = (after.widest_m - before.widest_m) / length_m
    return replace(before, width=(Cubic(0.0, before.widest_m, change, 0.0, 0.0),), mark=NO_MARK)


def _turn_right(start: Meeting, end: Meeting) -> float:
    """Return how far round (rad) the other arm lies, counted from one's own to the right, as seen by who enters the junction."""
    return (end.arm.place.heading_rad - start.arm.place.heading_rad) % (2.0 * math.pi)


def _add_widths(lanes: tuple[Lane, ...]) -> float:
    return sum(lane.widest_m for lane in lanes)
