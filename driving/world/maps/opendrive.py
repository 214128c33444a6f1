"""Check OpenDRIVE text, read it with CARLA's own code, and list what it contains: lanes, road marks, signals, banks.

A broken file can crash libcarla, and with it the whole process. A new text is therefore read in a child process first, which takes about
half a second. A positive result is remembered by the text's hash, in this process and on disk, so that each text is checked once.
Left to `lane_edges`: where the lanes lie.
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
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import carla

from driving.quantities import UserError
from driving.world.geometry.cubics import Cubic

CHECK_TIMEOUT_S = 120.0
REMEDY = "give a whole OpenDRIVE 1.4 file (.xodr), as CARLA, esmini or RoadRunner export it"
NO_LANES = 3
NOT_DRIVABLE = "found no drivable lane in it"
LONGEST_WORD, MOST_TYPES = 30, 12  # in an error message
MOST_LANES_KM, FARTHEST_KM = 3000.0, 500.0
# The child makes every call that this package makes, because some files crash only in a later call.
_CHECK = """
import ctypes, json, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL: a library that hangs must not outlive the process that waits for it
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
_WARNING = "cannot parse georeference"
_checked: set[str] = set()


@dataclass(frozen=True, slots=True)
class RoadMark:
    """A lane's outer road mark, from `s_m` to the start of the next one."""

    s_m: float
    kind: str  # the lower-case name of a carla.LaneMarkingType; a double kind names the left line first, seen along the road's reference direction
    colour: str  # lower-case, as in OpenDRIVE
    width_m: float
    dash_m: float  # length of a painted piece, for broken kinds
    gap_m: float  # length of the gap after it


@dataclass(frozen=True, slots=True)
class Lane:
    """One lane over one lane section."""

    road_id: int
    lane_id: int  # counts outwards from the reference line (0), negative to its right
    start_m: float  # where the section begins and ends along the road
    end_m: float
    junction: str  # the id of the junction that its road crosses, "" outside of junctions
    marks: tuple[RoadMark, ...]  # in the order of their starts
    surface: str  # its material in lower case, as the text names it; "" where it names none

    @property
    def in_junction(self) -> bool:
        """Whether its road crosses a junction."""
        return bool(self.junction)


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal beside a road."""

    id: str
    road_id: int
    s_m: float  # station along the road
    t_m: float  # distance to the left of the reference line
    type: str  # OpenDRIVE's code, for example "1000001" for a traffic light
    dynamic: bool  # whether it changes its state


def parse_opendrive(name: str, text: str) -> ET.Element:
    """Return the text's root element without namespaces. Raises UserError when the text is not OpenDRIVE or has no driving lane."""
    try:
        root = ET.fromstring(text)
    except (ET.ParseError, ValueError) as error:
        before = text[: max(text.find("<?xml"), 0)].strip()
        if before:
            raise UserError(f"map {name} has {before[:LONGEST_WORD]!r} before its XML line: remove it") from None
        raise UserError(f"map {name} is not XML ({error}): {REMEDY}") from None
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = element.tag.rpartition("}")[2]
    if root.tag != "OpenDRIVE":
        raise UserError(f"map {name} has <{root.tag}> at its root where <OpenDRIVE> was expected: {REMEDY}")
    if not any(lane.get("type") == "driving" for lane in root.iter("lane")):
        raise UserError(f"map {name} has no lane of type 'driving', only {_list_lane_types(root)}: {REMEDY}")
    return root


def _list_lane_types(root: ET.Element) -> str:
    """Return the types of all lanes and how many lanes have them, as words."""
    types = Counter(lane.get("type", "without a type") for lane in root.iter("lane"))
    return ", ".join(f"{kind[:LONGEST_WORD]} ({count})" for kind, count in types.most_common(MOST_TYPES)) or "roads without lanes"


