"""On roads that overlap or are offset where they meet, each point of a route still lies ahead of the one before."""

from __future__ import annotations

import math

import numpy as np
import pytest

from driving.world.maps.opendrive import read_map
from driving.world.maps.routes import follow_lane

ROAD = """<road name="" length="60" id="{number}" junction="-1"><link>{link}</link><planView><geometry s="0" x="{x}" y="{y}" hdg="0" length="60">
<line/></geometry></planView><lanes><laneSection s="0"><center><lane id="0" type="none" level="false"/></center><right><lane id="-1" type="driving"
level="false"><link>{lane}</link><width sOffset="0" a="3.5" b="0" c="0" d="0"/></lane></right></laneSection></lanes></road>"""


@pytest.mark.parametrize(("x", "y"), [(60.0, 0.0), (56.5, 0.0), (60.0, 1.5), (57.0, -1.0)])
def test_no_point_of_a_route_lies_behind_or_beside_the_one_before(x: float, y: float) -> None:
    first = ROAD.format(number=0, x=0, y=0, link='<successor elementType="road" elementId="1" contactPoint="start"/>', lane='<successor id="-1"/>')
    second = ROAD.format(number=1, x=x, y=y, link='<predecessor elementType="road" elementId="0" contactPoint="end"/>', lane='<predecessor id="-1"/>')
    carla_map = read_map("folded", f'<OpenDRIVE><header revMajor="1" revMinor="4" name="" version="1"/>{first}{second}</OpenDRIVE>')
    route = follow_lane(carla_map, carla_map.get_waypoint_xodr(0, -1, 2.0), 100.0)
    steps = np.diff(np.stack([route.x_m, route.y_m], 1), axis=0)
    assert route.x_m[-1] > 90.0
    assert (steps[:, 0] > 0.0).all()
    assert np.abs(np.arctan2(steps[:, 1], steps[:, 0])).max() <= math.acos(0.8) + 1e-6
    assert np.hypot(*steps.T).max() < 6.0
