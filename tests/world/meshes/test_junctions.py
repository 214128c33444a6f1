"""Gaps between a junction's lanes are paved at the lanes' height. Gaps wider than 5 m, and places on a lane or outside of a junction, are not."""

from __future__ import annotations

import numpy as np

from driving.quantities import Pose
from driving.world.ground.contact import ROAD_FRICTION, Ground
from driving.world.maps.roads import RoadNetwork
from driving.world.meshes.junctions import LOWER_M, make_junction_mesh
from driving.world.meshes.materials import PAVED, TAGS
from driving.world.meshes.surfaces import Palette
from driving.world.rendering.boxes import NO_BOXES
from driving.world.rendering.camera import Lens
from driving.world.rendering.renderer import Renderer
from driving.world.rendering.scene import SceneConfig, build_scene
from driving.world.scenery.planting import SceneryConfig
from driving.world.weather import Weather
from tests.standin.traffic.crossing import crossing_with_lights
from tests.world.networks import ground, network

ROAD = """<road name="" length="30" id="{number}" junction="{junction}"><planView><geometry s="0" x="0" y="{y}" hdg="0" length="30"><line/></geometry>
</planView><elevationProfile><elevation s="0" a="{z}" b="0" c="0" d="0"/></elevationProfile><lanes><laneSection s="0"><center>
<lane id="0" type="none" level="false"/></center><right><lane id="-1" type="driving" level="false"><width sOffset="0" a="3.5" b="0" c="0" d="0"/>
</lane></right></laneSection></lanes></road>"""


def _two_lanes(gap_m: float, step_m: float = 0.0, junction: int = 7) -> np.ndarray:
    roads = ROAD.format(number=0, junction=junction, y=0.0, z=1.0) + ROAD.format(number=1, junction=junction, y=3.5 + gap_m, z=1.0 + step_m)
    made = RoadNetwork.from_opendrive("gap", f'<OpenDRIVE><header revMajor="1" revMinor="4" name="" version="1"/>{roads}</OpenDRIVE>')
    return make_junction_mesh(made, Ground.from_network(made), Palette()).triangles


def _area(triangles: np.ndarray) -> float:
    a, b = triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    return float(np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum() / 2.0)


def test_the_whole_gap_is_paved_at_the_lanes_height() -> None:
    paved = _two_lanes(4.0)
    assert abs(_area(paved) - 4.0 * 30.0) < 1.0
    assert np.abs(paved[..., 2] - (1.0 - LOWER_M)).max() < 1e-3
    assert TAGS[PAVED] == 1


def test_wide_gaps_steps_and_gaps_outside_of_junctions_stay_open() -> None:
    assert len(_two_lanes(7.0)) == len(_two_lanes(3.0, step_m=2.0)) == len(_two_lanes(3.0, junction=-1)) == 0


def test_the_middle_of_a_crossing_shows_no_grass() -> None:
    made = RoadNetwork.from_opendrive("crossing", crossing_with_lights())
    renderer = Renderer(build_scene(made, Ground.from_network(made), 0, SceneConfig(SceneryConfig(density=0.0))))
    seen = renderer.render(Pose(0.0, 0.0, 60.0, -np.pi / 2, 0.0, 0.0), Lens(100, 100, 12.0), Weather(), NO_BOXES, 0.0, "semantic")
    assert (seen != 10).all()


def test_the_pavement_is_below_every_lane() -> None:
    paved = make_junction_mesh(network("Town02"), ground("Town02"), Palette()).triangles.astype(float)
    assert len(paved)
    middles = paved.mean(axis=1)
    level, friction = ground("Town02").height(*middles.T.copy())
    assert (middles[:, 2] < level)[friction == ROAD_FRICTION].all()


def test_nothing_is_paved_on_a_track_without_junctions() -> None:
    assert len(make_junction_mesh(network("track:3"), ground("track:3"), Palette()).triangles) == 0
