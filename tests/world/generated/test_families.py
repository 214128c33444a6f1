"""Every family's roads can be driven in every lane, and each driven lane can be told by what is seen of its borders."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from itertools import pairwise, product

import carla
import numpy as np
import pytest

from driving.quantities import UserError
from driving.world.generated.families import FAMILIES, NETWORKS, PLANS, generate_road
from driving.world.generated.plan import LONGEST_GAP_M, NO_MARK, Lane, Mark, Piece, RoadPlan, Section, constant, is_plan_tellable, is_tellable
from driving.world.maps.roads import RoadNetwork
from driving.world.maps.routes import NARROWEST_M, spread_routes

SEEDS = range(2)


@pytest.mark.parametrize("family", PLANS)
def test_the_borders_of_every_driving_lane_can_be_seen(family: str) -> None:
    for seed in range(30):
        assert is_plan_tellable(PLANS[family](seed))


@pytest.mark.parametrize("family", PLANS)
def test_routes_run_on_every_lane_of_a_family_without_a_jump(family: str) -> None:
    for seed in SEEDS:
        carla_map = RoadNetwork.from_opendrive(f"{family}_{seed}", generate_road(family, seed)).map
        routes = spread_routes(carla_map, 3, 500.0, seed)
        assert max(route.length_m for route in routes) > 450.0
        for route in routes:
            assert route.lane_width_m.min() >= NARROWEST_M
            assert np.abs(np.diff(route.curvature_per_m)).max() < 0.04
            assert np.abs(np.diff(route.z_m)).max() < 0.15


@pytest.mark.parametrize("family", NETWORKS)
def test_routes_go_through_a_networks_junctions_without_a_jump_and_turn_into_none_of_several_ways(family: str) -> None:
    for seed in SEEDS:
        carla_map = RoadNetwork.from_opendrive(f"{family}_{seed}", generate_road(family, seed)).map
        routes = spread_routes(carla_map, 4, 800.0, seed)
        places = [carla.Location(float(x), float(y), 0.0) for x, y in zip(routes[0].x_m, routes[0].y_m, strict=True)]
        crossed = [carla_map.get_waypoint(place).is_junction for place in places]
        assert 20 < sum(crossed) < len(crossed) / 2 + 40
        for route in routes:
            assert np.abs(np.diff(route.curvature_per_m)).max() < 0.045
            assert np.abs(route.curvature_per_m).max() < 1.0 / 6.0


def test_ways_over_a_crossing_of_streets_go_on_in_line_as_a_driver_who_sees_no_paint_expects() -> None:
    turns = list[float]()
    for seed in SEEDS:
        carla_map = RoadNetwork.from_opendrive(f"streets_{seed}", generate_road("streets", seed)).map
        for route in spread_routes(carla_map, 4, 800.0, seed):
            ends = np.flatnonzero(np.diff(route.in_junction.astype(int)))
            turns += [abs(float(route.yaw_rad[b] - route.yaw_rad[a])) for a, b in pairwise(ends) if route.in_junction[a + 1]]
    over = [turn for turn in turns if turn < np.pi / 4]  # the others are corners, where only two streets meet
    assert len(over) > 10
    assert max(over) < 0.1


def test_every_lane_of_a_street_goes_on_in_a_lane_of_the_same_width_without_a_jump() -> None:
    crossed = 0
    for seed in SEEDS:
        for _, end in carla.Map("streets", generate_road("streets", seed)).get_topology():
            for following in end.next(0.2):
                crossed += following.is_junction
                assert end.transform.location.distance(following.transform.location) < 0.5
                assert abs(following.lane_width - end.lane_width) < 0.1
                assert abs(np.sin(np.radians(following.transform.rotation.yaw - end.transform.rotation.yaw))) < 0.1
    assert crossed > 100


def test_every_lane_of_a_way_through_a_crossing_goes_on_in_a_driven_lane_at_both_ends() -> None:
    for seed in range(30):
        roads = {road.get("id"): road for road in ET.fromstring(generate_road("streets", seed)).iter("road")}
        driven = {(number, lane.get("id")) for number, road in roads.items() for lane in road.findall(".//lane[@type='driving']")}
        ways = [road for road in roads.values() if road.get("junction") != "-1"]
        assert ways
        for way, end in product(ways, ("predecessor", "successor")):
            beyond = way.find(f"link/{end}")
            assert beyond is not None
            lanes = way.findall(f".//lane[@type='driving']/link/{end}")
            assert {(beyond.get("elementId"), lane.get("id")) for lane in lanes} <= driven


def test_streets_of_one_network_differ_in_lanes_and_some_have_medians_and_lines_go_on_in_some_junctions() -> None:
    medians, lines = set[bool](), set[bool]()
    for seed in range(8):
        roads = list(ET.fromstring(generate_road("streets", seed)).iter("road"))
        streets, ways = ([road for road in roads if (road.get("junction") != "-1") == is_way] for is_way in (False, True))
        counts = {len(street.findall(".//right/lane[@type='driving']")) for street in streets}
        assert len(counts) > 1
        medians |= {street.find(".//lane[@type='median']") is not None for street in streets}
        lines |= {way.find(".//center/lane/roadMark[@type='none']") is None for way in ways}
    assert medians == {True, False}
    assert lines == {True, False}


def test_the_lines_of_a_roundabout_go_on_where_roads_meet_its_ring() -> None:
    lanes = set[int]()
    for seed in range(12):
        carla_map = RoadNetwork.from_opendrive(f"roundabout_{seed}", generate_road("roundabout", seed)).map
        for route in spread_routes(carla_map, 4, 300.0, seed):
            if route.closed:
                assert route.in_junction.any()
                assert route.painted.all()
                lanes.add(int(route.lane[0]))
    assert lanes == {-1, -2}


def test_the_same_seed_gives_the_same_text_and_another_seed_another_road() -> None:
    for family in FAMILIES:
        assert generate_road(family, 5) == generate_road(family, 5) != generate_road(family, 6)


def test_the_middle_lane_of_a_two_plus_one_road_serves_both_directions_in_turn() -> None:
    plan = PLANS["two_plus_one"](1)
    owners = ["".join(side[0] for side in ("left", "right") if any(lane.name == "middle" for lane in getattr(part, side))) for part in plan.sections]
    assert {"l", "r", "lr"} == set(owners)
    carla_map = carla.Map("road", generate_road("two_plus_one", 1))
    outer = [point for point in carla_map.generate_waypoints(20.0) if point.lane_width > 2.0]
    assert {point.lane_id > 0 for point in outer} == {True, False}


def test_a_merging_roads_further_lane_grows_from_nothing_and_ends_in_nothing() -> None:
    carla_map = carla.Map("road", generate_road("merging", 1))
    sections = [len(section.findall("right/lane[@type='driving']")) for section in ET.fromstring(generate_road("merging", 1)).iter("laneSection")]
    assert len(set(sections)) == 2
    further = [lane for lane in carla_map.generate_waypoints(5.0) if lane.lane_id == -max(sections)]
    widths = np.array([lane.lane_width for lane in further])
    assert widths.min() < 0.3
    assert widths.max() > 2.9


def test_a_lane_without_paint_beside_asphalt_cannot_be_told() -> None:
    lane, line = Lane("driving", constant(3.5)), Mark("solid")
    lined, shoulder, walk = Lane("driving", constant(3.5), line), Lane("shoulder", constant(2.0)), Lane("sidewalk", constant(2.0))
    assert is_tellable(Section(0.0, line, (), (lined, shoulder)))
    assert is_tellable(Section(0.0, line, (), (lane, walk)))
    assert is_tellable(Section(0.0, NO_MARK, (walk,), (lined,)))
    assert not is_tellable(Section(0.0, line, (), (lane, shoulder)))
    assert not is_tellable(Section(0.0, NO_MARK, (lined,), (lined,)))
    assert not is_tellable(Section(0.0, line, (), (lane, lined)))


def test_a_line_may_be_missing_for_a_few_metres_behind_a_place_where_it_was_seen() -> None:
    line, pieces = Mark("solid"), (Piece(0.0, 0.0, 100.0),)
    lane, lined = Lane("driving", constant(3.5)), Lane("driving", constant(3.5), line)
    shoulder = Lane("shoulder", constant(2.0))

    def plan(start_m: float, end_m: float) -> RoadPlan:
        painted, bare = (lined, shoulder), (lane, shoulder)
        return RoadPlan(pieces, (Section(0.0, line, (), painted), Section(start_m, line, (), bare), Section(end_m, line, (), painted)))

    assert is_plan_tellable(plan(20.0, 20.0 + LONGEST_GAP_M))
    assert not is_plan_tellable(plan(20.0, 21.0 + LONGEST_GAP_M))
    assert not is_plan_tellable(RoadPlan(pieces, (Section(0.0, line, (), (lane, shoulder)),)))


def test_an_unknown_family_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UserError, match="'rally' is not a family of generated roads: give one of track, street, rural"):
        generate_road("rally", 0)
