"""A route for a driver who gets navigation commands takes any way that a command names, and says which one, when, and no other."""

from __future__ import annotations

import math

import numpy as np

from driving.world.maps.route import COMMAND_AHEAD_M, Route
from driving.world.maps.routes import follow_lane
from policy.command import Command
from tests.world.maps.test_forks import star

CROSSING = (0.0, 90.0, 180.0, 270.0)


def drive_in(angles_deg: tuple[float, ...], road: int, commands: bool = True) -> Route:
    """Return the route along a road of a star to its junction, which is 40 m ahead of the start, and on."""
    carla_map = star(angles_deg)
    return follow_lane(carla_map, carla_map.get_waypoint_xodr(road, -1, 20.0), 300.0, commands=commands)


def test_every_way_through_a_crossing_has_the_command_that_it_needs() -> None:
    routes = [drive_in(CROSSING, road) for road in range(4)]
    turns = [route.turns[0] for route in routes]
    for route, turn in zip(routes, turns, strict=True):
        change = math.degrees(route.yaw_rad[-1] - route.yaw_rad[0])
        assert {Command.LEFT: -90, Command.STRAIGHT: 0, Command.RIGHT: 90}[turn.command] == round(change)
        assert route.in_junction[np.searchsorted(route.s_m, (turn.entry_m + turn.exit_m) / 2)]
    assert len({turn.command for turn in turns}) > 1, "all routes go the same way"
    for road, route in enumerate(routes):
        again = drive_in(CROSSING, road)
        assert again.turns == route.turns
        assert again.x_m.tobytes() == route.x_m.tobytes()


def test_a_command_holds_from_before_its_junction_to_its_end_and_elsewhere_the_lane_is_followed() -> None:
    route = drive_in(CROSSING, 1)
    [turn] = route.turns
    told = {s: route.command_at(s) for s in (turn.entry_m - COMMAND_AHEAD_M, turn.entry_m, turn.exit_m)}
    assert set(told.values()) == {turn.command}
    assert route.command_at(turn.entry_m - COMMAND_AHEAD_M - 1.0) == route.command_at(turn.exit_m + 1.0) == Command.FOLLOW


def test_without_commands_a_route_goes_straight_on_and_where_two_ways_have_one_command_neither_is_taken() -> None:
    for road in range(4):
        assert [turn.command for turn in drive_in(CROSSING, road, commands=False).turns] == [Command.STRAIGHT]
    two_lefts = drive_in((0.0, 55.0, 95.0, 270.0), 3)  # from the south: east is to the right, both others are to the left of straight on
    assert [turn.command for turn in two_lefts.turns] != [Command.LEFT]
    bend = drive_in((0.0, 90.0), 0)
    assert bend.turns == ()
    assert bend.length_m > 60.0, "a junction of two roads is no choice"


def test_a_route_that_ends_just_before_a_way_of_a_junction_has_no_turn_there() -> None:
    carla_map = star(CROSSING)
    start = carla_map.get_waypoint_xodr(1, -1, 20.0)
    routes = [follow_lane(carla_map, start, float(length)) for length in range(34, 46)]
    counts = [len(route.turns) for route in routes]
    assert counts == sorted(counts)
    assert {*counts} == {0, 1}
    assert all(0.0 < turn.entry_m <= turn.exit_m <= route.length_m for route in routes for turn in route.turns)
