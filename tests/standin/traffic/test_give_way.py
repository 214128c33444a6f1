"""Who waits at stop and yield signs: vehicles before and in a crossing whose east and west arms have signs. The other arms have none."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from driving.standin.traffic.give_way import PATIENCE_S, STOP_S, GiveWay
from driving.standin.traffic.signals import find_signs
from driving.world.maps.roads import RoadNetwork
from driving.world.physics import dynamics
from driving.world.physics.fleet import Fleet
from tests.standin.traffic.crossing import HALF_M, WIDTH_M, crossing_with_lights

STOP, YIELD, NO_SIGN = "206", "205", "101"
SIDE_M = WIDTH_M / 2.0
EAST = (HALF_M + 4.0, -SIDE_M, math.pi)  # before the line of the eastern arm, facing the crossing (CARLA's axes: y to the south)
WEST = (-HALF_M - 4.0, SIDE_M, 0.0)
DT_S = 0.5


def make_crossing(kinds: dict[int, str]) -> GiveWay:
    """Make the crossing with signs instead of lights; `kinds` has their types by the number of the arm."""
    text = crossing_with_lights().replace('dynamic="yes"', 'dynamic="no"')
    for number in range(4):
        text = re.sub(rf'(id="{900 + number}".*?type=")1000001', rf"\g<1>{kinds.get(number, NO_SIGN)}", text, count=1)
    network = RoadNetwork.from_opendrive("signs", text)
    return GiveWay(network, [place for place in find_signs(network) if place.limit_kmh == 0.0])


def make_fleet(*places: tuple[float, float, float]) -> Fleet:
    """Put standing vehicles at places (x m, y m, yaw rad)."""
    fleet = Fleet()
    for x, y, yaw in places:
        fleet.add(state=dynamics.place(x, y, 0.0, yaw_rad=yaw))
    return fleet


def record_held(give_way: GiveWay, fleet: Fleet, seconds: float, row: int = 0) -> list[bool]:
    """Return whether a vehicle is held at each step of so many seconds."""
    history = []
    for _ in range(round(seconds / DT_S)):
        give_way.hold_vehicles(fleet, DT_S)
        history.append(bool(fleet.gives_way[row]))
    return history


def test_a_stop_sign_holds_a_vehicle_until_it_has_stood_and_then_lets_it_go() -> None:
    fleet = make_fleet(EAST)
    fleet.state[0, dynamics.VX] = 5.0
    give_way = make_crossing({0: STOP, 2: STOP})
    assert all(record_held(give_way, fleet, 5.0)), "it has not stopped yet"
    fleet.state[0, dynamics.VX] = 0.0
    history = record_held(give_way, fleet, STOP_S + 1.0)
    assert history[0]
    assert not history[-1]


def test_a_yield_sign_lets_a_vehicle_pass_where_nobody_comes() -> None:
    fleet = make_fleet(EAST)
    fleet.state[0, dynamics.VX] = 5.0
    assert not any(record_held(make_crossing({0: YIELD, 2: YIELD}), fleet, 3.0))


@pytest.mark.parametrize("kind", [STOP, YIELD])
@pytest.mark.parametrize(("y_m", "speed_mps"), [(-10.0, 0.0), (-HALF_M - 15.0, 8.0)], ids=["in the crossing", "coming to it"])
def test_a_vehicle_waits_for_what_is_in_the_crossing_or_comes_to_it(kind: str, y_m: float, speed_mps: float) -> None:
    give_way, fleet = make_crossing({0: kind, 2: kind}), make_fleet(EAST, (-SIDE_M, y_m, math.pi / 2.0))
    fleet.state[1, dynamics.VX] = speed_mps
    assert all(record_held(give_way, fleet, PATIENCE_S - 1.0))
    fleet.state[1, dynamics.Y] = HALF_M + 30.0
    assert not record_held(give_way, fleet, 1.0)[-1]


def test_a_vehicle_that_stands_on_its_way_to_the_crossing_gives_up_its_turn() -> None:
    fleet = make_fleet(EAST, (-SIDE_M, -HALF_M - 15.0, math.pi / 2.0))
    assert not record_held(make_crossing({0: YIELD, 2: YIELD}), fleet, 1.0)[-1]


def test_of_two_at_stop_signs_one_goes_first() -> None:
    fleet = make_fleet(EAST, WEST)
    give_way = make_crossing({0: STOP, 2: STOP})
    record_held(give_way, fleet, STOP_S + 0.5)
    assert fleet.gives_way.tolist() == [False, True]
    fleet.state[0, dynamics.X] = -HALF_M - 30.0
    record_held(give_way, fleet, 1.0)
    assert fleet.gives_way.tolist() == [False, False]


def test_nobody_waits_for_ever() -> None:
    fleet = make_fleet(EAST, (-SIDE_M, -10.0, math.pi / 2.0))
    history = record_held(make_crossing({0: STOP, 2: STOP}), fleet, PATIENCE_S + 2.0)
    assert history[round(PATIENCE_S / DT_S) - 3]
    assert not history[-1]


def test_signs_do_not_hold_vehicles_that_drive_away_from_them_or_are_elsewhere() -> None:
    fleet = make_fleet((EAST[0], -EAST[1], 0.0), (60.0, -SIDE_M, math.pi), (SIDE_M, HALF_M + 4.0, -math.pi / 2.0))
    give_way = make_crossing({0: STOP, 2: STOP})
    give_way.hold_vehicles(fleet, DT_S)
    np.testing.assert_array_equal(fleet.gives_way, False)
