"""Maps too large for memory, or too far from the origin for single precision, are refused with a remedy. Large maps are accepted."""

from __future__ import annotations

import re

import numpy as np
import pytest

from driving.quantities import UserError
from driving.world.ground.contact import ROAD_FRICTION, Ground
from driving.world.maps.opendrive import FARTHEST_KM, MOST_LANES_KM, check_opendrive
from driving.world.maps.roads import RoadNetwork

ROAD = """<road name="" length="{length}" id="{number}" junction="-1"><planView><geometry s="0" x="{x}" y="0" hdg="0" length="{length}"><line/>
</geometry></planView><lanes><laneSection s="0"><center><lane id="0" type="none" level="false"/></center><right><lane id="-1" type="driving"
level="false"><width sOffset="0" a="3.5" b="0" c="0" d="0"/></lane></right></laneSection></lanes></road>"""


def _map(*roads: tuple[float, float]) -> str:
    """Return straight roads, each given as the x of its start and its length (m), as OpenDRIVE text."""
    body = "".join(ROAD.format(number=number, x=x, length=length) for number, (x, length) in enumerate(roads))
    return f'<OpenDRIVE><header revMajor="1" revMinor="4" name="" version="1"/>{body}</OpenDRIVE>'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (_map((0.0, 1e3 * MOST_LANES_KM + 1e4)), r"3,010 km of lanes where at most 3,000 km can be served: cut"),
        (_map((0.0, 100.0), (1e3 * FARTHEST_KM + 900.0, 100.0)), r"501 km from its origin where at most 500 km can be served: move"),
    ],
)
def test_an_absurd_map_is_refused_before_it_is_read(text: str, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        check_opendrive("vast", text)


def test_two_roads_hundreds_of_kilometres_apart_can_be_driven_on() -> None:
    network = RoadNetwork.from_opendrive("apart", _map((-3e5, 100.0), (3e5, 100.0)))
    ground = Ground.from_network(network)
    points = [point.transform.location for point in network.map.generate_waypoints(20.0)]
    x, y, z = np.array([(at.x, at.y, at.z) for at in points]).T.copy()
    heights, friction = ground.height(x, y, z)
    assert np.abs(heights - z).max() < 0.05
    assert (friction == ROAD_FRICTION).all()