def check_opendrive(name: str, text: str) -> None:
    """Check that the client can read and drive on a map. Raises UserError when it cannot, with the reason and the remedy."""
    digest = hashlib.sha256("\0".join((version("carla"), f"{MOST_LANES_KM} {FARTHEST_KM}", _CHECK, text)).encode(errors="replace")).hexdigest()
    known = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "liquidlane" / "opendrive" / digest
    if digest in _checked or os.path.exists(known):  # False also where the folder must not be entered
        return
    root = parse_opendrive(name, text)
    try:
        lanes = list(list_lanes(root))
        _refuse_absurd(name, root, lanes)
    except ValueError as error:
        raise UserError(f"map {name} has an attribute that is not a number ({error}): {REMEDY}") from None
    places = [(lane.road_id, lane.lane_id, s) for lane in lanes if lane.lane_id for s in (lane.start_m + 1e-3, (lane.start_m + lane.end_m) / 2.0)]
    trouble = _read_in_child(text, places)
    if trouble:
        if trouble == NOT_DRIVABLE:
            trouble += f" (its lanes: {_list_lane_types(root)})"
        raise UserError(f"map {name} cannot be used: CARLA's map reader {trouble}: {REMEDY}")
    _checked.add(digest)
    with contextlib.suppress(OSError):  # with a read-only home directory the check is repeated in each process
        known.parent.mkdir(parents=True, exist_ok=True)
        known.touch()


def _refuse_absurd(name: str, root: ET.Element, lanes: list[Lane]) -> None:
    """Raise UserError for a map too large for memory, or too far from its origin for single precision."""
    length_km = sum(lane.end_m - lane.start_m for lane in lanes if lane.lane_id) / 1000.0
    if length_km > MOST_LANES_KM:
        raise UserError(f"map {name} has {length_km:,.0f} km of lanes where at most {MOST_LANES_KM:,.0f} km can be served: cut a part out of it")
    places = [(read_number(piece, "x"), read_number(piece, "y"), read_number(piece, "length")) for piece in root.findall("road/planView/geometry")]
    away_km = max((math.hypot(x, y) + length for x, y, length in places), default=0.0) / 1000.0
    if away_km > FARTHEST_KM:
        raise UserError(
            f"map {name} reaches {away_km:,.0f} km from its origin where at most {FARTHEST_KM:,.0f} km can be served: "
            "move its roads near the origin, as an offset in the header does"
        )


def read_map(name: str, text: str) -> carla.Map:
    """Check a map and read it with CARLA's own code. Raises UserError as `check_opendrive` does."""
    import carla  # here, because training and reports read routes without the simulator's client

    check_opendrive(name, text)
    with suppress_georeference_warning():
        return carla.Map(name, text)


def list_lanes(root: ET.Element) -> Iterator[Lane]:
    """Yield every lane of every section, with the reference line (id 0) because it has marks too. Raises ValueError when a number is malformed."""
    for road in root.findall("road"):
        road_id, length = int(road.get("id", "0")), read_number(road, "length")
        junction = road.get("junction", "-1")
        sections = road.findall("lanes/laneSection")
        starts = [read_number(section, "s") for section in sections] + [length]
        for section, start, end in zip(sections, starts[:-1], starts[1:], strict=True):
            if end - start < 1e-3:
                continue
            for lane in section.iter("lane"):
                lane_id = int(lane.get("id", "0"))
                material = lane.find("material")
                surface = "" if material is None else (material.get("surface") or "").lower()
                yield Lane(road_id, lane_id, start, end, "" if junction == "-1" else junction, _marks(lane, lane_id, start, end), surface)


def list_signals(root: ET.Element) -> Iterator[Signal]:
    """Yield every signal of every road. Raises ValueError when a number is malformed."""
    for road in root.findall("road"):
        for signal in road.findall("signals/signal"):
            place = (read_number(signal, "s"), read_number(signal, "t"))
            yield Signal(signal.get("id", ""), int(road.get("id", "0")), *place, signal.get("type", ""), signal.get("dynamic") == "yes")


