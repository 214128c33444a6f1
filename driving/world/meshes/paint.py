"""Paint on roads as segments, and the lane markings painted so: lines, double lines, dashes.

Left to others: paint that a map has as objects (`road_paint`). Shapes: S segments, K points of a marking. Metres.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from driving.world.geometry.polylines import resample, right_of, stations
from driving.world.maps.roads import Marking
from driving.world.meshes.surfaces import Palette, join

LONGEST_M = 5.0  # longest segment
DOUBLE_GAP_M = 0.12  # between the two lines of a double line
SAME_POINT_M = 1e-4  # points of a marking that are closer count as one
STRAIGHT_SINE = 2e-3  # a marking is straight at a point if the sine of the angle between its two sides is smaller


class Paint(NamedTuple):
    """Paint segments: flat strips on the road, each between two ends."""

    ends: np.ndarray  # (S, 2, 3) float32, m, the ends of the middle line
    sides: np.ndarray  # (S, 2, 3) float32, m, vectors from the middle line to the right side, at both ends
    colours: np.ndarray  # (S, 3) uint8 RGB


NO_PAINT = Paint(np.zeros((0, 2, 3), np.float32), np.zeros((0, 2, 3), np.float32), np.zeros((0, 3), np.uint8))


def paint_markings(markings: Iterable[Marking], palette: Palette) -> Paint:
    """Return all markings as segments of at most LONGEST_M. A broken line has one segment per dash, or more where it bends."""
    made = [NO_PAINT]
    for marking in markings:
        for offset_m, broken in _split_into_lines(marking):
            ends, sides = _segments(marking, offset_m, broken)
            made.append(Paint(ends.astype(np.float32), sides.astype(np.float32), np.tile(palette.line(marking.colour), (len(ends), 1))))
    return join(made)


def _split_into_lines(marking: Marking) -> list[tuple[float, bool]]:
    """Return the lines of a marking, one or two: the offset to the right (m), and whether the line is broken."""
    words = marking.kind.replace(" ", "")
    first_length = len("broken") if words.startswith("broken") else len("solid")
    pair = [word for word in (words[:first_length], words[first_length:]) if word]
    if len(pair) == 2:
        away = (marking.width_m + DOUBLE_GAP_M) / 2.0
        return [(-away, pair[0] == "broken"), (away, pair[1] == "broken")]
    return [(0.0, words in ("broken", "bottsdots"))]


def _segments(marking: Marking, offset_m: float, broken: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends and sides, (S, 2, 3) each, of one line of a marking; see `Paint`."""
    line = marking.xyz_m
    line = line[np.append(True, np.hypot(*np.diff(line[:, :2], axis=0).T) > SAME_POINT_M)]
    if len(line) < 2:
        return np.zeros((0, 2, 3)), np.zeros((0, 2, 3))
    s = stations(line)
    pitch = marking.dash_m + marking.gap_m if broken else LONGEST_M
    starts = np.arange(0.0, s[-1], pitch)
    stops = np.minimum(starts + (marking.dash_m if broken else pitch), s[-1])
    # a segment across a bend would leave the lane's edge: cut there too
    cuts = np.unique(np.concatenate([starts, stops, s[1:-1][_is_bend(line)]]))
    middle = (cuts[:-1] + cuts[1:]) / 2.0
    dash = np.searchsorted(starts, middle, side="right") - 1
    kept = (dash >= 0) & (middle < stops[dash])
    first, last = cuts[:-1][kept], cuts[1:][kept]
    right = np.column_stack([right_of(np.gradient(line[:, :2], s, axis=0)), np.zeros(len(s))])
    across = np.stack([resample(first, s, right), resample(last, s, right)], axis=1)
    ends = np.stack([resample(first, s, line), resample(last, s, line)], axis=1) + across * offset_m
    return ends, across * (marking.width_m / 2.0)


def _is_bend(line: np.ndarray) -> np.ndarray:
    """Return at which inner points (K - 2,) a line (K, 3) changes its direction."""
    before, after = line[1:-1] - line[:-2], line[2:] - line[1:-1]
    size = np.maximum(np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1), 1e-9)
    return np.linalg.norm(np.cross(before, after), axis=1) / size > STRAIGHT_SINE
