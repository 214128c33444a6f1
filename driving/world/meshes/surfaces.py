"""A map's ground as triangles to draw, and its paint as segments: lanes, land; lines, double lines, dashes.

Left to others: what joins roads to the land (`embankments`), things that stand on it (`scenery`), drawing (`renderer`).
Triangles (F, 3, 3) in world metres.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from driving.world.geometry.polylines import resample, ribbon, right_of, stations
from driving.world.geometry.thinning import keep_bends
from driving.world.ground.terrain import Terrain
from driving.world.maps.roads import Marking, RoadNetwork, Strip
from driving.world.meshes import materials

STRAIGHT_M = 0.015  # a lane's stations are left out where the chord errs by less than this
LONGEST_M = 24.0
LONGEST_PAINT_M = 5.0
DOUBLE_GAP_M = 0.12
SAME_POINT_M = 1e-4
COLOURS = {
    "white": (226, 226, 220),
    "standard": (226, 226, 220),
    "yellow": (222, 178, 52),
    "blue": (60, 90, 200),
    "green": (60, 150, 80),
    "red": (190, 60, 50),
    "orange": (224, 130, 40),
}


class Mesh(NamedTuple):
    """Triangles (F, 3, 3), their materials (F,) uint8 and base colours (F, 3) uint8 RGB."""

    triangles: np.ndarray
    materials: np.ndarray
    colours: np.ndarray


class Palette(NamedTuple):
    """Base colours (RGB, 0 to 255) of the land and the lanes, and how bright paint is (share)."""

    grass: tuple[int, int, int] = (86, 108, 58)
    asphalt: tuple[int, int, int] = (84, 85, 88)
    shoulder: tuple[int, int, int] = (98, 97, 95)
    pavement: tuple[int, int, int] = (142, 139, 133)
    gravel: tuple[int, int, int] = (124, 116, 100)
    paint: float = 1.0

    def line(self, colour: str) -> np.ndarray:
        """The colour (3,) uint8 of paint that OpenDRIVE calls so; white where it has no name for it."""
        return np.clip(np.array(COLOURS.get(colour, COLOURS["white"])) * self.paint, 0, 255).astype(np.uint8)


def join_meshes(meshes: list[Mesh]) -> Mesh:
    """All meshes as one."""
    return Mesh(*(np.concatenate([mesh[part] for mesh in meshes]) for part in range(3)))


def make_mesh(triangles: np.ndarray, material: int, colour: tuple[int, int, int]) -> Mesh:
    """Triangles of one material and colour."""
    count = len(triangles)
    return Mesh(triangles.astype(np.float32), np.full(count, material, np.uint8), np.tile(np.array(colour, np.uint8), (count, 1)))


def make_lane_mesh(network: RoadNetwork, palette: Palette) -> Mesh:
    """Every lane's surface."""
    colours = {
        materials.DRIVING: palette.asphalt,
        materials.SHOULDER: palette.shoulder,
        materials.PARKING: palette.shoulder,
        materials.SIDEWALK: palette.pavement,
        materials.MEDIAN: palette.grass,
        materials.GRAVEL: palette.gravel,
        materials.VERGE: palette.grass,
    }
    meshes = []
    for strips in group_by_section(network):
        kept = keep_bends(
            [edge for strip in strips for edge in (strip.left_xyz_m, strip.right_xyz_m)], STRAIGHT_M, LONGEST_M
        )  # the same for all: no cracks
        for strip in strips:
            material = materials.OF_LANE.get(strip.kind, materials.SHOULDER)
            meshes.append(make_mesh(ribbon(strip.left_xyz_m[kept], strip.right_xyz_m[kept]), material, colours[material]))
    return join_meshes(meshes)


def group_by_section(network: RoadNetwork) -> list[list[Strip]]:
    """The strips of each lane section, from the rightmost lane to the leftmost."""
    sections: dict[tuple[int, float], list[Strip]] = {}
    for strip in network.strips:
        sections.setdefault((strip.road_id, strip.section_s_m), []).append(strip)
    return [sorted(strips, key=lambda one: one.lane_id) for strips in sections.values()]