def read_banks(root: ET.Element) -> dict[int, list[Cubic]]:
    """Return the superelevation (rad, positive where the right side lies lower) of each banked road by its id, as cubics in order."""
    banks = {}
    for road in root.findall("road"):
        pieces = read_cubics(road.findall("lateralProfile/superelevation"))
        if any(any(piece[1:]) for piece in pieces):
            banks[int(road.get("id", "0"))] = pieces
    return banks


def read_cubics(elements: list[ET.Element]) -> list[Cubic]:
    """Return elements with attributes s, a, b, c, d as cubics in the order of their starts. Raises ValueError as `read_number` does."""
    return sorted(Cubic(*(read_number(element, key) for key in "sabcd")) for element in elements)


def read_number(element: ET.Element, key: str) -> float:
    """Return an attribute as a number, 0 if it is missing. Raises ValueError when it is malformed or not finite."""
    value = float(element.get(key) or 0.0)
    if not math.isfinite(value):
        raise ValueError(f"{key}='{element.get(key)}' of <{element.tag}>")
    return value


def _marks(lane: ET.Element, lane_id: int, start_m: float, end_m: float) -> tuple[RoadMark, ...]:
    """Return the road marks of a lane that spans the stations from `start_m` to `end_m`."""
    marks = []
    for mark in lane.findall("roadMark"):
        line = mark.find("type/line")
        dash, gap = (read_number(line, "length"), read_number(line, "space")) if line is not None else (0.0, 0.0)
        width = read_number(mark, "width") or (0.25 if mark.get("weight") == "bold" else 0.13)
        colour = (mark.get("color") or "white").lower()
        words = (mark.get("type") or "none").lower().split()
        kind = "".join(words[::-1] if lane_id > 0 else words)  # the text counts from the road's middle outwards
        offset = start_m + read_number(mark, "sOffset")
        if offset < end_m:
            marks.append(RoadMark(offset, kind, "white" if colour == "standard" else colour, width, dash or 3.0, gap or 4.5))
    return tuple(sorted(marks, key=lambda mark: mark.s_m))


def _read_in_child(text: str, places: list[tuple[int, int, float]]) -> str:
    """Read the map in a child process. Return what went wrong, "" if nothing did."""
    try:
        asked = json.dumps((text, places))
        child = subprocess.run([sys.executable, "-c", _CHECK], input=asked, text=True, capture_output=True, timeout=CHECK_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return f"hung on it for {CHECK_TIMEOUT_S:.0f} s"
    if child.returncode == NO_LANES:
        return NOT_DRIVABLE
    lines = [line.strip() for line in child.stderr.splitlines() if line.strip() and _WARNING not in line]
    return f"failed on it (exit {child.returncode}{': ' + lines[-1][:200] if lines else ''})" if child.returncode else ""


class _HeldStderr:
    """This process's stderr, held back while at least one thread is inside `enter` and `leave`. The last one to leave passes on what matters."""

    def __init__(self) -> None:
        self._lock, self._holders = threading.Lock(), 0

    def enter(self) -> None:
        """Redirect stderr to a file, unless another thread has done so."""
        with self._lock:
            self._holders += 1
            if self._holders == 1:
                sys.stderr.flush()
                self._stderr_fd, self._held_lines = os.dup(2), tempfile.TemporaryFile()  # noqa: SIM115 - closed in leave()
                os.dup2(self._held_lines.fileno(), 2)

    def leave(self) -> None:
        """Restore stderr when no thread is left, and write the held lines except the warning."""
        with self._lock:
            self._holders -= 1
            if self._holders == 0:
                os.dup2(self._stderr_fd, 2)
                self._held_lines.seek(0)
                for line in self._held_lines:
                    if _WARNING.encode() not in line:
                        os.write(self._stderr_fd, line)
                self._held_lines.close()
                os.close(self._stderr_fd)


_stderr = _HeldStderr()


@contextlib.contextmanager
def suppress_georeference_warning() -> Iterator[None]:
    """Hold this process's stderr back, then pass on all lines except libcarla's harmless warning. Threads may overlap."""
    _stderr.enter()
    try:
        yield
    finally:
        _stderr.leave()
