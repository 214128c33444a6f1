"""What a map has painted on its roads beside lane markings, as OpenDRIVE objects: zebra crossings, stop lines, hatched regions, arrows, words.

They are told by type and by the names that RoadRunner gives, with which CARLA's towns were made. Frames: an object's (u, v) are metres forward
and left along its road, turned by its heading; plans (P, 2) are in the world. Answers segments as `surfaces.Paint` has them.
"""

from __future__ import annotations

import itertools

import numpy as np

from driving.world.geometry.polylines import resample, right_of, stations, unit
from driving.world.ground.contact import Ground
from driving.world.maps.road_objects import MapObject
from driving.world.maps.roads import Marking, RoadNetwork
from driving.world.meshes.surfaces import NO_PAINT, Paint, Palette, join_paint, paint_markings

STRIPE_M, STRIPE_EVERY_M = 0.5, 1.0
HATCH_M, HATCH_EVERY_M = 0.3, 1.6
STOP_LINE_M, LINE_M, DASH_M, GAP_M = 0.4, 0.13, 3.0, 3.0
LONGEST_PIECE_M = 4.0
WORD_M, ARROW_M, STROKE_M = (2.4, 2.4), (3.0, 1.6), 0.16  # lengths and widths where the text has none
HEAD, HEAD_STEPS = 0.3, 4  # an arrow's head, as a share of its length; painted in steps, since a segment that tapers would pale
STOP = (  # letters as polylines (right, up), in a box of 1 by 1 each
    (((1, 1), (0, 1), (0, 0.5), (1, 0.5), (1, 0), (0, 0)),),
    (((0, 1), (1, 1)), ((0.5, 1), (0.5, 0))),
    (((0, 0), (0, 1), (1, 1), (1, 0), (0, 0)),),
    (((0, 0), (0, 1), (1, 1), (1, 0.5), (0, 0.5)),),
)


class _Lines:
    """The lines between the lanes of all roads: place and direction at a station."""

    def __init__(self, network: RoadNetwork) -> None:
        parts: dict[int, list[np.ndarray]] = {}
        wanted = {one.road_id for one in network.objects}
        for strip in network.strips:
            if strip.road_id in wanted and strip.lane_id in (-1, 1):
                across = (strip.right_xyz_m - strip.left_xyz_m)[:, :2]
                size = np.hypot(*across.T)
                line = strip.left_xyz_m if strip.lane_id < 0 else strip.right_xyz_m
                rows = np.column_stack([strip.s_m, line, unit(across)])[size > 0.05]
                parts.setdefault(strip.road_id, []).append(rows)
        self._rows = {road: rows[np.argsort(rows[:, 0], kind="stable")] for road, many in parts.items() if len(rows := np.concatenate(many))}

    def at(self, road_id: int, s_m: float) -> tuple[np.ndarray, np.ndarray] | None:
        """The place (3,) and the unit vector to the right (2,), None for a road without lanes beside its line."""
        rows = self._rows.get(road_id)
        if rows is None:
            return None
        x, y, z, right_x, right_y = (float(np.interp(s_m, rows[:, 0], rows[:, k])) for k in range(1, 6))
        return np.array([x, y, z]), np.array([right_x, right_y]) / max(float(np.hypot(right_x, right_y)), 1e-9)


def paint_objects(network: RoadNetwork, ground: Ground, palette: Palette) -> Paint:
    """All that the objects of a map paint on its lanes."""
    lines, made = _Lines(network), [NO_PAINT]
    for one in network.objects:
        place = lines.at(one.road_id, one.s_m)
        if place is not None:
            made.extend(_object(one, *place, lines, ground, palette))
    return join_paint(made)


def _object(one: MapObject, at: np.ndarray, right: np.ndarray, lines: _Lines, ground: Ground, palette: Palette) -> list[Paint]:
    name, forward = one.name.lower(), np.array([right[1], -right[0]])
    middle = at[:2] - right * one.t_m
    cos, sin = np.cos(one.heading_rad), np.sin(one.heading_rad)
    if one.along_road:
        ends = [(lines.at(one.road_id, s), t) for s, t in one.outline]
        outline = np.array([place[0][:2] - place[1] * t for place, t in ends if place is not None]).reshape(-1, 2)
    else:
        u, v = np.array(one.outline, float).reshape(-1, 2).T
        outline = middle + np.outer(u * cos - v * sin, forward) - np.outer(u * sin + v * cos, right)
    white = palette.line("white")
    if "crosswalk" in (one.type, name) or "zebra" in name or "crosswalk" in name:
        return [_bars(outline, 0.0, STRIPE_EVERY_M, STRIPE_M, at[2], ground, white)]
    if "chevron" in name or "crosshatch" in name:
        angles = (np.pi / 4, -np.pi / 4) if "cross" in name else (np.pi / 4,)
        return [_bars(outline, angle, HATCH_EVERY_M, HATCH_M, at[2], ground, white) for angle in angles]
    if "stencil" in name or name in ("stopsignonroad", "arrow"):
        return _stencil(one, name, middle, forward if one.t_m <= 0.0 else -forward, at[2], ground, white)
    stops = "stopline" in name.replace("_", "").replace(" ", "")
    if stops or any(word in name for word in ("solid", "dashed")):
        return _line(outline, one, stops, "yellow" if "yellow" in name else "white", at[2], ground, palette)
    return []


