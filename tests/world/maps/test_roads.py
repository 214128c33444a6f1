"""Strips and markings lie where CARLA's own client places lanes and their edges."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import defaultdict

import carla
import numpy as np
import pytest
from scenariogeneration import xodr

from driving.world.generated.networks.streets import write_streets
from driving.world.maps.roads import RoadNetwork
from tests.world.networks import EVERY, driving_waypoints, map_text, network, offset_from, strip_of

CLOSE_M = 0.02
UNPAINTED = ("none", "curb", "grass", "other")


@pytest.mark.parametrize("name", EVERY)
def test_waypoints_lie_in_the_middle_of_their_strip_which_is_as_wide_as_their_lane(name: str) -> None:
    for point in driving_waypoints(name, 7.0):
        strip = strip_of(network(name).strips, point)
        at = np.array([point.transform.location.x, point.transform.location.y])
        from_left, from_right = offset_from(strip.left_xyz_m, at)[1], offset_from(strip.right_xyz_m, at)[1]
        assert strip.kind == "driving"
        assert abs(from_left - from_right) / 2.0 < CLOSE_M
        assert from_left + from_right == pytest.approx(point.lane_width, abs=CLOSE_M, rel=0.02)  # edges of a taper slant


@pytest.mark.parametrize("name", EVERY)
def test_left_and_right_edges_are_on_their_sides_along_the_road(name: str) -> None:
    for strip in network(name).strips:
        along = np.diff((strip.left_xyz_m + strip.right_xyz_m)[:, :2] / 2.0, axis=0)
        across = (strip.right_xyz_m - strip.left_xyz_m)[:-1, :2]
        assert (np.diff(strip.s_m) > 0.0).all()
        assert (along[:, 0] * across[:, 1] - along[:, 1] * across[:, 0] > -1e-3).all()


@pytest.mark.parametrize("name", EVERY)
def test_strips_follow_bends_in_short_steps(name: str) -> None:
    for strip in network(name).strips:
        for edge in (strip.left_xyz_m, strip.right_xyz_m):
            assert np.linalg.norm(np.diff(edge, axis=0), axis=1).max() < 2.2


@pytest.mark.parametrize("name", EVERY)
def test_neighbouring_lanes_share_an_edge(name: str) -> None:
    sides = {(strip.road_id, strip.section_s_m, strip.lane_id): strip for strip in network(name).strips}
    pairs = [(strip, sides.get((road, s, lane - 1 if lane != 1 else -1))) for (road, s, lane), strip in sides.items()]
    shared = [(left, right) for left, right in pairs if right is not None]
    assert shared
    for left, right in shared:
        assert np.linalg.norm(left.right_xyz_m - right.left_xyz_m, axis=1).max() < 0.05


@pytest.mark.parametrize("name", EVERY)
def test_markings_lie_on_lane_edges(name: str) -> None:
    strips = network(name).strips
    edges = [edge for strip in strips for edge in (strip.left_xyz_m, strip.right_xyz_m)]
    lows, highs = np.array([edge[:, :2].min(axis=0) for edge in edges]), np.array([edge[:, :2].max(axis=0) for edge in edges])
    for marking in network(name).markings:
        for at in marking.xyz_m[:: max(1, len(marking.xyz_m) // 7)]:
            near = np.flatnonzero(((lows < at[:2] + 1.0) & (highs > at[:2] - 1.0)).all(axis=1))
            assert min(offset_from(edges[k], at[:2])[1] for k in near) < CLOSE_M
        assert marking.width_m > 0.0
        assert len(marking.xyz_m) >= 2


@pytest.mark.parametrize("name", ["Town01", "Town02", "curve_r100", "track:3"])
def test_where_the_client_sees_paint_at_a_lanes_edge_there_is_that_marking(name: str) -> None:
    markings = network(name).markings
    seen = 0
    for point in driving_waypoints(name, 25.0):
        side = point.transform.get_right_vector()
        for mark, half_m in ((point.right_lane_marking, point.lane_width / 2.0), (point.left_lane_marking, -point.lane_width / 2.0)):
            kind = str(mark.type).lower() if mark is not None else "none"
            if point.is_junction or kind in UNPAINTED:
                continue
            at = np.array([point.transform.location.x + side.x * half_m, point.transform.location.y + side.y * half_m])
            assert [marking for marking in markings if marking.kind == kind and offset_from(marking.xyz_m, at)[1] < 0.05]
            seen += 1
    assert seen > 10


@pytest.mark.parametrize("name", EVERY)
def test_the_bounds_enclose_every_waypoint(name: str) -> None:
    x0, y0, x1, y1 = network(name).bounds_xyxy_m
    for point in driving_waypoints(name, 10.0):
        at = point.transform.location
        assert x0 - 1e-6 <= at.x <= x1 + 1e-6
        assert y0 - 1e-6 <= at.y <= y1 + 1e-6


def xodr_text(file: xodr.OpenDrive) -> str:
    """Return a generated map as OpenDRIVE text."""
    return ET.tostring(file.get_element(), encoding="unicode")


def test_the_same_text_gives_the_same_arrays() -> None:
    again = RoadNetwork.from_opendrive("again", map_text("track:3"))
    for one, other in zip(network("track:3").strips, again.strips, strict=True):
        np.testing.assert_array_equal(one.left_xyz_m, other.left_xyz_m)


def test_a_banked_road_says_so_and_a_level_one_does_not() -> None:
    road = xodr.create_road([xodr.Line(80.0)], 0, left_lanes=1, right_lanes=1)
    road.add_superelevation(0.0, 0.0, 0.001, 0.0, 0.0)
    file = xodr.OpenDrive("banked")
    file.add_road(road)
    file.adjust_roads_and_lanes()
    banked = RoadNetwork.from_opendrive("banked", xodr_text(file))
    for strip in banked.strips:
        np.testing.assert_allclose(strip.bank_rad, 0.001 * strip.s_m, atol=1e-6)
    assert all(len(strip.bank_rad) == 0 for strip in network("track:3").strips)


def test_a_lane_without_a_type_between_others_is_asphalt_in_a_junction_and_nowhere_else() -> None:
    root = ET.fromstring(write_streets(5))
    for lane in root.iter("lane"):
        if lane.get("type") in ("median", "shoulder"):
            lane.set("type", "none")
    strips = RoadNetwork.from_opendrive("spacers", ET.tostring(root, encoding="unicode")).strips
    kinds = defaultdict[tuple[bool, bool], set[str]](set)
    for strip in strips:
        further_out = [one for one in strips if one.road_id == strip.road_id and one.lane_id in (strip.lane_id - 1, strip.lane_id + 1)]
        kinds[strip.in_junction, any(abs(one.lane_id) > abs(strip.lane_id) for one in further_out)].add(strip.kind)
    assert kinds[True, True] == {"driving", "shoulder"}
    assert "none" in kinds[True, False]
    assert "none" in kinds[False, True]


def test_a_marking_ends_where_the_next_one_begins() -> None:
    text = xodr_text(two_marks())
    kinds = {marking.kind: marking.xyz_m[:, 0] for marking in RoadNetwork.from_opendrive("marks", text).markings}
    assert kinds["solid"].min() == pytest.approx(0.0, abs=0.01)
    assert kinds["solid"].max() == pytest.approx(30.0, abs=0.01)
    assert kinds["broken"].min() == pytest.approx(30.0, abs=0.01)
    assert kinds["broken"].max() == pytest.approx(80.0, abs=0.01)


def two_marks() -> xodr.OpenDrive:
    """Make a road whose right edge is solid for 30 m, then broken."""
    right = xodr.Lane(lane_type=xodr.LaneType.driving, a=3.5)
    right.add_roadmark(xodr.RoadMark(xodr.RoadMarkType.solid, 0.13))
    right.add_roadmark(xodr.RoadMark(xodr.RoadMarkType.broken, 0.13, length=3.0, space=4.5, soffset=30.0))
    section = xodr.LaneSection(0.0, xodr.Lane(lane_type=xodr.LaneType.none))
    section.add_right_lane(right)
    lanes = xodr.Lanes()
    lanes.add_lanesection(section)
    view = xodr.PlanView(0.0, 0.0, 0.0)
    view.add_geometry(xodr.Line(80.0))
    file = xodr.OpenDrive("marks")
    file.add_road(xodr.Road(0, view, lanes))
    file.adjust_roads_and_lanes()
    return file


def test_carla_reads_the_marks_as_we_list_them() -> None:
    carla_map = carla.Map("marks", xodr_text(two_marks()))
    point = carla_map.get_waypoint_xodr(0, -1, 10.0)
    assert str(point.right_lane_marking.type) == "Solid"
    assert str(carla_map.get_waypoint_xodr(0, -1, 50.0).right_lane_marking.type) == "Broken"
