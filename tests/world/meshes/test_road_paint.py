"""Crossings, stop lines, words and arrows are painted where the map has them as objects, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from driving.quantities import Pose
from driving.world.ground.contact import Ground
from driving.world.maps.opendrive import parse_opendrive
from driving.world.maps.road_objects import list_map_objects
from driving.world.maps.roads import RoadNetwork
from driving.world.meshes.paint import Paint
from driving.world.meshes.road_paint import STOP_LINE_M, STRIPE_EVERY_M, STRIPE_M, paint_objects
from driving.world.meshes.surfaces import Palette
from driving.world.rendering.boxes import NO_BOXES
from driving.world.rendering.camera import Lens
from driving.world.rendering.renderer import Renderer
from driving.world.rendering.scene import SceneConfig, build_scene
from driving.world.scenery.planting import SceneryConfig
from driving.world.weather import Weather
from tests.world.networks import ground, network

ROAD = """<OpenDRIVE><header revMajor="1" revMinor="4" name="" version="1"/><road name="" length="100" id="0" junction="-1"><planView>
<geometry s="0" x="10" y="20" hdg="{heading}" length="100"><line/></geometry></planView><elevationProfile>
<elevation s="0" a="2" b="0.02" c="0" d="0"/></elevationProfile>
<lanes><laneOffset s="0" a="{offset}" b="0" c="0" d="0"/><laneSection s="0"><left><lane id="1" type="driving" level="false">
<width sOffset="0" a="3.5" b="0" c="0" d="0"/></lane></left><center><lane id="0" type="none" level="false"/></center><right>
<lane id="-1" type="driving" level="false"><width sOffset="0" a="3.5" b="0" c="0" d="0"/></lane></right></laneSection></lanes>
<objects>{objects}</objects></road></OpenDRIVE>"""
LOCAL = "".join(f'<cornerLocal u="{u}" v="{v}" z="0"/>' for u, v in ((-3, -1.5), (3, -1.5), (3, 1.5), (-3, 1.5)))
ON_ROAD = "".join(f'<cornerRoad s="{s}" t="{t}" dz="0"/>' for s, t in ((48.5, -3), (48.5, 3), (51.5, 3), (51.5, -3)))
CROSSING = {
    "local": f'<object type="crosswalk" id="1" s="50" t="0" hdg="1.5707963" name="x"><outline>{LOCAL}</outline></object>',
    "road": f'<object type="crosswalk" id="1" s="50" t="0" hdg="0" name="x"><outlines><outline>{ON_ROAD}</outline></outlines></object>',
}
STOP_LINE = """<object type="-1" id="2" name="StopLine" s="30" t="-1.75" hdg="1.5707963"><outline><cornerLocal u="-1.6" v="0" z="0"/>
<cornerLocal u="1.6" v="0" z="0"/></outline></object>"""


def _map(objects: str, heading: float = 0.0, offset: float = 0.0) -> RoadNetwork:
    return RoadNetwork.from_opendrive("objects", ROAD.format(heading=heading, offset=offset, objects=objects))


def _paint(made: RoadNetwork) -> Paint:
    return paint_objects(made, Ground.from_network(made), Palette())


@pytest.mark.parametrize("kind", CROSSING)
def test_a_crossing_is_stripes_along_the_road_from_one_end_of_its_outline_to_the_other(kind: str) -> None:
    paint = _paint(_map(CROSSING[kind]))
    assert len(paint.ends) == 6 / STRIPE_EVERY_M
    x, y, z = paint.ends.reshape(-1, 3).T  # CARLA's y is OpenDRIVE's with the other sign
    assert np.ptp(x) == pytest.approx(3.0, abs=0.01)
    assert (x.min() + x.max()) / 2 == pytest.approx(60.0, abs=0.05)
    assert (y.min(), y.max()) == pytest.approx((-20 - 3 + STRIPE_M, -20 + 3 - STRIPE_M), abs=0.3)
    assert np.abs(z - (2.0 + 0.02 * (x - 10.0))).max() < 0.01
    assert np.abs(np.linalg.norm(paint.sides, axis=2) - STRIPE_M / 2).max() < 1e-5


@pytest.mark.parametrize("heading", [0.0, 0.7, -2.0])
@pytest.mark.parametrize("offset", [0.0, 1.2])
def test_a_stop_line_lies_across_its_lane(heading: float, offset: float) -> None:
    made = _map(STOP_LINE, heading, offset)
    paint = _paint(made)
    middle = paint.ends.mean(axis=(0, 1))
    away = np.array([-1.75 * -np.sin(heading), -1.75 * np.cos(heading)])  # to the left of the reference line, with a lane offset and without
    expected = np.array([10 + 30 * np.cos(heading) + away[0], -(20 + 30 * np.sin(heading) + away[1])])
    assert np.abs(middle[:2] - expected).max() < 0.05
    assert np.abs(np.linalg.norm(paint.sides, axis=2) * 2 - STOP_LINE_M).max() < 1e-5
    assert np.linalg.norm(paint.ends.reshape(-1, 3)[-1] - paint.ends.reshape(-1, 3)[0]) == pytest.approx(3.2, abs=0.01)


def test_a_camera_on_the_road_sees_the_stripes_of_a_crossing() -> None:
    made = _map(CROSSING["local"])
    renderer = Renderer(build_scene(made, Ground.from_network(made), 0, SceneConfig(SceneryConfig(density=0.0))))
    at = made.map.get_waypoint_xodr(0, -1, 40.0).transform
    camera = Pose(at.location.x, at.location.y, at.location.z + 1.5, -0.1, np.radians(at.rotation.yaw), 0.0)
    seen = renderer.render(camera, Lens(200, 66, 90.0), Weather(), NO_BOXES, 0.0, "semantic")
    changes = (np.diff((seen == 24).astype(int), axis=1) == 1).sum(axis=1)
    assert changes.max() >= 5


@pytest.mark.parametrize("name", ["Stencil_STOP", "Stencil_ArrowType4R", "Stencil_ArrowType4L", "Stencil_ArrowType3"])
def test_words_and_arrows_stay_within_their_size(name: str) -> None:
    paint = _paint(_map(f'<object type="-1" id="3" name="{name}" s="30" t="-1.75" hdg="0" length="2.4" width="2.2"/>'))
    x, y, _ = paint.ends.reshape(-1, 3).T
    assert len(paint.ends) >= 5
    assert np.abs(x - 40.0).max() <= 1.2 + 1e-3
    assert np.abs(y - (-20 + 1.75)).max() <= 1.1 + 1e-3


@pytest.mark.parametrize(
    "odd",
    [
        '<object type="crosswalk" id="1" s="50" t="0"/>',
        '<object type="crosswalk" id="1" s="1e7" t="0"><outline>' + 3 * '<cornerLocal u="0" v="0"/>' + "</outline></object>",
        '<object name="StopLine" id="1" s="-5" t="900"><outline/></object>',
        '<object type="tree" id="1" s="5" t="9"/>',
    ],
)
def test_objects_without_usable_outlines_or_of_other_types_paint_nothing(odd: str) -> None:
    assert len(_paint(_map(odd)).ends) == 0


def test_lateral_places_of_objects_count_from_the_line_between_the_lanes() -> None:
    (one,) = list_map_objects(parse_opendrive("objects", ROAD.format(heading=0.0, offset=1.2, objects=CROSSING["road"])))
    assert (one.type, one.s_m, one.t_m, one.along_road) == ("crosswalk", 50.0, -1.2, True)
    assert one.outline[0] == (48.5, pytest.approx(-4.2))


def test_a_map_without_objects_has_no_paint_of_objects() -> None:
    assert len(paint_objects(network("track:3"), ground("track:3"), Palette()).ends) == 0
