"""Where a lane parts: which way a driver can be asked to take that sees its lane and knows no destination.

At the entrance of a junction, and at a fork elsewhere, every way is followed until it has left the junction. One of them is the lane's
continuation if a driver can tell it from what it sees:

- it goes on smoothly: its curvature differs from the lane's own by at most SMOOTHEST_BEND_PER_M, and
- it is the smoothest by a margin: every other way bends by CLEARLY_PER_M more, and
- no line leads away from it: where it has no lines of its own, no other way has one that lies across it. At one crossing of Town10HD the lines
  of the right lane bend into the road to the right, and a driver who follows them does not go straight on.

Else the lane has no continuation. A junction that joins two roads only is not a fork, however sharply it bends, if each lane has one way: the
asphalt leads nowhere else. On CARLA's towns this leaves out the turns of 3 to 16 m radius in junctions, where the pavement opens to
both sides, and motorways' partings whose lanes are equally straight.

A driver who gets navigation commands can be asked to take each way that a command names: the way turns left or right by more than
STRAIGHT_RAD, or does not, no other way from this lane does the same, and it is not sharper than SHARPEST_TURN_PER_M.
"""

from __future__ import annotations

import itertools
import math
import zlib
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from driving.quantities import wrap_angle
from policy.command import Command

if TYPE_CHECKING:
    import carla

SMOOTHEST_BEND_PER_M = 1.0 / 25.0
CLEARLY_PER_M = 1.0 / 125.0
BASE_M = 4  # curvature is the heading's change over this length
LONGEST_WAY_M = 200  # a way is followed no further
SHORTEST_WAY_M = 12  # and, outside a junction, for this long
LINED_SHARE = 0.5  # a way has a line at a side if this share of it has one there
STRAIGHT_RAD = math.radians(30.0)  # a way that turns by less goes straight on
BACK_RAD = math.radians(150.0)  # a way that turns by more goes back, which no command says
SHARPEST_TURN_PER_M = 1.0 / 5.0

LanePlace = tuple[int, int, int]  # road, section, lane


class Step(NamedTuple):
    """The next point of a walk along a lane."""

    point: carla.Waypoint
    command: Command | None  # what the walk does there, where the lane parts or meets a junction


class Way(NamedTuple):
    """One way on from a fork."""

    bend_per_m: float  # by how much its curvature differs at most from the lane's own before the fork
    command: Command | None  # what it does; None where no command says it
    is_lined: bool = False  # whether it has a line at either side
    leads_away: bool = False  # whether it bends off and has a line at the outer side, which lies across the smoother ways


class Fork(NamedTuple):
    """A place where a lane parts or meets a junction."""

    ways: list[Way]
    smoothest: int | None  # the way that a driver who knows no destination takes; None where it could not tell


class Turning:
    """The choice of ways for one walk with commands. It looks random and depends on the walk's lane, the fork, and how often the walk was there."""

    def __init__(self, start: carla.Waypoint) -> None:
        self._lane, self._visits = (start.road_id, start.lane_id), Counter[object]()

    def choose(self, key: object, fork: Fork) -> int | None:
        """Return which way to take; where commands name none, the one that a driver without them would take."""
        commands = [way.command for way in fork.ways]
        named = [
            place
            for place, way in enumerate(fork.ways)
            if way.command is not None and commands.count(way.command) == 1 and way.bend_per_m <= SHARPEST_TURN_PER_M
        ]
        self._visits[key] += 1
        draw = zlib.crc32(f"{self._lane} {key} {self._visits[key]}".encode())
        return named[draw % len(named)] if named else fork.smoothest


