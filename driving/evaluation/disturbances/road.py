"""Disturbances of the road: paint that is missing or worn, and lanes of another width. They change the OpenDRIVE text before it is loaded.

A real CARLA server builds roads from the same text; what it paints on them is its own affair. On a server's own maps they cannot act.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from itertools import pairwise
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from driving.rollout.disturbance import Disturbance

PIECE_M = 4.0  # the length of the pieces in which paint wears off


class MissingPaint(Disturbance):
    """Lines that are missing altogether, each lane's drawn by itself. What is missing at one severity is missing at all higher ones."""

    kind, unit, highest = "missing_paint", "share of the lines", 1.0

    def change_opendrive(self, text: str) -> str:
        """Take lines away."""
        root = _read(text)
        for lane, _ in _list_lanes(root):
            is_missing = self.random.random() < self.severity
            for mark in lane.findall("roadMark"):
                if is_missing:
                    _erase(mark)
        return _write(root)


class WornPaint(Disturbance):
    """Lines that have worn off in pieces of PIECE_M. What has worn off at one severity has worn off at all higher ones."""

    kind, unit, highest = "worn_paint", "share of the lines' length", 1.0

    def change_opendrive(self, text: str) -> str:
        """Cut the lines into pieces, and take some away."""
        root = _read(text)
        for lane, length_m in _list_lanes(root):
            marks = lane.findall("roadMark")
            ends = [*(float(mark.get("sOffset", 0.0)) for mark in marks[1:]), length_m]
            for mark, end_m in zip(marks, ends, strict=True):
                at = list(lane).index(mark)
                lane[at : at + 1] = self._wear(mark, end_m)
        return _write(root)

    def _wear(self, mark: Element, end_m: float) -> Iterator[Element]:
        """Yield the mark's pieces in order; neighbours that look alike are one piece."""
        start_m, before = float(mark.get("sOffset", 0.0)), None
        count = max(1, round((end_m - start_m) / PIECE_M))
        for number, draw in enumerate(self.random.random(count)):
            is_worn = bool(draw < self.severity)
            if is_worn != before:
                piece = deepcopy(mark)
                piece.set("sOffset", repr(start_m + number * PIECE_M))
                if is_worn:
                    _erase(piece)
                yield piece
            before = is_worn


class LaneWidth(Disturbance):
    """Driving lanes that are wider, or narrower where negative. On maps with junctions, lanes then step sideways where a junction begins."""

    kind, unit, lowest, highest = "lane_width", "% wider", -30.0, 60.0

    def change_opendrive(self, text: str) -> str:
        """Scale the width of each driving lane."""
        root = _read(text)
        for lane, _ in _list_lanes(root):
            if lane.get("type") == "driving":
                for width in lane.findall("width"):
                    for name in "abcd":
                        width.set(name, repr(float(width.get(name, 0.0)) * (1.0 + self.severity / 100.0)))
        return _write(root)


def _read(text: str) -> Element:
    from driving.world.maps.opendrive import parse_opendrive  # here, because training reads suites, and so the kinds, without the simulator's client

    return parse_opendrive("to disturb", text)


def _list_lanes(root: Element) -> Iterator[tuple[Element, float]]:
    """Yield each lane with the length of its section (m)."""
    for road in root.iter("road"):
        sections = list(road.iter("laneSection"))
        starts = [*(float(section.get("s", 0.0)) for section in sections), float(road.get("length", 0.0))]
        for section, (start, end) in zip(sections, pairwise(starts), strict=True):
            for lane in section.iter("lane"):
                yield lane, end - start


def _erase(mark: Element) -> None:
    """Turn a mark into one without paint."""
    mark.set("type", "none")
    for child in list(mark):
        mark.remove(child)


def _write(root: Element) -> str:
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode")
