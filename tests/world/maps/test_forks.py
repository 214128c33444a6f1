"""A route goes where a driver who sees its lane, and knows no destination, can tell how the lane continues."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from functools import lru_cache
from itertools import permutations

import carla
import numpy as np
import pytest
from scenariogeneration import xodr

from driving.quantities import wrap_angle
from driving.world.maps.forks import Forks
from driving.world.maps.route import Route
from driving.world.maps.routes import follow_lane, spread_routes
from tests.world.networks import network

LEG_M = 60.0
RADIUS_M = 15.0  # from a junction's middle to its roads
JUNCTION = 100  # the client looks a road of this number up first: no road may have it


@lru_cache
def star(angles_deg: tuple[float, ...], lined_straights: bool = True, lined_turns: bool = True) -> carla.Map:
    """Return a map with a junction in the origin. One road with one lane each way comes to it from each of these directions (degrees, left)."""
    file, junction = xodr.OpenDrive("star"), xodr.Junction("junction", JUNCTION)
    for number, degrees in enumerate(angles_deg):
        angle, far_m = math.radians(degrees), RADIUS_M + LEG_M
        view = xodr.PlanView()
        view.add_fixed_geometry(xodr.Line(LEG_M), math.cos(angle) * far_m, math.sin(angle) * far_m, angle + math.pi)
        road = xodr.Road(number, view, xodr.create_lanes_merge_split(1, 1, LEG_M, xodr.std_roadmark_solid(), 3.0, 3.0))
        road.add_successor(xodr.ElementType.junction, JUNCTION)
        file.add_road(road)
    for place, (first, second) in enumerate(permutations(range(len(angles_deg)), 2)):
        ends_deg = angles_deg[first], angles_deg[second]
        lined = lined_straights if abs(ends_deg[0] - ends_deg[1]) == 180.0 else lined_turns
        file.add_road(_connect(JUNCTION + 1 + place, (first, second), (math.radians(ends_deg[0]), math.radians(ends_deg[1])), lined))
        connection = xodr.Connection(first, JUNCTION + 1 + place, xodr.ContactPoint.start)
        connection.add_lanelink(-1, -1)
        junction.add_connection(connection)
    file.add_junction(junction)
    file.adjust_roads_and_lanes()
    return carla.Map("star", ET.tostring(file.get_element(), encoding="unicode"))


def _connect(number: int, roads: tuple[int, int], angles_rad: tuple[float, float], lined: bool) -> xodr.Road:
    """Return the road with one lane that leads through the junction from one road to another: straight, or by an arc."""
    turn = wrap_angle(angles_rad[1] - angles_rad[0] - math.pi)
    view = xodr.PlanView()
    if abs(turn) < 1e-3:
        geometry: xodr.Line | xodr.Arc = xodr.Line(2 * RADIUS_M)
    else:
        radius_m = RADIUS_M / math.tan(abs(turn) / 2.0)
        geometry = xodr.Arc(math.copysign(1.0 / radius_m, turn), length=radius_m * abs(turn))
    view.add_fixed_geometry(geometry, math.cos(angles_rad[0]) * RADIUS_M, math.sin(angles_rad[0]) * RADIUS_M, angles_rad[0] + math.pi)
    mark = xodr.std_roadmark_solid() if lined else xodr.RoadMark(xodr.RoadMarkType.none)
    lanes = xodr.create_lanes_merge_split(1, 0, geometry.length, mark, 3.0, 3.0)
    lanes.lanesections[0].rightlanes[0].roadmark = [mark]
    road = xodr.Road(number, view, lanes, road_type=JUNCTION)
    road.add_predecessor(xodr.ElementType.road, roads[0], xodr.ContactPoint.end)
    road.add_successor(xodr.ElementType.road, roads[1], xodr.ContactPoint.end)
    return road


def drive_in(carla_map: carla.Map, road: int) -> Route:
    """Return the route that comes along a road to the junction, which may be 40 m ahead of its start."""
    start = carla_map.get_waypoint_xodr(road, -1, 20.0)
    assert start is not None
    return follow_lane(carla_map, start, 300.0)


def goes_through(route: Route) -> bool:
    """Return whether a route goes on behind the junction."""
    return route.length_m > LEG_M - 20.0 + 2 * RADIUS_M


def test_the_stem_of_a_t_has_no_continuation_and_its_bar_goes_straight_on() -> None:
    tee = star((0.0, 180.0, 270.0))
    assert not goes_through(drive_in(tee, 2))
    for road in (0, 1):
        route = drive_in(tee, road)
        assert goes_through(route)
        assert np.abs(route.curvature_per_m).max() < 0.01


def test_a_crossing_is_gone_through_straight_on() -> None:
    crossing = star((0.0, 90.0, 180.0, 270.0))
    for road in range(4):
        route = drive_in(crossing, road)
        assert goes_through(route)
        assert np.ptp(route.yaw_rad) < 0.05


def test_a_sharp_corner_is_followed_where_two_roads_meet_and_not_where_others_part() -> None:
    assert goes_through(drive_in(star((0.0, 90.0)), 0))
    assert not goes_through(drive_in(star((0.0, 80.0, 280.0)), 0))


@pytest.mark.parametrize(("straights", "turns", "expected"), [(True, True, True), (False, False, True), (True, False, True), (False, True, False)])
def test_lines_that_bend_off_across_a_way_without_lines_lead_away_from_it(straights: bool, turns: bool, expected: bool) -> None:
    assert goes_through(drive_in(star((0.0, 90.0, 180.0, 270.0), straights, turns), 0)) == expected


def test_in_town10_the_right_lane_whose_lines_bend_right_has_no_way_straight_on() -> None:
    start = network("Town10HD").map.get_waypoint_xodr(7, -2, 20.0)
    assert start is not None
    route = follow_lane(network("Town10HD").map, start, 600.0)
    assert math.hypot(route.x_m[-1] + 28.5, route.y_m[-1] - 130.0) < 3.0, "it ends where the stop line is"


def test_two_ways_that_part_alike_end_the_lane_and_a_gentle_bend_beside_a_turn_does_not() -> None:
    assert not goes_through(drive_in(star((0.0, 170.0, 190.0)), 0))
    assert goes_through(drive_in(star((0.0, 170.0, 270.0)), 0))


@pytest.mark.parametrize("name", ["Town03", "Town04", "Town06", "Town10HD"])
def test_routes_of_real_towns_ask_no_turn_into_one_of_several_ways(name: str) -> None:
    """What is sharper than a roundabout is a bend of a road, or of a junction that joins two roads."""
    carla_map = network(name).map
    for route in spread_routes(carla_map, 4, 400.0, seed=1):
        for k in np.nonzero(np.abs(route.curvature_per_m) > 1.0 / 15.0)[0]:
            at = carla.Location(float(route.x_m[k]), float(route.y_m[k]), float(route.z_m[k]))
            point = carla_map.get_waypoint(at)
            if point.is_junction:
                ways = point.get_junction().get_waypoints(carla.LaneType.Driving)
                assert len({end.next(1.5)[0].road_id for _, end in ways if end.next(1.5)}) <= 2


LEFT_KM = {"Town01": 5.0, "Town02": 1.5, "Town03": 6.6, "Town04": 26.8, "Town05": 18.7, "Town06": 21.2, "Town07": 3.2, "Town10HD": 2.2}


@pytest.mark.parametrize("name", LEFT_KM)
def test_the_documented_length_of_each_towns_lanes_lies_on_routes_of_200_m(name: str) -> None:
    def place(point: carla.Waypoint) -> tuple[int, int, int, int]:
        return point.road_id, point.section_id, point.lane_id, round(point.s / 5.0)

    forks = Forks()
    starts = [point for point in network(name).map.generate_waypoints(5.0) if point.lane_type == carla.LaneType.Driving and not point.is_junction]
    left: set[tuple[int, int, int, int]] = set()
    for start in starts:
        if place(start) not in left:
            walk: list[carla.Waypoint] = []
            point: carla.Waypoint | None = start
            while point is not None and len(walk) < 80:
                walk.append(point)
                step = forks.next_step(point, 5.0)
                point = None if step is None else step.point
            if len(walk) > 40:
                left.update(map(place, walk))
    assert len(left & {place(start) for start in starts}) * 5.0 / 1000.0 == pytest.approx(LEFT_KM[name], abs=0.15)
