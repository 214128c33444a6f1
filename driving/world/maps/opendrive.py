"""OpenDRIVE text: is it safe to read, and what it lists (lanes, road marks, signals, banks). Geometry is `edges`' affair.

A broken file can crash libcarla, and with it the process. So an unknown text is read first in a child process; the verdict is
kept, by content, for this process and on disk, so that the child's half second is spent once a text.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import subprocess
import sys
import tempfile
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from driving.quantities import UserError
from driving.world.geometry.cubics import Cubic

if TYPE_CHECKING:
    import carla

CHECK_TIMEOUT_S = 120.0
REMEDY = "give a whole OpenDRIVE 1.4 file (.xodr), as CARLA, esmini or RoadRunner export it"
NO_LANES = 3
MOST_LANES_KM, FARTHEST_KM = 3000.0, 500.0
# The child reads the map and asks it all that this package asks, because some files crash only then.
_CHECK = """
import json, sys
import carla
text, places = json.load(sys.stdin)
carla_map = carla.Map("check", text)
for place in places:
    point = carla_map.get_waypoint_xodr(*place)
    point is not None and (point.transform, point.lane_width, point.lane_type)
points = carla_map.generate_waypoints(5.0)
for point in points[:3000]:
    (point.transform, point.left_lane_marking, point.right_lane_marking, point.get_left_lane(), point.get_right_lane(), point.next(1.0))
carla_map.get_topology()
sys.exit(0 if any(point.lane_width > 0.1 for point in points) else 3)
"""
_HARMLESS = "cannot parse georeference"
_checked: set[str] = set()


@dataclass(frozen=True, slots=True)
class RoadMark:
    """A lane's outer road mark from `s_m` on, until the next one.

    `kind` is the lower-case name of carla.LaneMarkingType; of double kinds the first word is the line on the left, seen along
    the road's reference direction.
    """

    s_m: float
    kind: str
    colour: str
    width_m: float
    dash_m: float
    gap_m: float


@dataclass(frozen=True, slots=True)
class Lane:
    """One lane over one lane section: ids count outwards from the reference line, negative to its right. `junction` is its id, "" outside of any."""

    road_id: int
    lane_id: int
    start_m: float
    end_m: float
    junction: str
    marks: tuple[RoadMark, ...]

    @property
    def in_junction(self) -> bool:
        """Whether its road crosses a junction."""
        return bool(self.junction)


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal of a road: where along it and how far to its left (OpenDRIVE's t), and what it is."""

    id: str
    road_id: int
    s_m: float
    t_m: float
    type: str
    dynamic: bool


def parse_opendrive(name: str, text: str) -> ET.Element:
    """The text's root element, namespaces stripped. Raises UserError for what is no OpenDRIVE or has no driving lane."""
    try:
        root = ET.fromstring(text)
    except (ET.ParseError, ValueError) as error:
        raise UserError(f"map {name} is no XML ({error}): {REMEDY}") from None
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = element.tag.rpartition("}")[2]
    if root.tag != "OpenDRIVE":
        raise UserError(f"map {name} has <{root.tag}> at its root where <OpenDRIVE> was expected: {REMEDY}")
    if not any(lane.get("type") == "driving" for lane in root.iter("lane")):
        raise UserError(f"map {name} has no lane of type 'driving': {REMEDY}")
    return root


def check_opendrive(name: str, text: str) -> None:
    """Raises UserError where `text` is no OpenDRIVE map that the simulator's client can read and drive on."""
    digest = hashlib.sha256("\0".join((version("carla"), f"{MOST_LANES_KM} {FARTHEST_KM}", _CHECK, text)).encode(errors="replace")).hexdigest()
    known = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "liquidlane" / "opendrive" / digest
    if digest in _checked or known.exists():
        return
    root = parse_opendrive(name, text)
    try:
        lanes = list(lanes_of(root))
        _refuse_absurd(name, root, lanes)
    except ValueError as error:
        raise UserError(f"map {name} has an attribute that is no number ({error}): {REMEDY}") from None
    places = [(lane.road_id, lane.lane_id, s) for lane in lanes if lane.lane_id for s in (lane.start_m + 1e-3, (lane.start_m + lane.end_m) / 2.0)]
    trouble = _read_in_child(text, places)
    if trouble:
        raise UserError(f"map {name} cannot be used: CARLA's map reader {trouble}: {REMEDY}")
    _checked.add(digest)
    with contextlib.suppress(OSError):  # a read-only home costs the check again, nothing else
        known.parent.mkdir(parents=True, exist_ok=True)
        known.touch()


def _refuse_absurd(name: str, root: ET.Element, lanes: list[Lane]) -> None:
    """Raises UserError for maps that no computer's memory holds, or whose single precision places are too coarse to drive by."""
    length_km = sum(lane.end_m - lane.start_m for lane in lanes if lane.lane_id) / 1000.0
    if length_km > MOST_LANES_KM:
        raise UserError(f"map {name} has {length_km:,.0f} km of lanes where at most {MOST_LANES_KM:,.0f} km can be served: cut a part out of it")
    places = [(number_of(piece, "x"), number_of(piece, "y"), number_of(piece, "length")) for piece in root.findall("road/planView/geometry")]
    away_km = max((math.hypot(x, y) + length for x, y, length in places), default=0.0) / 1000.0
    if away_km > FARTHEST_KM:
        raise UserError(
            f"map {name} reaches {away_km:,.0f} km from its origin where at most {FARTHEST_KM:,.0f} km can be served: "
            "move its roads near the origin, as an offset in the header does"
        )