class Forks:
    """The forks of one map's lanes. It remembers its answers."""

    def __init__(self) -> None:
        self._known: dict[tuple[LanePlace, tuple[LanePlace, ...]], Fork] = {}

    def next_step(self, point: carla.Waypoint, step_m: float, turning: Turning | None = None) -> Step | None:
        """Return the step to the waypoint `step_m` ahead: on the lane's continuation, or where `turning` chooses.

        Returns None where the lane ends or has no continuation.
        """
        options = point.next(step_m)
        if not options:
            return None
        if len(options) == 1 and (point.is_junction or not options[0].is_junction):
            return Step(options[0], None)
        key = (_place(point), tuple(_place(option) for option in options))
        if key not in self._known:
            self._known[key] = _look(point, options)
        fork = self._known[key]
        chosen = fork.smoothest if turning is None else turning.choose(key, fork)
        return None if chosen is None else Step(options[chosen], fork.ways[chosen].command)


def _place(point: carla.Waypoint) -> LanePlace:
    return point.road_id, point.section_id, point.lane_id


def _look(point: carla.Waypoint, options: list[carla.Waypoint]) -> Fork:
    """Return the fork whose ways begin with the options."""
    if len(options) == 1 and _joins_two_roads(options[0]):
        return Fork([Way(0.0, None)], 0)
    before = point.previous(BASE_M)
    own = _turn(before[0], point) / BASE_M if before else 0.0
    ways = [_describe(_follow(point, option), own) for option in options]
    order = np.argsort([way.bend_per_m for way in ways])
    best = ways[order[0]].bend_per_m
    unclear = len(order) > 1 and ways[order[1]].bend_per_m < best + CLEARLY_PER_M
    unclear |= not ways[order[0]].is_lined and any(ways[other].leads_away for other in order[1:])
    return Fork(ways, None if best > SMOOTHEST_BEND_PER_M or unclear else int(order[0]))


def _follow(point: carla.Waypoint, option: carla.Waypoint) -> list[carla.Waypoint]:
    """Return the waypoints from `point` through `option` until the way has left the junction."""
    way = [point, option]
    while len(way) < LONGEST_WAY_M and (way[-1].is_junction or len(way) < SHORTEST_WAY_M):
        following = way[-1].next(1.0)
        if not following:
            break
        way.append(following[0])
    return way


def _describe(points: list[carla.Waypoint], own: float) -> Way:
    """Return the way through some points from a lane of the curvature `own` (1/m)."""
    bends = [abs(_turn(start, end) / BASE_M - own) for start, end in zip(points, points[BASE_M:], strict=False)]
    turn_rad = sum(_turn(start, end) for start, end in itertools.pairwise(points))
    command = Command.STRAIGHT if abs(turn_rad) < STRAIGHT_RAD else Command.LEFT if turn_rad < 0 else Command.RIGHT
    left, right = (_is_lined(points, side) for side in ("left", "right"))
    return Way(max(bends, default=0.0), None if abs(turn_rad) > BACK_RAD else command, left or right, left if turn_rad > 0.0 else right)


def _is_lined(points: list[carla.Waypoint], side: str) -> bool:
    """Return whether a way's part inside the junction has a line at one side."""
    lines = [has_line(point, side) for point in points if point.is_junction]
    return sum(lines) > LINED_SHARE * len(lines)


def has_line(point: carla.Waypoint, side: str) -> bool:
    """Return whether a waypoint's lane has a line at one side, "left" or "right"."""
    mark = getattr(point, f"{side}_lane_marking")
    return mark is not None and str(mark.type) != "NONE"


def _turn(start: carla.Waypoint, end: carla.Waypoint) -> float:
    """Return by how much (rad) the heading changes between two waypoints, right positive."""
    return wrap_angle(math.radians(end.transform.rotation.yaw - start.transform.rotation.yaw))


def _joins_two_roads(point: carla.Waypoint) -> bool:
    """Return whether the junction in which `point` lies has two roads at most."""
    import carla  # here, because training and reports read routes without the simulator's client

    roads: set[int] = set()
    for start, end in point.get_junction().get_waypoints(carla.LaneType.Driving):
        roads.update(outside.road_id for outside in (*start.previous(1.5), *end.next(1.5)) if not outside.is_junction)
    return len(roads) <= 2
