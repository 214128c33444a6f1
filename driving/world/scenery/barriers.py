"""Walls, fences, hedges and guard rails along the outer edges of the roads. Their panels are long, so that few triangles are drawn.

The style changes from stretch to stretch: walls, fences and hedges along pavements and in villages, guard rails and hedges in open land, parapets
on bridges. Shapes: K joints of a stretch, between K - 1 panels. Metres.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from driving.world.geometry.polylines import ribbon, right_of, stations
from driving.world.geometry.thinning import keep_joints
from driving.world.meshes import materials
from driving.world.meshes.surfaces import make_mesh
from driving.world.scenery.clearance import MARGIN_M, Clearance, Grid
from driving.world.scenery.objects import SceneryBuilder
from driving.world.scenery.roadsides import ROUNDING_M, STEP_M, Edge
from driving.world.scenery.site import Site

AWAY_M = 0.95  # from the middle line of a barrier to the lanes
TO_DRIVING_M = 2.6  # from that line to the driving lanes, where there is room: drivers cut bends, some by 1.5 m
RISE = 0.2  # how much the distance grows per metre along the barrier
PANEL_M, PANEL_ERROR_M = 30.0, 0.06  # longest panel, and how far it may leave the line
STRETCH_M = (50.0, 150.0)  # shortest and longest stretch of one style
BELOW_M = 0.5  # how far barriers reach into the ground
VILLAGE = 0.5  # least share of village for the styles of towns
BRIDGE_M = 1.5  # a road higher than this above the land has parapets
LEAST_HALF_M = 0.04  # half the thickness of the solid box of a sheet


@dataclass(frozen=True)
class Style:
    """One kind of barrier."""

    kind: str  # name of the objects
    material: int  # code of `materials`
    bottom_m: float  # above the joints
    top_m: float  # above the joints
    half_m: float  # half the thickness; 0 for a sheet
    colours: tuple[tuple[int, int, int], ...]  # RGB, one is drawn per stretch

    @property
    def tag(self) -> int:
        """CARLA's semantic tag."""
        return int(materials.TAGS[self.material])

    @property
    def solid_half_m(self) -> float:
        """Half the thickness of the solid box."""
        return max(self.half_m, LEAST_HALF_M)


WALL = Style("Wall", materials.BARRIER, -BELOW_M, 1.0, 0.12, ((150, 142, 130), (168, 150, 128), (140, 100, 84), (176, 174, 168), (128, 126, 122)))
FENCE = Style("Fence", materials.FENCE, -BELOW_M, 0.95, 0.04, ((122, 96, 70), (96, 100, 96), (150, 136, 112), (86, 92, 84)))
HEDGE = Style("Hedge", materials.FOLIAGE, -BELOW_M, 1.05, 0.35, ((58, 86, 44), (70, 96, 50), (50, 76, 44)))
RAIL = Style("GuardRail", materials.RAIL, 0.42, 0.78, 0.0, ((150, 152, 156),))
PARAPET = Style("Parapet", materials.BARRIER, -BELOW_M, 0.9, 0.12, ((158, 156, 150),))
# Styles of the two surroundings, each with the draw in [0, 1) up to which it is chosen.
IN_TOWN = ((WALL, 0.45), (FENCE, 0.8), (HEDGE, 1.0))
IN_THE_OPEN = ((RAIL, 0.65), (HEDGE, 1.0))


def add_barriers(builder: SceneryBuilder, edges: list[Edge], site: Site, random: np.random.Generator, share: float) -> Grid | None:
    """Add barriers along a share of the edges' stretches. Return the ground that they cover, None without any barrier."""
    covered: list[np.ndarray] = []
    for edge in edges:
        moved = _move_from_traffic(edge, site)
        for first, last in _draw_stretches(edge, random):
            wanted, style_draw, colour_draw = random.random() < share, random.random(), random.random()
            if wanted:
                part = slice(first, last + 1)
                style = _choose_style(edge, part, site, style_draw)
                colour = style.colours[int(colour_draw * len(style.colours))]
                line = (edge.xyz_m if style is PARAPET else moved)[part]
                joints = line[keep_joints(line, PANEL_ERROR_M, PANEL_M)]
                covered.append(_add_panels(builder, style, colour, joints, site.lanes))
    feet = np.concatenate([np.zeros((0, 3, 3)), *covered])
    return Grid.of(feet) if len(feet) else None


def _draw_stretches(edge: Edge, random: np.random.Generator) -> list[tuple[int, int]]:
    """Return the first and last point of each stretch of an edge. Neighbours share a point."""
    s = stations(edge.xyz_m)
    cuts = [0.0]
    while s[-1] - cuts[-1] > STRETCH_M[1]:
        cuts.append(cuts[-1] + random.uniform(*STRETCH_M))
    at = [*np.searchsorted(s, cuts).tolist(), len(s) - 1]
    return [(first, last) for first, last in itertools.pairwise(at) if last > first]


def _move_from_traffic(edge: Edge, site: Site) -> np.ndarray:
    """Return an edge's line (K, 3), moved smoothly away from driving lanes where no other lane is in the way."""
    lacking = TO_DRIVING_M - site.driving_lanes.distance(edge.xyz_m, TO_DRIVING_M)
    moved = edge.xyz_m[:, :2] + edge.out * lacking[:, None]
    lacking[site.lanes.distance(np.column_stack([moved, edge.xyz_m[:, 2]]), AWAY_M) < AWAY_M - ROUNDING_M] = 0.0
    rounds, skipped = (3, len(lacking)) if edge.closed else (1, 0)  # a closed line: smoothed over three rounds, of which the middle one counts
    shift, rise = np.tile(lacking, rounds), RISE * STEP_M * np.arange(rounds * len(lacking))
    for way in (1, -1):
        shift = (np.minimum.accumulate(shift[::way] - rise) + rise)[::way]
    return np.column_stack([edge.xyz_m[:, :2] + edge.out * shift[skipped : skipped + len(lacking), None], edge.xyz_m[:, 2]])


