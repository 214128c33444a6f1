"""Paint that a map has as OpenDRIVE objects: zebra crossings, stop lines, hatched regions, arrows, words. Lane markings are in `paint`.

Objects are recognised by their type, and by the names that RoadRunner gives them; CARLA's towns were made with RoadRunner. An object's (u, v) are
metres forward and left along its road, turned by its heading. A plan (P, 2) is P places x, y in the world. Metres.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

from driving.world.geometry.polylines import resample, right_of, stations
from driving.world.ground.contact import Ground
from driving.world.maps.road_lines import RoadLines
from driving.world.maps.road_objects import MapObject
from driving.world.maps.roads import Marking, RoadNetwork
from driving.world.meshes.paint import NO_PAINT, Paint, paint_markings
from driving.world.meshes.surfaces import Palette, join

STRIPE_M, STRIPE_EVERY_M = 0.5, 1.0  # width and spacing of a crossing's stripes
HATCH_M, HATCH_EVERY_M = 0.3, 1.6  # width and spacing of a hatched region's stripes
STOP_LINE_M, LINE_M, DASH_M, GAP_M = 0.4, 0.13, 3.0, 3.0  # widths of lines, and lengths of a dash and of the gap after it
LONGEST_PIECE_M = 4.0
WORD_M, ARROW_M = (2.4, 2.4), (3.0, 1.6)  # lengths and widths of objects that give none
LETTER_LINE_M = 0.16  # width of the lines of letters and arrows
HEAD, HEAD_STEPS = 0.3, 4  # an arrow's head as a share of its length; it is painted in steps, because a segment that tapers would look pale
MOST_PIECES = 1000  # bound on the work for one object of a map
STOP = (  # the letters of "STOP" as polylines (right, up), in a box of 1 by 1 each
    (((1, 1), (0, 1), (0, 0.5), (1, 0.5), (1, 0), (0, 0)),),
    (((0, 1), (1, 1)), ((0.5, 1), (0.5, 0))),
    (((0, 0), (0, 1), (1, 1), (1, 0), (0, 0)),),
    (((0, 0), (0, 1), (1, 1), (1, 0.5), (0, 0.5)),),
)


class _Surface(NamedTuple):
    """The road surface under one object."""

    ground: Ground
    z_m: float  # the road's height at the object: of several levels, the nearest is painted

    def lift(self, plan: np.ndarray) -> np.ndarray:
        """Return the places (P, 3) of a plan (P, 2) on the surface."""
        x, y = plan.T.copy()
        return np.column_stack([plan, self.ground.height(x, y, np.full(len(x), self.z_m))[0]])

    def paint(self, pairs: list[tuple[np.ndarray, np.ndarray]], width_m: float, colour: np.ndarray) -> Paint:
        """Return straight segments of one width, each between a pair of places (2,)."""
        if not pairs:
            return NO_PAINT
        ends = self.lift(np.array(pairs).reshape(-1, 2)).reshape(-1, 2, 3)
        side = np.column_stack([right_of((ends[:, 1] - ends[:, 0])[:, :2]), np.zeros(len(ends))]) * width_m / 2.0
        return Paint(ends.astype(np.float32), np.repeat(side[:, None], 2, axis=1).astype(np.float32), np.tile(colour, (len(ends), 1)))


def paint_objects(network: RoadNetwork, ground: Ground, palette: Palette) -> Paint:
    """Return the paint of all objects of a map."""
    lines, made = RoadLines(network.strips, {item.road_id for item in network.objects}), [NO_PAINT]
    for item in network.objects:
        place = lines.at(item.road_id, item.s_m)
        if place is not None:
            made.extend(_paint_object(item, *place, lines, ground, palette))
    return join(made)


def _paint_object(item: MapObject, at: np.ndarray, right: np.ndarray, lines: RoadLines, ground: Ground, palette: Palette) -> list[Paint]:
    """Return the paint of one object; `at` (3,) and `right` (2,) are the place and direction of the road's line at its station."""
    name, forward = item.name.lower(), np.array([right[1], -right[0]])
    middle = at[:2] - right * item.t_m
    outline = lines.outline(item)
    surface, white = _Surface(ground, at[2]), palette.line("white")
    if "crosswalk" in (item.type, name) or "zebra" in name or "crosswalk" in name:
        return [_paint_bars(outline, 0.0, STRIPE_EVERY_M, STRIPE_M, surface, white)]
    if "chevron" in name or "crosshatch" in name:
        angles = (np.pi / 4, -np.pi / 4) if "cross" in name else (np.pi / 4,)
        return [_paint_bars(outline, angle, HATCH_EVERY_M, HATCH_M, surface, white) for angle in angles]
    if "stencil" in name or name in ("stopsignonroad", "arrow"):
        return _paint_stencil(item, middle, forward if item.t_m <= 0.0 else -forward, surface, white)
    is_stop_line = "stopline" in name.replace("_", "").replace(" ", "")
    if is_stop_line or any(word in name for word in ("solid", "dashed")):
        return _paint_line(outline, item, is_stop_line, surface, palette)
    return []


