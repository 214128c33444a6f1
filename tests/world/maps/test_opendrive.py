"""A text that is not a drivable OpenDRIVE map is refused with a remedy, even if it crashes CARLA's reader. Sound maps are read unchanged."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from driving.quantities import UserError
from driving.world.generated.tracks import TrackConfig, generate_track
from driving.world.maps import opendrive
from driving.world.maps.opendrive import check_opendrive, list_lanes, list_signals, parse_opendrive, read_banks, read_map
from tests.world.networks import REAL, map_text

TRACK = generate_track(1, TrackConfig(length_m=200.0))


@pytest.fixture(autouse=True)
def _no_verdicts_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep verdicts in an empty folder, so that every text is read."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(opendrive, "_checked", set())


@pytest.mark.parametrize("name", REAL)
def test_real_maps_are_accepted(name: str) -> None:
    check_opendrive(name, map_text(name))


def without(pattern: str) -> str:
    text = re.sub(pattern, "", TRACK, flags=re.DOTALL)
    assert text != TRACK
    return text


BROKEN = {
    "empty": "",
    "no XML": "waypoints: [1, 2]",
    "cut short": TRACK[: len(TRACK) // 2],
    "another XML": "<osm><way/></osm>",
    "no road": '<OpenDRIVE><header revMajor="1" revMinor="4"/></OpenDRIVE>',
    "no driving lane": TRACK.replace('type="driving"', 'type="sidewalk"'),
    "no geometry": without(r"<geometry .*</geometry>"),
    "no plan view": without(r"<planView>.*</planView>"),
    "no width": without(r"<width [^>]*/>"),
    "length is not a number": re.sub(r'(<road [^>]*length=)"[^"]*"', r'\1"long"', TRACK),
    "length is NaN": re.sub(r'(<road [^>]*length=)"[^"]*"', r'\1"nan"', TRACK),
    "length is infinite": re.sub(r'(<road [^>]*length=)"[^"]*"', r'\1"inf"', TRACK),
    "road id is a word": re.sub(r'(<road [^>]*?\bid=)"0"', r'\1"main street"', TRACK),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_map_is_refused_in_one_line_with_the_remedy(name: str) -> None:
    with pytest.raises(UserError) as caught:
        check_opendrive("town", BROKEN[name])
    message = str(caught.value)
    assert message.startswith("map town ")
    assert "give a whole OpenDRIVE" in message
    assert "\n" not in message


def test_a_reader_that_crashes_takes_only_its_child_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opendrive, "_CHECK", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    with pytest.raises(UserError, match=r"CARLA's map reader failed on it \(exit -11\)"):
        check_opendrive("town", TRACK)


def test_a_reader_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opendrive, "_CHECK", "import time; time.sleep(60)")
    monkeypatch.setattr(opendrive, "CHECK_TIMEOUT_S", 0.3)
    with pytest.raises(UserError, match="hung on it"):
        check_opendrive("town", TRACK)


def test_a_verdict_is_kept_on_disk_for_the_same_text_only(monkeypatch: pytest.MonkeyPatch) -> None:
    check_opendrive("town", TRACK)
    monkeypatch.setattr(opendrive, "_checked", set())
    monkeypatch.setattr(opendrive, "_read_in_child", lambda *_: "was asked again")
    check_opendrive("town", TRACK)
    with pytest.raises(UserError, match="was asked again"):
        check_opendrive("town", TRACK + " ")


def test_a_home_that_cannot_be_written_costs_nothing_but_the_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    check_opendrive("town", TRACK)


def test_reading_a_map_without_georeference_says_nothing_on_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    assert len(read_map("town", TRACK).generate_waypoints(10.0)) > 20
    assert "georeference" not in capfd.readouterr().err


def test_lanes_marks_signals_and_banks_are_listed_as_the_text_has_them() -> None:
    root = parse_opendrive("small", SMALL)
    lanes = {(lane.road_id, lane.lane_id, lane.start_m): lane for lane in list_lanes(root)}
    assert set(lanes) == {(7, 1, 0.0), (7, 0, 0.0), (7, -1, 0.0), (7, -1, 40.0)}
    assert [(lane.start_m, lane.end_m) for lane in lanes.values() if lane.lane_id == -1] == [(0.0, 40.0), (40.0, 90.0)]
    first, second = lanes[7, -1, 0.0].marks
    assert (first.kind, first.s_m, first.colour, first.width_m) == ("solid", 0.0, "white", 0.2)
    assert (second.kind, second.s_m, second.colour, second.dash_m, second.gap_m) == ("broken", 15.0, "yellow", 2.0, 6.0)
    assert lanes[7, 1, 0.0].marks[0].kind == "solidbroken"
    assert all(lane.in_junction for lane in lanes.values())
    (signal,) = list_signals(root)
    assert (signal.id, signal.road_id, signal.s_m, signal.t_m, signal.type, signal.dynamic) == ("31", 7, 12.0, -4.0, "1000001", True)
    assert read_banks(root) == {7: [(0.0, 0.05, 0.0, 0.0, 0.0)]}


def test_namespaces_do_not_hide_a_map() -> None:
    spaced = SMALL.replace("<OpenDRIVE>", '<OpenDRIVE xmlns="http://www.opendrive.org">')
    assert ET.tostring(parse_opendrive("spaced", spaced)) == ET.tostring(parse_opendrive("plain", SMALL))


SMALL = """<OpenDRIVE><road id="7" length="90" junction="3">
<lateralProfile><superelevation s="0" a="0.05" b="0" c="0" d="0"/></lateralProfile>
<lanes>
<laneSection s="0">
<left><lane id="1" type="driving"><roadMark sOffset="0" type="broken solid" color="standard"/></lane></left>
<center><lane id="0" type="none"/></center>
<right><lane id="-1" type="driving">
<roadMark sOffset="15" type="broken" color="yellow"><type name="broken"><line length="2" space="6" tOffset="0" sOffset="0"/></type></roadMark>
<roadMark sOffset="0" type="solid" width="0.2" color="white"/>
<roadMark sOffset="60" type="solid" width="0.2" color="white"/>
</lane></right>
</laneSection>
<laneSection s="40"><right><lane id="-1" type="driving"/></right></laneSection>
</lanes>
<signals><signal id="31" s="12" t="-4" type="1000001" dynamic="yes"/></signals>
</road></OpenDRIVE>"""
