"""Makes a crossroads with traffic lights as OpenDRIVE text, because the shared maps do not have dynamic signals."""

from __future__ import annotations

import math

HALF_M, ARM_M, WIDTH_M, LIMIT_KMH = 20.0, 80.0, 3.5, 60
_KIND = 'country="OpenDRIVE" type="1000001" subtype="-1" value="-1" height="1" width="0.4" hOffset="0" pitch="0" roll="0" zOffset="3"'
# How far a way through the crossing turns (rad, left positive), by how many arms further counter-clockwise it ends.
TURNS = {1: math.pi / 2.0, 2: 0.0, 3: -math.pi / 2.0}


def crossing_with_lights(behind: bool = False) -> str:
    """Return the text: four arms of 80 m meet at a junction, each with a traffic light and a speed limit. Opposite lights change together.

    With `behind` the lights stand behind the junction and are signals of the roads that cross it, as in CARLA's towns.
    """
    arms = "".join(_write_arm(number, not behind) for number in range(4))
    ways = [(one, (one + step) % 4, step) for one in range(4) for step in TURNS]
    turns = "".join(_write_connection(100 + k, *way, behind) for k, way in enumerate(ways))
    joins = "".join(
        f'<connection id="{k}" incomingRoad="{one}" connectingRoad="{100 + k}" contactPoint="start"><laneLink from="1" to="-1"/></connection>'
        for k, (one, _, _) in enumerate(ways)
    )
    controls = {k: f'<control signalId="{900 + k}" type=""/><control signalId="{902 + k}" type=""/>' for k in (0, 1)}
    pairs = "".join(f'<controller name="c{k}" id="{500 + k}">{both}</controller>' for k, both in controls.items())
    junction = f'<junction id="50" name="crossing">{joins}<controller id="500" type="0"/><controller id="501" type="0"/></junction>'
    header = '<header revMajor="1" revMinor="4" name="crossing" version="1.0"><geoReference>+lat_0=49.0 +lon_0=8.0</geoReference></header>'
    return f'<?xml version="1.0"?><OpenDRIVE>{header}{arms}{turns}{pairs}{junction}</OpenDRIVE>'


def _write_road(number: int, junction: int, length_m: float, links: str, geometry: str, lanes: str, signals: str = "") -> str:
    head = f'<road name="r{number}" length="{length_m}" id="{number}" junction="{junction}">'
    return f'{head}<link>{links}</link><planView>{geometry}</planView><lanes><laneSection s="0">{lanes}</laneSection></lanes>{signals}</road>'


def _write_lane(number: int, link: str = "") -> str:
    width = f'<width sOffset="0" a="{WIDTH_M}" b="0" c="0" d="0"/>'
    mark = '<roadMark sOffset="0" type="solid" weight="standard" color="white" width="0.12"/>'
    return f'<lane id="{number}" type="driving" level="false"><link>{link}</link>{width}{mark}</lane>'


_CENTRE = '<center><lane id="0" type="none" level="false"><roadMark sOffset="0" type="broken" color="white" width="0.12"/></lane></center>'


def _write_arm(number: int, lit: bool) -> str:
    """Return a road that begins at the junction. Traffic towards the junction is on lane 1, against the road's direction."""
    heading = number * math.pi / 2.0
    x, y = HALF_M * math.cos(heading), HALF_M * math.sin(heading)
    geometry = f'<geometry s="0" x="{x}" y="{y}" hdg="{heading}" length="{ARM_M}"><line/></geometry>'
    lanes = f"<left>{_write_lane(1)}</left>{_CENTRE}<right>{_write_lane(-1)}</right>"
    light = _write_light(number, 's="1.0" t="5.0" orientation="-"', 1) if lit else ""
    limit = _KIND.replace('type="1000001"', 'type="274"').replace('value="-1"', f'value="{LIMIT_KMH}" unit="km/h"')
    sign_place = f'name="limit{number}" id="{800 + number}" s="50.0" t="4.5" dynamic="no" orientation="-"'
    signals = f'<signals>{light}<signal {sign_place} {limit}><validity fromLane="1" toLane="1"/></signal></signals>'
    return _write_road(number, -1, ARM_M, '<predecessor elementType="junction" elementId="50"/>', geometry, lanes, signals)


def _write_light(number: int, place: str, lane: int) -> str:
    return f'<signal name="light{number}" id="{900 + number}" dynamic="yes" {place} {_KIND}><validity fromLane="{lane}" toLane="{lane}"/></signal>'


def _write_light_behind(one: int, step: int, length_m: float) -> str:
    """Return a light at the end of the road that goes straight on, or for roads that turn a reference to that light."""
    place = f's="{0.8 * length_m}" t="-5.0" orientation="+"'
    if step == 2:
        return _write_light(one, place, -1)
    return f'<signalReference id="{900 + one}" {place}><validity fromLane="-1" toLane="-1"/></signalReference>'


def _write_connection(number: int, one: int, other: int, step: int, lit: bool) -> str:
    heading = one * math.pi / 2.0
    x, y, turn = HALF_M * math.cos(heading), HALF_M * math.sin(heading), TURNS[step]
    turn = -turn  # seen from a car that comes in, the next arm counter-clockwise lies to its right
    length = HALF_M * abs(turn) if turn else 2.0 * HALF_M
    shape = f'<arc curvature="{turn / length}"/>' if turn else "<line/>"
    geometry = f'<geometry s="0" x="{x}" y="{y}" hdg="{heading + math.pi}" length="{length}">{shape}</geometry>'
    before = f'<predecessor elementType="road" elementId="{one}" contactPoint="start"/>'
    after = f'<successor elementType="road" elementId="{other}" contactPoint="start"/>'
    joined = '<predecessor id="1"/><successor id="-1"/>'
    lanes = f"{_CENTRE}<right>{_write_lane(-1, joined)}</right>"
    signals = f"<signals>{_write_light_behind(one, step, length)}</signals>" if lit else ""
    return _write_road(number, 50, length, before + after, geometry, lanes, signals)