def _paint_bars(outline: np.ndarray, turned_rad: float, every_m: float, width_m: float, surface: _Surface, colour: np.ndarray) -> Paint:
    """Return bars across the longer side of a polygon (P, 2), cut at its sides. `turned_rad` is their angle from there."""
    if len(outline) < 3:
        return NO_PAINT
    along, _ = _smallest_box(outline)
    cos, sin = np.cos(turned_rad), np.sin(turned_rad)
    along = np.array([cos * along[0] - sin * along[1], sin * along[0] + cos * along[1]])
    across = np.array([-along[1], along[0]])
    a, b = outline @ along, outline @ across  # the corners' coordinates along and across
    next_a, next_b = np.roll(a, -1), np.roll(b, -1)
    room = np.ptp(a) - width_m
    count = min(int(max(room, 0.0) / every_m) + 1, MOST_PIECES)
    bars = []
    for place in a.min() + width_m / 2 + (room % every_m) / 2 + every_m * np.arange(count):
        cut = (a <= place) != (next_a <= place)
        at = np.sort(b[cut] + (next_b[cut] - b[cut]) * (place - a[cut]) / (next_a[cut] - a[cut]))
        bars += [(along * place + across * low, along * place + across * high) for low, high in zip(at[::2], at[1::2], strict=False)]
    return surface.paint(bars, width_m, colour)


def _smallest_box(outline: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the unit vector (2,) along the longer side of the smallest box around a polygon (P, 2), and the box's longer and shorter size (2,)."""
    best, found, size = np.inf, np.array([1.0, 0.0]), np.zeros(2)
    for side in np.roll(outline, -1, axis=0) - outline:
        length = float(np.hypot(*side))
        if length < 1e-3:
            continue
        along = side / length
        extent = np.ptp(outline @ np.stack([along, (-along[1], along[0])], axis=1), axis=0)
        if extent[0] * extent[1] < best - 1e-9:
            best, size = extent[0] * extent[1], np.sort(extent)[::-1]
            found = along if extent[0] >= extent[1] else np.array([-along[1], along[0]])
    return found, size


def _paint_line(outline: np.ndarray, item: MapObject, is_stop_line: bool, surface: _Surface, palette: Palette) -> list[Paint]:
    """Return a line along an outline (P, 2). A stop line with more than two corners goes along the outline's longer side."""
    name, width = item.name.lower(), STOP_LINE_M if is_stop_line else LINE_M
    if is_stop_line and len(outline) > 2:
        along, size = _smallest_box(outline)
        middle, half = (outline.min(0) + outline.max(0)) / 2.0, along * size[0] / 2.0
        outline, width = np.stack([middle - half, middle + half]), float(np.clip(size[1], 0.2, 1.0))
    if len(outline) < 2:
        return []
    s = stations(outline)
    where = np.unique(np.concatenate([s, np.linspace(0.0, s[-1], min(int(s[-1] / LONGEST_PIECE_M), MOST_PIECES) + 2)]))
    plan = resample(where, s, outline)
    kind, colour = "broken" if "dashed" in name else "solid", "yellow" if "yellow" in name else "white"
    dash = 0.5 if "short" in name else 1.0
    return [paint_markings([Marking(surface.lift(plan), width, kind, colour, DASH_M * dash, GAP_M * dash)], palette)]


def _paint_stencil(item: MapObject, middle: np.ndarray, forward: np.ndarray, surface: _Surface, colour: np.ndarray) -> list[Paint]:
    """Return a word or an arrow around `middle` (2,), for traffic that drives in the direction `forward` (2,)."""
    name, right = item.name.lower(), np.array([-forward[1], forward[0]])
    is_word = "stop" in name
    length, width = WORD_M if is_word else ARROW_M
    length, width = item.length_m or length, item.width_m or width

    def at(u: float, v: float) -> np.ndarray:
        """Return the place (2,) of shares in [0, 1] of the width, to the right, and of the length, forward."""
        return middle + forward * (v - 0.5) * length + right * (u - 0.5) * width

    if is_word:
        cell = 1.0 / (len(STOP) * 1.4 - 0.4)
        lines = [[(cell * (1.4 * n + x), y) for x, y in line] for n, letter in enumerate(STOP) for line in letter]
        return [surface.paint([(at(*a), at(*b)) for line in lines for a, b in itertools.pairwise(line)], LETTER_LINE_M, colour)]
    side = 1.0 if name.endswith("r") else -1.0 if name.endswith("l") else 0.0
    tip = at(0.5 + 0.5 * side, 0.7) if side else at(0.5, 1.0)
    bend = at(0.5, 0.7) if side else at(0.5, 1.0 - HEAD)
    away = (right * side if side else forward) * HEAD * length
    shaft = [(at(0.5, 0.0), bend), *([(bend, tip - away)] if side else [])]
    steps = [tip + away * (n / HEAD_STEPS - 1.0) for n in range(HEAD_STEPS + 1)]
    head = [surface.paint([(steps[n], steps[n + 1])], 1.4 * HEAD * length * (1.0 - (n + 0.5) / HEAD_STEPS), colour) for n in range(HEAD_STEPS)]
    return [surface.paint([(a, b) for a, b in shaft if np.hypot(*(b - a)) > 0.05], LETTER_LINE_M, colour), *head]
