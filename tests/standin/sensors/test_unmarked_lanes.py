"""The client's lane invasion sensor survives lanes whose road marks are missing in the map's text."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from driving.world.generated.tracks import TrackConfig, generate_track
from driving.world.maps.map_text import NO_MARK, mend_opendrive
from tests.shared_data import shared
from tests.standin.conftest import ours
from tests.standin.servers import ROOT, Server

pytestmark = ours
TRACK = generate_track(1, TrackConfig(length_m=200.0))


def read_text(name: str) -> str:
    """Return the text of a map whose lanes have no marks, or whose marks begin late."""
    if name == "fault":
        return shared("faults/lanes_without_road_marks.xodr").read_text()
    late = re.sub(r'<roadMark sOffset="[^"]*"', '<roadMark sOffset="150"', TRACK)
    assert late != TRACK
    return late


@pytest.mark.parametrize("name", ["fault", "marks begin late"])
def test_a_car_crosses_lanes_without_marks_and_the_client_lives(server: Server, tmp_path: Path, name: str) -> None:
    text = read_text(name)
    (tmp_path / "map.xodr").write_text("<!-- made by hand -->\n" + text)
    command = [sys.executable, "-m", "tests.standin.sensors.unmarked_lanes", str(server.port), str(tmp_path / "map.xodr")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    served = server.client().get_world().get_map().to_opendrive()
    assert served == mend_opendrive(text)
    assert NO_MARK.decode() in served