def _bars(outline: np.ndarray, turned_rad: float, every_m: float, width_m: float, z: float, ground: Ground, colour: np.ndarray) -> Paint:
    """Bars across the longer side of a polygon (P, 2), turned from there, cut at its sides."""
    if len(outline) < 3:
        return NO_PAINT
    along, _ = _axes(outline)
    cos, sin = np.cos(turned_rad), np.sin(turned_rad)
    along = np.array([cos * along[0] - sin * along[1], sin * along[0] + cos * along[1]])
    across = np.array([-along[1], along[0]])
    a, b = outline @ along, outline @ across
    bars = []
    room = np.ptp(a) - width_m
    for place in a.min() + width_m / 2 + (room % every_m) / 2 + every_m * np.arange(min(int(max(room, 0.0) / every_m) + 1, 1000)):
        left, top = np.roll(a, -1), np.roll(b, -1)
        cut = (a <= place) != (left <= place)
        at = np.sort(b[cut] + (top[cut] - b[cut]) * (place - a[cut]) / (left[cut] - a[cut]))
        bars += [(along * place + across * low, along * place + across * high) for low, high in zip(at[::2], at[1::2], strict=False)]
    return _strokes(bars, width_m, z, ground, colour)


def _axes(outline: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The unit vectors along the longer and the shorter side of the smallest box around a polygon (P, 2), and that box's sizes (2,)."""
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


def _line(outline: np.ndarray, one: MapObject, stops: bool, colour: str, z: float, ground: Ground, palette: Palette) -> list[Paint]:
    """A line along an open outline, or along the longer side of a closed one."""
    width = STOP_LINE_M if stops else LINE_M
    if stops and len(outline) > 2:
        along, size = _axes(outline)
        middle, half = (outline.min(0) + outline.max(0)) / 2.0, along * size[0] / 2.0
        outline, width = np.stack([middle - half, middle + half]), float(np.clip(size[1], 0.2, 1.0))
    if len(outline) < 2:
        return []
    s = stations(outline)
    where = np.unique(np.concatenate([s, np.linspace(0.0, s[-1], min(int(s[-1] / LONGEST_PIECE_M), 1000) + 2)]))
    plan = resample(where, s, outline)
    kind = "broken" if "dashed" in one.name.lower() else "solid"
    dash = 0.5 if "short" in one.name.lower() else 1.0
    return [paint_markings([Marking(_raised(plan, z, ground), width, kind, colour, DASH_M * dash, GAP_M * dash)], palette)]


def _stencil(one: MapObject, name: str, middle: np.ndarray, forward: np.ndarray, z: float, ground: Ground, colour: np.ndarray) -> list[Paint]:
    """A word or an arrow, to be read by the traffic that drives `forward`."""
    right = np.array([-forward[1], forward[0]])
    word = "stop" in name
    length, width = WORD_M if word else ARROW_M
    length, width = one.length_m or length, one.width_m or width

    def at(u: float, v: float) -> np.ndarray:
        return middle + forward * (v - 0.5) * length + right * (u - 0.5) * width

    if word:
        cell = 1.0 / (len(STOP) * 1.4 - 0.4)
        lines = [[(cell * (1.4 * n + x), y) for x, y in line] for n, letter in enumerate(STOP) for line in letter]
        return [_strokes([(at(*a), at(*b)) for line in lines for a, b in itertools.pairwise(line)], STROKE_M, z, ground, colour)]
    side = 1.0 if name.endswith("r") else -1.0 if name.endswith("l") else 0.0
    tip = at(0.5 + 0.5 * side, 0.7) if side else at(0.5, 1.0)
    bend = at(0.5, 0.7) if side else at(0.5, 1.0 - HEAD)
    away = (right * side if side else forward) * HEAD * length
    shaft = [(at(0.5, 0.0), bend), *([(bend, tip - away)] if side else [])]
    steps = [tip + away * (n / HEAD_STEPS - 1.0) for n in range(HEAD_STEPS + 1)]
    head = [_strokes([(steps[n], steps[n + 1])], 1.4 * HEAD * length * (1.0 - (n + 0.5) / HEAD_STEPS), z, ground, colour) for n in range(HEAD_STEPS)]
    return [_strokes([(a, b) for a, b in shaft if np.hypot(*(b - a)) > 0.05], STROKE_M, z, ground, colour), *head]


def _strokes(plan: list[tuple[np.ndarray, np.ndarray]], width_m: float, z: float, ground: Ground, colour: np.ndarray) -> Paint:
    """Segments between two points of the plan each."""
    if not plan:
        return NO_PAINT
    ends = _raised(np.array(plan).reshape(-1, 2), z, ground).reshape(-1, 2, 3)
    side = np.column_stack([right_of((ends[:, 1] - ends[:, 0])[:, :2]), np.zeros(len(ends))]) * width_m / 2.0
    return Paint(ends.astype(np.float32), np.repeat(side[:, None], 2, axis=1).astype(np.float32), np.tile(colour, (len(ends), 1)))


def _raised(plan: np.ndarray, z: float, ground: Ground) -> np.ndarray:
    """The places (P, 3) on the ground nearest to a height."""
    x, y = plan.T.copy()
    return np.column_stack([plan, ground.height(x, y, np.full(len(x), z))[0]])
