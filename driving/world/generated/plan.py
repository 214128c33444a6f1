"""What a generated road is made of: pieces of its reference line, lane sections with their paint, heights, banks, and what lies on it.

Families of roads draw plans; `opendrive_text` writes them. Lanes of a section are listed from the reference line outwards. Stations and widths
are metres, curvatures 1/m and left positive, as in OpenDRIVE.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from driving.world.geometry.cubics import Cubic

MarkKind = Literal["none", "solid", "broken", "solid_solid", "solid_broken", "broken_solid"]
MarkColour = Literal["white", "yellow"]
LaneKind = Literal["driving", "shoulder", "sidewalk", "parking", "median", "border", "none"]
Surface = Literal["asphalt", "concrete", "cobbles", "gravel"]
ThingKind = Literal["tree", "car", "seam", "patch", "leaves", "old solid line", "old dashed line", "crosswalk", "StopLine"]

# Surfaces that a driver can tell from a lane's asphalt. The border between a lane and one of them needs no line.
UNLIKE_ASPHALT: tuple[LaneKind, ...] = ("sidewalk", "median", "border", "none")
# The widest shoulder without a line between it and its lane. Beside a wider one the lane's middle cannot be seen, and policies drive too far
# aside by half of its width.
UNMARKED_SHOULDER_M = 0.15
# The longest stretch over which a border may lack its line. A driver still sees the line before it, and soon the one behind it.
LONGEST_GAP_M = 12.0


@dataclass(frozen=True)
class Piece:
    """One geometry of the reference line. The curvature changes linearly along it."""

    start: float  # curvature at the start, 1/m
    end: float  # curvature at the end, 1/m
    length_m: float


@dataclass(frozen=True)
class Mark:
    """A painted line, at the outer border of a lane or on the reference line."""

    kind: MarkKind = "none"
    colour: MarkColour = "white"
    width_m: float = 0.15
    dash_m: float = 3.0  # length of a dash, for broken kinds
    gap_m: float = 4.5  # length of the gap after it

    @property
    def is_seen(self) -> bool:
        """Whether there is paint."""
        return self.kind != "none"


NO_MARK = Mark()


@dataclass(frozen=True)
class Lane:
    """One lane of a section."""

    kind: LaneKind
    width: tuple[Cubic, ...]  # pieces begin at distances from the section's start
    mark: Mark = NO_MARK  # at its outer border
    name: str = ""  # lanes of one name, on one side of a road, continue each other from section to section
    surface: Surface = "asphalt"

    @property
    def widest_m(self) -> float:
        """The largest width at the starts of the pieces."""
        return max(piece.a for piece in self.width)


@dataclass(frozen=True)
class Section:
    """The lanes from `start_m` to the next section."""

    start_m: float
    centre: Mark  # on the reference line
    left: tuple[Lane, ...]
    right: tuple[Lane, ...]


@dataclass(frozen=True)
class Thing:
    """Something that stands beside a road, or lies on it. Lateral distances count from the reference line, to the left."""

    kind: ThingKind
    s_m: float
    t_m: float
    heading_rad: float = 0.0  # relative to the road, left positive
    size_m: tuple[float, float, float] = (0.0, 0.0, 0.0)  # length, width, height of what stands
    outline: tuple[tuple[float, float], ...] = ()  # of what lies: corners (s, t), one side forwards and the other side back


@dataclass(frozen=True)
class Tunnel:
    """A stretch of road between walls and under a roof; a short one is an underpass."""

    start_m: float
    length_m: float


@dataclass(frozen=True)
class RoadPlan:
    """One road, to be written as OpenDRIVE text."""

    pieces: tuple[Piece, ...]
    sections: tuple[Section, ...]
    heights: tuple[Cubic, ...] = ()  # m
    banks: tuple[Cubic, ...] = ()  # superelevation, rad, positive where the right side is lower
    offsets: tuple[Cubic, ...] = ()  # of the lanes from the reference line, m to the left
    things: tuple[Thing, ...] = ()
    tunnels: tuple[Tunnel, ...] = ()

    @property
    def length_m(self) -> float:
        """The length of the reference line."""
        return sum(piece.length_m for piece in self.pieces)


def constant(width_m: float) -> tuple[Cubic, ...]:
    """Return a width that does not change."""
    return (Cubic(0, width_m, 0, 0, 0),)


def ease(length_m: float, before: float, after: float) -> Cubic:
    """Return a smooth change from `before` to `after` over a length. It has no slope at its two ends."""
    change = after - before
    return Cubic(0.0, before, 0.0, 3.0 * change / length_m**2, -2.0 * change / length_m**3)


def is_plan_tellable(plan: RoadPlan) -> bool:
    """Return whether every driven lane of a road can be told from what was seen so far.

    A section is tellable itself, or it is at most LONGEST_GAP_M long and follows one that is.
    """
    ends = [*(section.start_m for section in plan.sections[1:]), plan.length_m]
    told = [is_tellable(section) for section in plan.sections]
    short = [end - section.start_m <= LONGEST_GAP_M for section, end in zip(plan.sections, ends, strict=True)]
    return all(seen or (number > 0 and told[number - 1] and short[number]) for number, seen in enumerate(told))


def is_tellable(section: Section) -> bool:
    """Return whether both borders of every driving lane can be seen: by paint, or by a surface unlike asphalt right behind the border."""
    for lanes, other in ((section.left, section.right), (section.right, section.left)):
        inner = section.centre.is_seen or _ends_asphalt(other)
        for number, lane in enumerate(lanes):
            outer = lane.mark.is_seen or _ends_asphalt(lanes[number + 1 :])
            if lane.kind == "driving" and not (inner and outer):
                return False
            inner = lane.mark.is_seen or lane.kind in UNLIKE_ASPHALT
    return True


def _ends_asphalt(outside: tuple[Lane, ...]) -> bool:
    """Return whether the surface right outside of a border differs from asphalt. A narrow shoulder does not count."""
    beyond = [lane for lane in outside if not (lane.kind == "shoulder" and lane.widest_m <= UNMARKED_SHOULDER_M)]
    return not beyond or beyond[0].kind in UNLIKE_ASPHALT


def draw_mark(kind: MarkKind, colour: MarkColour, random: np.random.Generator, width_m: tuple[float, float] = (0.12, 0.18)) -> Mark:
    """Draw the width of a mark, and the dashes of a broken one."""
    width = float(random.uniform(*width_m))
    if kind == "broken":
        return Mark(kind, colour, width, float(random.choice([2.0, 3.0, 4.0])), float(random.choice([3.0, 4.5, 6.0, 9.0])))
    return Mark(kind, colour, width)