def _choose_style(edge: Edge, part: slice, site: Site, draw: float) -> Style:
    """Return the style of a stretch of an edge. `draw` in [0, 1) chooses among those that suit its surroundings."""
    middle = edge.xyz_m[part][(part.stop - part.start) // 2]
    if middle[2] - site.ground.terrain.at(middle[:1], middle[1:2])[0] > BRIDGE_M:
        return PARAPET
    town = edge.paved[part].mean() > 0.5 or site.regions.at("village", middle[None, :2])[0] > VILLAGE
    return next(style for style, limit in (IN_TOWN if town else IN_THE_OPEN) if draw <= limit)


def _add_panels(builder: SceneryBuilder, style: Style, colour: tuple[int, int, int], joints: np.ndarray, lanes: Clearance) -> np.ndarray:
    """Add the panels between joints (K, 3) that keep clear of all lanes. Return the ground that they cover as triangles (F, 3, 3)."""
    across = _across(joints)
    kept = _is_clear(joints, lanes, style.half_m)
    if not kept.any():
        return np.zeros((0, 3, 3))
    triangles, counts = _panel_faces(style, joints, across, kept)
    start, end = joints[:-1][kept], joints[1:][kept]
    ahead, middle = end - start, (start + end) / 2.0
    yaw, half_length = np.arctan2(ahead[:, 1], ahead[:, 0]), np.hypot(*ahead[:, :2].T) / 2.0
    numbers = builder.add(style.kind, style.tag, make_mesh(triangles, style.material, colour), counts, middle, yaw)
    bottom, top = np.minimum(start[:, 2], end[:, 2]) - BELOW_M, np.maximum(start[:, 2], end[:, 2]) + style.top_m
    builder.add_solids(numbers, np.column_stack([middle[:, :2], yaw, half_length, np.full(len(middle), style.solid_half_m), bottom, top]))
    side = across * style.solid_half_m
    return ribbon(joints - side, joints + side).reshape(2, len(kept), 3, 3)[:, kept].reshape(-1, 3, 3)


def _panel_faces(style: Style, joints: np.ndarray, across: np.ndarray, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the triangles (F, 3, 3) of the panels that `kept` (K - 1,) marks, panel by panel, and how many each has.

    `across` (K, 3) points to the right, see `_across`. A panel without a neighbour has a face at that end.
    """
    left, right = (joints - side * (across * style.half_m) for side in (1.0, -1.0))
    up, down = np.array([0.0, 0.0, style.top_m]), np.array([0.0, 0.0, style.bottom_m])
    every = np.arange(len(kept))
    faces, owners = [_make_quads(right[:-1], right[1:], up, down)], [every] * 2
    if style.half_m > 0.0:
        faces += [_make_quads(left[1:], left[:-1], up, down), ribbon(left + up, right + up)]
        owners += [every] * 4
        starts, ends = (np.flatnonzero(kept & ~np.concatenate(neighbour)) for neighbour in (([False], kept[:-1]), (kept[1:], [False])))
        faces += [_make_quads(left[starts], right[starts], up, down), _make_quads(right[ends + 1], left[ends + 1], up, down)]
        owners += [starts, starts, ends, ends]
    triangles, owner = np.concatenate(faces), np.concatenate(owners)
    order = np.argsort(owner, kind="stable")
    order = order[kept[owner[order]]]
    return triangles[order], np.bincount(owner[order], minlength=len(kept))[kept]


def _across(joints: np.ndarray) -> np.ndarray:
    """Return vectors (K, 3) to the right of a line at its joints. They are mitred: panels of even thickness meet in them."""
    right = right_of(np.diff(joints[:, :2], axis=0))
    before, after = np.concatenate([right[:1], right]), np.concatenate([right, right[-1:]])
    mitre = (before + after) / np.maximum(1.0 + (before * after).sum(1), 0.5)[:, None]
    return np.column_stack([mitre, np.zeros(len(joints))])


def _is_clear(joints: np.ndarray, lanes: Clearance, half_m: float) -> np.ndarray:
    """Return which panels (K - 1,) of a half thickness keep the margin to all lanes, judged at points about 1 m apart."""
    counts = np.ceil(np.hypot(*np.diff(joints[:, :2], axis=0).T)).astype(int) + 1
    panel = np.repeat(np.arange(len(counts)), counts)
    share = (np.arange(len(panel)) - np.repeat(np.cumsum(counts) - counts, counts)) / np.maximum(np.repeat(counts, counts) - 1, 1)
    points = joints[panel] + share[:, None] * (joints[panel + 1] - joints[panel])
    near = lanes.distance(points, 2.0) < MARGIN_M + half_m
    return np.bincount(panel[near], minlength=len(counts)) == 0


def _make_quads(start: np.ndarray, end: np.ndarray, up: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Return upright faces (2 N, 3, 3) that show to the right of the way from `start` (N, 3) to `end`. `up` and `down` (3,) lead to their rims."""
    return np.concatenate([np.stack([start + down, start + up, end + up], 1), np.stack([start + down, end + up, end + down], 1)])
