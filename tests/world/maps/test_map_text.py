"""Map text is mended where the client could not use it, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest

from driving.quantities import UserError
from driving.world.generated.tracks import TrackConfig, generate_track
from driving.world.maps.map_text import NO_MARK, mend_opendrive, read_opendrive
from driving.world.maps.opendrive import check_opendrive
from tests.shared_data import shared
from tests.world.networks import REAL

MARK = NO_MARK.decode()
TRACK = generate_track(1, TrackConfig(length_m=200.0))
LANES = """<?xml version="1.0"?>
<OpenDRIVE><road id="1"><lanes><laneSection s="0"><left><!-- <lane id="9"/> -->{}</left></laneSection></lanes>
<objects><lane id="7"/></objects>\r\n<userData text="ä > b"/></road></OpenDRIVE>"""


@pytest.mark.parametrize("before", ["\ufeff", "\n\n  ", "<!-- made by <?xml tools -->\n", "<?editor x?>\r\n<!-- a --> <!-- b -->\ufeff"])
def test_what_stands_before_the_xml_line_is_stripped(before: str) -> None:
    assert TRACK.startswith("<?xml")
    assert mend_opendrive(before + TRACK) == TRACK


def test_a_comment_before_the_root_of_a_text_without_an_xml_line_stays() -> None:
    text = "<!-- made by hand -->" + TRACK[TRACK.index("<OpenDRIVE") :]
    assert mend_opendrive("\ufeff" + text) == text
    check_opendrive("by_hand", text)


@pytest.mark.parametrize(
    ("lane", "mended"),
    [
        ('<lane id="1" />', f'<lane id="1" >{MARK}</lane>'),
        ('<lane id="1"></lane>', f'<lane id="1">{MARK}</lane>'),
        ('<lane id="1"><width a="3"/>\r\n\t</lane >', f'<lane id="1"><width a="3"/>\r\n\t{MARK}</lane >'),
        ('<lane id="1"><roadMark sOffset="5" type="solid"/></lane>', f'<lane id="1"><roadMark sOffset="5" type="solid"/>{MARK}</lane>'),
        ('<lane id="1"><roadMark sOffset="0" type="solid"/></lane>', '<lane id="1"><roadMark sOffset="0" type="solid"/></lane>'),
        ('<lane id="1"><roadMark type="solid"/></lane>', '<lane id="1"><roadMark type="solid"/></lane>'),
        ('<lane id="2"/><lane id="1"><userData/></lane>', f'<lane id="2">{MARK}</lane><lane id="1"><userData/>{MARK}</lane>'),
    ],
)
def test_each_lane_gets_a_mark_at_its_beginning_and_nothing_else_changes(lane: str, mended: str) -> None:
    assert mend_opendrive(LANES.format(lane)) == LANES.format(mended)


@pytest.mark.parametrize("name", REAL)
def test_real_maps_are_changed_by_marks_only_and_mended_once(name: str) -> None:
    text = shared(f"maps/{name}.xodr").read_bytes().decode()
    mended = mend_opendrive(text)
    assert mended.replace(MARK, "") == text
    assert mend_opendrive(mended) == mended


@pytest.mark.parametrize("text", ["", "waypoints: [1, 2]", "<OpenDRIVE><road>", "\ud800", TRACK[:500]])
def test_text_that_is_not_xml_stays_as_it_is(text: str) -> None:
    assert mend_opendrive(text) == text


def test_a_file_that_cannot_be_read_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="map missing cannot be read"):
        read_opendrive(tmp_path / "missing.xodr")


def test_other_text_before_the_xml_line_is_named() -> None:
    with pytest.raises(UserError, match="map noted has 'saved by hand' before its XML line: remove it"):
        check_opendrive("noted", mend_opendrive("saved by hand\n" + TRACK))


def test_a_map_without_a_drivable_lane_is_refused_with_the_lanes_that_it_has() -> None:
    with pytest.raises(UserError, match=r"no lane of type 'driving', only .*sidewalk \(\d+\).*: give a whole"):
        check_opendrive("paths", TRACK.replace('type="driving"', 'type="sidewalk"'))
    with pytest.raises(UserError, match="roads without lanes"):
        check_opendrive("empty", '<OpenDRIVE><header revMajor="1" revMinor="4"/></OpenDRIVE>')