def make_land_mesh(land: Terrain, palette: Palette) -> Mesh:
    """The land's height grid as triangles."""
    x, y = np.meshgrid(land.xs_m, land.ys_m)
    node = np.stack([x, y, land.heights_m], axis=-1)
    a, b, c, d = node[:-1, :-1], node[:-1, 1:], node[1:, 1:], node[1:, :-1]
    triangles = np.stack([np.stack([a, b, c], 2), np.stack([a, c, d], 2)], axis=2).reshape(-1, 3, 3)
    return make_mesh(triangles, materials.TERRAIN, palette.grass)


class Paint(NamedTuple):
    """Painted segments: ends of their middle lines (S, 2, 3), half widths as vectors to the right at both ends (S, 2, 3), colours (S, 3) uint8."""

    ends: np.ndarray
    sides: np.ndarray
    colours: np.ndarray


NO_PAINT = Paint(np.zeros((0, 2, 3), np.float32), np.zeros((0, 2, 3), np.float32), np.zeros((0, 3), np.uint8))


def join_paint(paints: list[Paint]) -> Paint:
    """The segments of several paints."""
    return Paint(*(np.concatenate([paint[part] for paint in paints]) for part in range(3)))


def paint_markings(markings: Iterable[Marking], palette: Palette) -> Paint:
    """Every marking as segments of at most a few metres, dashes cut out."""
    made = [NO_PAINT]
    for marking in markings:
        for offset_m, broken in _lines(marking):
            ends, sides = _segments(marking, offset_m, broken)
            made.append(Paint(ends.astype(np.float32), sides.astype(np.float32), np.tile(palette.line(marking.colour), (len(ends), 1))))
    return join_paint(made)


def _lines(marking: Marking) -> list[tuple[float, bool]]:
    """The lines of a marking: offset to the right (m) and whether broken."""
    words = marking.kind.replace(" ", "")
    pair = [word for word in (words[:6] if words.startswith("broken") else words[:5], words[6:] if words.startswith("broken") else words[5:]) if word]
    if len(pair) == 2:
        away = (marking.width_m + DOUBLE_GAP_M) / 2.0
        return [(-away, pair[0] == "broken"), (away, pair[1] == "broken")]
    return [(0.0, words in ("broken", "bottsdots"))]


def _segments(marking: Marking, offset_m: float, broken: bool) -> tuple[np.ndarray, np.ndarray]:
    line = marking.xyz_m
    line = line[np.append(True, np.hypot(*np.diff(line[:, :2], axis=0).T) > SAME_POINT_M)]
    if len(line) < 2:
        return np.zeros((0, 2, 3)), np.zeros((0, 2, 3))
    s = stations(line)
    pitch = marking.dash_m + marking.gap_m if broken else LONGEST_PAINT_M
    starts = np.arange(0.0, s[-1], pitch)
    ends = np.minimum(starts + (marking.dash_m if broken else pitch), s[-1])
    # a bend inside a segment would leave the lane's edge: cut there too
    inner = s[1:-1][_bends(line)]
    cuts = np.unique(np.concatenate([starts, ends, inner]))
    middle = (cuts[:-1] + cuts[1:]) / 2.0
    which = np.searchsorted(starts, middle, side="right") - 1
    kept = (which >= 0) & (middle < ends[which])
    a, b = cuts[:-1][kept], cuts[1:][kept]
    right = np.column_stack([right_of(np.gradient(line[:, :2], s, axis=0)), np.zeros(len(s))])
    across = np.stack([resample(a, s, right), resample(b, s, right)], axis=1)
    ends_xyz = np.stack([resample(a, s, line), resample(b, s, line)], axis=1) + across * offset_m
    return ends_xyz, across * (marking.width_m / 2.0)


def _bends(line: np.ndarray) -> np.ndarray:
    """Which inner points of a line are no mere points of a straight."""
    before, after = line[1:-1] - line[:-2], line[2:] - line[1:-1]
    size = np.maximum(np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1), 1e-9)
    return np.linalg.norm(np.cross(before, after), axis=1) / size > 2e-3
