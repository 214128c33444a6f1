"""Where a lane parts: which way a driver can be asked to take that sees its lane and knows no destination.

At the entrance of a junction, and at a fork elsewhere, every way is followed until it has left the junction. One of them is the lane's
continuation if a driver can tell it from what it sees:

- it goes on smoothly: its curvature differs from the lane's own by at most SMOOTHEST_BEND_PER_M, and
- it is the smoothest by a margin: every other way bends by CLEARLY_PER_M more.

Else the lane has no continuation. A junction that joins two roads only is not a fork, however sharply it bends, if each lane has one way: the
asphalt leads nowhere else. On CARLA's towns this leaves out the turns of 3 to 16 m radius in junctions, where the pavement opens to
both sides, and motorways' partings whose lanes are equally straight.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from driving.quantities import wrap_angle

if TYPE_CHECKING:
    import carla

SMOOTHEST_BEND_PER_M = 1.0 / 25.0
CLEARLY_PER_M = 1.0 / 125.0
BASE_M = 4  # curvature is the heading's change over this length
LONGEST_WAY_M = 200  # a way is followed no further
SHORTEST_WAY_M = 12  # and, outside a junction, for this long

LanePlace = tuple[int, int, int]  # road, section, lane


class Forks:
    """The forks of one map's lanes. It remembers its answers."""

    def __init__(self) -> None:
        self._chosen: dict[tuple[LanePlace, tuple[LanePlace, ...]], int | None] = {}

    def next_point(self, point: carla.Waypoint, step_m: float) -> carla.Waypoint | None:
        """Return the waypoint `step_m` ahead on the lane's continuation, None where the lane ends or has no continuation."""
        options = point.next(step_m)
        if not options:
            return None
        if len(options) == 1 and (point.is_junction or not options[0].is_junction):
            return options[0]
        places = tuple(_place(option) for option in options)
        key = (_place(point), places)
        if key not in self._chosen:
            self._chosen[key] = _choose(point, options)
        chosen = self._chosen[key]
        return None if chosen is None else options[chosen]


def _place(point: carla.Waypoint) -> LanePlace:
    return point.road_id, point.section_id, point.lane_id


def _choose(point: carla.Waypoint, options: list[carla.Waypoint]) -> int | None:
    """Return which of the options continues the lane, None where a driver could not tell."""
    if len(options) == 1 and _joins_two_roads(options[0]):
        return 0
    before = point.previous(BASE_M)
    own = _turn(before[0], point) / BASE_M if before else 0.0
    bends = [_sharpest_bend(point, option, own) for option in options]
    order = np.argsort(bends)
    if bends[order[0]] > SMOOTHEST_BEND_PER_M:
        return None
    if len(order) > 1 and bends[order[1]] < bends[order[0]] + CLEARLY_PER_M:
        return None
    return int(order[0])


def _sharpest_bend(point: carla.Waypoint, option: carla.Waypoint, own: float) -> float:
    """Return by how much (1/m) the curvature of the way through `option` differs at most from the lane's own before the fork."""
    way = [point, option]
    while len(way) < LONGEST_WAY_M and (way[-1].is_junction or len(way) < SHORTEST_WAY_M):
        following = way[-1].next(1.0)
        if not following:
            break
        way.append(following[0])
    bends = [abs(_turn(start, end) / BASE_M - own) for start, end in zip(way, way[BASE_M:], strict=False)]
    return max(bends, default=0.0)


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
