"""Verges, retaining walls and bridge decks close the gap between road and land. None of them stands over a lane."""

from __future__ import annotations

import numpy as np
import pytest

from driving.world.ground.contact import ROAD_FRICTION, Ground
from driving.world.ground.terrain import lane_points
from driving.world.maps.roads import RoadNetwork
from driving.world.meshes.embankments import make_embankments
from driving.world.meshes.materials import BARRIER, BRIDGE, TAGS, VERGE
from driving.world.meshes.surfaces import Mesh, Palette
from tests.shared_data import shared
from tests.world.networks import network

ROAD = """<road name="" length="{length}" id="{number}" junction="-1"><planView><geometry s="0" x="{x}" y="{y}" hdg="{heading}" length="{length}">
<line/></geometry></planView><elevationProfile><elevation s="0" a="{z}" b="0" c="0" d="0"/></elevationProfile><lanes><laneSection s="0"><left>
<lane id="1" type="driving" level="false"><width sOffset="0" a="3.5" b="0" c="0" d="0"/></lane></left><center><lane id="0" type="none" level="false"/>
</center><right><lane id="-1" type="driving" level="false">
<width sOffset="0" a="3.5" b="0" c="0" d="0"/></lane></right></laneSection></lanes></road>"""
UNDER = {"number": 0, "x": -150, "y": 0, "heading": 0.0, "z": 0.0, "length": 300}
BRIDGED = (UNDER, {"number": 1, "x": 0, "y": -100, "heading": np.pi / 2, "z": 6.0, "length": 200})
BESIDE = (UNDER, {"number": 1, "x": -150, "y": 9.0, "heading": 0.0, "z": 4.0, "length": 300})
SLOPED = (UNDER, {"number": 1, "x": -150, "y": 12.0, "heading": 0.0, "z": 0.8, "length": 300})


def _network(roads: tuple[dict, ...]) -> RoadNetwork:
    text = "".join(ROAD.format(**road) for road in roads)
    return RoadNetwork.from_opendrive("roads", f'<OpenDRIVE><header revMajor="1" revMinor="4" name="" version="1"/>{text}</OpenDRIVE>')


def _built(roads: tuple[dict, ...]) -> tuple[Mesh, Mesh]:
    made = _network(roads)
    ground = Ground.from_network(made)
    return make_embankments(made, ground, ground.terrain.lower_for_drawing(lane_points(made)), Palette())


def test_a_level_road_has_verges_and_nothing_built() -> None:
    verges, built = _built((UNDER,))
    assert set(verges.materials) == {VERGE}
    assert len(built.triangles) == 0


def test_a_road_over_another_is_a_bridge_with_girders_and_parapets() -> None:
    _, built = _built(BRIDGED)
    deck = built.triangles[built.materials == BRIDGE]
    assert TAGS[BRIDGE] == 26
    assert 6.6 < deck[..., 2].max() < 7.0
    over = deck[np.abs(deck[..., 1]).max(axis=1) < 5.0]
    assert (over[..., 2] > 4.5).all()  # the deck leaves the road below free
    along = np.abs(deck[..., 1].mean(axis=1))
    assert along.max() < 20.0


def test_a_road_close_beside_and_high_above_another_has_a_retaining_wall() -> None:
    _, built = _built(BESIDE)
    wall = built.triangles[built.materials == BARRIER]
    assert TAGS[BARRIER] == 4
    assert set(built.materials) == {BARRIER}
    assert wall[..., 2].min() < 0.5  # the wall reaches the land between the roads
    assert np.ptp(wall[..., 0]) > 290.0
    assert (np.abs(wall[..., 1]) > 3.9).all()  # the wall stands beside the lower road's lanes, which end at 3.5 m


def test_a_road_a_little_above_another_has_a_verge_that_ends_below_it() -> None:
    verges, built = _built(SLOPED)
    assert len(built.triangles) == 0
    between = verges.triangles[np.abs(np.abs(verges.triangles[..., 1]) - 6.0).max(axis=1) < 2.6]
    assert len(between)


def _above_lanes(road: RoadNetwork) -> np.ndarray:
    """Return the points (N, 3) on walls and bridges that are where a lane's traffic drives."""
    ground = Ground.from_network(road)
    _, built = make_embankments(road, ground, ground.terrain.lower_for_drawing(lane_points(road)), Palette())
    shares = np.array([(a, b, 1 - a - b) for a in np.linspace(0, 1, 6) for b in np.linspace(0, 1 - a, 6)])
    at = np.einsum("sk,fkc->fsc", shares, built.triangles.astype(float)).reshape(-1, 3)
    level, friction = ground.height(*at.T.copy())
    return at[(friction == ROAD_FRICTION) & (at[:, 2] - level > 0.02) & (at[:, 2] - level < 3.0)]


@pytest.mark.parametrize("roads", [BRIDGED, BESIDE, SLOPED])
def test_nothing_built_stands_over_a_lane(roads: tuple[dict, ...]) -> None:
    assert len(_above_lanes(_network(roads))) == 0


def test_nothing_built_stands_over_a_lane_of_the_shared_maps() -> None:
    for path in sorted(shared("maps").glob("*.xodr")):
        assert len(_above_lanes(network(path.stem))) == 0, path.stem