def read_map(name: str, text: str) -> carla.Map:
    """The checked map, read by CARLA's own code, without its harmless complaint about a missing georeference on stderr."""
    import carla  # here, as training and reports read routes without the simulator's client

    check_opendrive(name, text)
    with without_harmless_complaint():
        return carla.Map(name, text)


def lanes_of(root: ET.Element) -> Iterator[Lane]:
    """Every lane of every section, the reference line (id 0) included for its marks. Raises ValueError for numbers that are none."""
    for road in root.findall("road"):
        road_id, length = int(road.get("id", "0")), number_of(road, "length")
        junction = road.get("junction", "-1")
        sections = road.findall("lanes/laneSection")
        starts = [number_of(section, "s") for section in sections] + [length]
        for section, start, end in zip(sections, starts[:-1], starts[1:], strict=True):
            if end - start < 1e-3:
                continue
            for lane in section.iter("lane"):
                lane_id = int(lane.get("id", "0"))
                yield Lane(road_id, lane_id, start, end, "" if junction == "-1" else junction, _marks(lane, lane_id, start, end))


def signals_of(root: ET.Element) -> Iterator[Signal]:
    """Every signal that stands by a road."""
    for road in root.findall("road"):
        for signal in road.findall("signals/signal"):
            place = (number_of(signal, "s"), number_of(signal, "t"))
            yield Signal(signal.get("id", ""), int(road.get("id", "0")), *place, signal.get("type", ""), signal.get("dynamic") == "yes")


def banks_of(root: ET.Element) -> dict[int, list[Cubic]]:
    """Return the superelevation (rad, positive where the right side lies lower) of each banked road by its id, as cubics in order."""
    banks = {}
    for road in root.findall("road"):
        pieces = cubics_of(road.findall("lateralProfile/superelevation"))
        if any(any(piece[1:]) for piece in pieces):
            banks[int(road.get("id", "0"))] = pieces
    return banks


def cubics_of(elements: list[ET.Element]) -> list[Cubic]:
    """Return elements with attributes s, a, b, c, d as cubics in the order of their starts. Raises ValueError as `number_of` does."""
    return sorted(Cubic(*(number_of(element, key) for key in "sabcd")) for element in elements)


def number_of(element: ET.Element, key: str) -> float:
    """An attribute's number, 0 where it is not there. Raises ValueError for what is none, or not finite."""
    value = float(element.get(key) or 0.0)
    if not math.isfinite(value):
        raise ValueError(f"{key}='{element.get(key)}' of <{element.tag}>")
    return value


def _marks(lane: ET.Element, lane_id: int, start_m: float, end_m: float) -> tuple[RoadMark, ...]:
    marks = []
    for mark in lane.findall("roadMark"):
        line = mark.find("type/line")
        dash, gap = (number_of(line, "length"), number_of(line, "space")) if line is not None else (0.0, 0.0)
        width = number_of(mark, "width") or (0.25 if mark.get("weight") == "bold" else 0.13)
        colour = (mark.get("color") or "white").lower()
        words = (mark.get("type") or "none").lower().split()
        kind = "".join(words[::-1] if lane_id > 0 else words)  # the text counts from the road's middle outwards
        offset = start_m + number_of(mark, "sOffset")
        if offset < end_m:
            marks.append(RoadMark(offset, kind, "white" if colour == "standard" else colour, width, dash or 3.0, gap or 4.5))
    return tuple(sorted(marks, key=lambda mark: mark.s_m))


def _read_in_child(text: str, places: list[tuple[int, int, float]]) -> str:
    """What went wrong when another process read the map, "" if nothing did."""
    try:
        asked = json.dumps((text, places))
        child = subprocess.run([sys.executable, "-c", _CHECK], input=asked, text=True, capture_output=True, timeout=CHECK_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return f"hung on it for {CHECK_TIMEOUT_S:.0f} s"
    if child.returncode == NO_LANES:
        return "found no drivable lane in it"
    lines = [line.strip() for line in child.stderr.splitlines() if line.strip() and _HARMLESS not in line]
    return f"failed on it (exit {child.returncode}{': ' + lines[-1][:200] if lines else ''})" if child.returncode else ""


class _HeldStderr:
    """This process's stderr, held back while anybody asks for it; what matters is let through when the last one leaves."""

    def __init__(self) -> None:
        self._lock, self._holders = threading.Lock(), 0

    def enter(self) -> None:
        with self._lock:
            self._holders += 1
            if self._holders == 1:
                sys.stderr.flush()
                self._kept, self._held = os.dup(2), tempfile.TemporaryFile()  # noqa: SIM115 - closed in leave()
                os.dup2(self._held.fileno(), 2)

    def leave(self) -> None:
        with self._lock:
            self._holders -= 1
            if self._holders == 0:
                os.dup2(self._kept, 2)
                self._held.seek(0)
                for line in self._held:
                    if _HARMLESS.encode() not in line:
                        os.write(self._kept, line)
                self._held.close()
                os.close(self._kept)


_stderr = _HeldStderr()


@contextlib.contextmanager
def without_harmless_complaint() -> Iterator[None]:
    """Holds this process's stderr back, and then lets through all lines but the harmless one. Threads may overlap."""
    _stderr.enter()
    try:
        yield
    finally:
        _stderr.leave()
