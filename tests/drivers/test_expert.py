"""The expert's label: it asks for what a driver can know from the picture."""

from __future__ import annotations

import numpy as np
import pytest

from driving.bicycle import Bicycle
from driving.drivers.driver import DriveContext
from driving.drivers.expert import FAINT_M, HIDDEN_M, Expert, find_guidance
from driving.world.generated.networks.streets import write_streets
from driving.world.maps.opendrive import read_map
from driving.world.maps.route import Route
from driving.world.maps.routes import spread_routes
from tests.evaluation.failures.test_find import between, make_route

BARE = {"in_junction": between(100, 140, True).astype(bool), "painted": between(100, 140, False, True).astype(bool)}
BICYCLE = Bicycle()


def steer(route: Route, s_m: float, lateral_m: float, heading_error_rad: float = 0.0) -> float:
    """Return the expert's steer at a place of a route."""
    expert = Expert()
    expert.reset(DriveContext(route, BICYCLE, 0.1, 11.0, 0))
    return expert.steer(s_m, lateral_m, heading_error_rad, 11.0)


def test_on_a_junction_without_paint_it_leaves_the_lateral_error_alone_until_paint_is_near() -> None:
    route = make_route(**BARE)
    assert steer(route, 99.0, 1.0) == pytest.approx(0.0, abs=1e-9), "the paint ends 3 m before the junction in the camera's picture"
    assert steer(route, 115.0, 1.0) == pytest.approx(0.0, abs=1e-9)
    assert steer(route, 150.0, 1.0) < -0.02
    assert steer(route, 80.0, 1.0) == steer(route, 150.0, 1.0)
    shares = find_guidance(route)
    assert np.all(np.diff(shares[115:141]) >= 0.0)
    assert 0.0 < shares[130] < 1.0


def test_it_holds_its_direction_there() -> None:
    assert -0.1 < steer(make_route(**BARE), 115.0, 0.0, 0.1) < -0.05
    assert 0.05 < steer(make_route(**BARE), 115.0, 0.0, -0.1) < 0.1


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"in_junction": BARE["in_junction"]},
        {"painted": BARE["painted"]},
        BARE | {"curvature_per_m": between(95, 145, 1.0 / 30.0)},
    ],
    ids=["a painted road", "a painted junction", "a road without paint", "a junction that bends, beside its edge"],
)
def test_elsewhere_it_returns_to_the_middle(changed: dict[str, np.ndarray]) -> None:
    assert np.all(find_guidance(make_route(**changed)) == 1.0)


def test_a_closed_route_sees_the_paint_beyond_its_start() -> None:
    bare = {"in_junction": between(370, 401, True).astype(bool), "painted": between(370, 401, False, True).astype(bool)}
    assert find_guidance(make_route(closed=True, **bare))[-1] == 1.0
    assert find_guidance(make_route(closed=False, **bare))[-1] == 0.0
    assert np.all(find_guidance(make_route(in_junction=np.ones(401, bool), painted=np.zeros(401, bool))) == 0.0)


def test_on_a_generated_network_it_has_no_guidance_on_the_middle_of_junctions_only() -> None:
    [route] = spread_routes(read_map("streets_3", write_streets(3)), 1, 800.0, 0)
    shares, bare = find_guidance(route), route.in_junction & ~route.painted
    assert 0.02 < np.mean(shares == 0.0) < 0.4
    beyond = np.flatnonzero(shares == 0.0)
    assert all(bare[(route.s_m >= route.s_m[k] + HIDDEN_M) & (route.s_m < route.s_m[k] + FAINT_M - 1.0)].all() for k in beyond)
