"""The lanes beside a route: those of its own direction, and those of the oncoming traffic. From `carla.Map` alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from driving.quantities import UserError
from driving.world.maps.route import Route
from driving.world.maps.routes import follow_lane

if TYPE_CHECKING:
    import carla

MOST_LANES = 12  # across a road


class Neighbours(NamedTuple):
    """Routes along the lanes beside another route."""

    beside: list[Route]  # in its direction; each begins beside the place that was asked about
    oncoming: list[Route]  # against it; each begins beside the place ahead


def find_neighbours(carla_map: carla.Map, route: Route, s_m: float, behind_m: float, ahead_m: float) -> Neighbours:
    """Return the lanes beside a route around the place `s_m` (m): from `behind_m` before it, and from `ahead_m` further on for oncoming traffic.

    Places in junctions and without neighbours have none.
    """
    back, ahead = (_lanes_across(carla_map, route, at) for at in (max(0.0, s_m - behind_m), s_m + ahead_m))
    length = behind_m + ahead_m
    return Neighbours(
        [lane for same, point in back if same and (lane := _follow(carla_map, point, 2.0 * length)) is not None],
        [lane for same, point in ahead if not same and (lane := _follow(carla_map, point, 2.0 * length)) is not None],
    )


def _lanes_across(carla_map: carla.Map, route: Route, s_m: float) -> list[tuple[bool, carla.Waypoint]]:
    """Return the other driving lanes at a place of a route, each with whether it leads the same way."""
    import carla  # here, because training and reports read routes without the simulator's client

    pose = route.pose_at(s_m)
    own = carla_map.get_waypoint(carla.Location(pose.x_m, pose.y_m, pose.z_m))
    if own is None or own.is_junction:
        return []
    found = []
    for to_left in (True, False):
        point = own
        for _ in range(MOST_LANES):
            # beyond the middle of a road its lanes' own left and right are exchanged
            same = point.lane_id * own.lane_id > 0
            following = point.get_left_lane() if to_left == same else point.get_right_lane()
            if following is None:
                break
            point = following
            if point.lane_type == carla.LaneType.Driving and point.lane_width > 2.0:
                found.append((point.lane_id * own.lane_id > 0, point))
    return found


def _follow(carla_map: carla.Map, point: carla.Waypoint, length_m: float) -> Route | None:
    """Return the lane from a waypoint on, None where it ends at once."""
    try:
        return follow_lane(carla_map, point, length_m)
    except UserError:
        return None
