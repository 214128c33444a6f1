"""Walls, fences, hedges and guard rails along the outer edges of the roads: long panels from joint to joint, so that few triangles are drawn.

Which it is changes from stretch to stretch: walls and fences along pavements and in villages, rails and hedges in open land, parapets on bridges.
Shapes: K joints of a stretch with K - 1 panels. Metres.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from driving.world.geometry.polylines import ribbon, right_of, stations
from driving.world.geometry.thinning import keep_joints
from driving.world.meshes import materials
from driving.world.meshes.surfaces import Mesh
from driving.world.scenery.clearance import MARGIN_M, Clearance, Grid
from driving.world.scenery.objects import SceneryBuilder
from driving.world.scenery.roadsides import ROUNDING_M, STEP_M, Edge
from driving.world.scenery.site import Site

AWAY_M = 0.95  # of their middle lines from the lanes
TO_DRIVING_M = 2.6  # from those to drive on, where there is room: drivers cut bends, some by 1.5 m
RISE = 0.2  # how much further away a metre
PANEL_M, PANEL_ERROR_M = 30.0, 0.06
STRETCH_M = (50.0, 150.0)
BELOW_M = 0.5  # how far they reach into the ground
VILLAGE = 0.5
BRIDGE_M = 1.5  # land lies so much lower beside a bridge


@dataclass(frozen=True)
class Style:
    """One kind of barrier: its name, material and CARLA's tag; from which height to which and how thick it is (m, 0: a sheet); its colours."""

    kind: str
    material: int
    bottom_m: float
    top_m: float
    half_m: float
    colours: tuple[tuple[int, int, int], ...]

    @property
    def tag(self) -> int:
        """CARLA's semantic tag."""
        return int(materials.TAGS[self.material])


WALL = Style("Wall", materials.BARRIER, -BELOW_M, 1.0, 0.12, ((150, 142, 130), (168, 150, 128), (140, 100, 84), (176, 174, 168), (128, 126, 122)))
FENCE = Style("Fence", materials.FENCE, -BELOW_M, 0.95, 0.04, ((122, 96, 70), (96, 100, 96), (150, 136, 112), (86, 92, 84)))
HEDGE = Style("Hedge", materials.FOLIAGE, -BELOW_M, 1.05, 0.35, ((58, 86, 44), (70, 96, 50), (50, 76, 44)))
RAIL = Style("GuardRail", materials.RAIL, 0.42, 0.78, 0.0, ((150, 152, 156),))
PARAPET = Style("Parapet", materials.BARRIER, -BELOW_M, 0.9, 0.12, ((158, 156, 150),))
IN_TOWN, IN_THE_OPEN = ((WALL, 0.45), (FENCE, 0.8), (HEDGE, 1.0)), ((RAIL, 0.65), (HEDGE, 1.0))


def add_barriers(builder: SceneryBuilder, edges: list[Edge], site: Site, random: np.random.Generator, share: float) -> Grid | None:
    """Add barriers along a share of the edges. Return what they cover, None where there is none."""
    covered: list[np.ndarray] = []
    for edge in edges:
        moved = _move_from_traffic(edge, site)
        for first, last in _stretches(edge, random):
            wanted, style_draw, colour_draw = random.random() < share, random.random(), random.random()
            if wanted:
                part = slice(first, last + 1)
                style = _choose_style(edge, part, site, style_draw)
                colour = style.colours[int(colour_draw * len(style.colours))]
                line = (edge.xyz_m if style is PARAPET else moved)[part]
                joints = line[keep_joints(line, PANEL_ERROR_M, PANEL_M)]
                covered.append(_raise(builder, style, colour, joints, site.lanes))
    feet = np.concatenate([np.zeros((0, 3, 3)), *covered])
    return Grid.of(feet) if len(feet) else None


def _stretches(edge: Edge, random: np.random.Generator) -> list[tuple[int, int]]:
    """Pieces of an edge as first and last points, which neighbours share."""
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
    around, count = (3, len(lacking)) if edge.closed else (1, 0)
    shift, rise = np.tile(lacking, around), RISE * STEP_M * np.arange(around * len(lacking))
    for way in (1, -1):
        shift = (np.minimum.accumulate(shift[::way] - rise) + rise)[::way]
    return np.column_stack([edge.xyz_m[:, :2] + edge.out * shift[count : count + len(lacking), None], edge.xyz_m[:, 2]])


def _choose_style(edge: Edge, part: slice, site: Site, draw: float) -> Style:
    """Return the style of one stretch. `draw` in [0, 1) chooses among those that suit its surroundings."""
    middle = edge.xyz_m[part][(part.stop - part.start) // 2]
    if middle[2] - site.ground.terrain.at(middle[:1], middle[1:2])[0] > BRIDGE_M:
        return PARAPET
    town = edge.paved[part].mean() > 0.5 or site.regions.at("village", middle[None, :2])[0] > VILLAGE
    return next(style for style, up_to in (IN_TOWN if town else IN_THE_OPEN) if draw <= up_to)


def _raise(builder: SceneryBuilder, style: Style, colour: tuple[int, int, int], joints: np.ndarray, clearance: Clearance) -> np.ndarray:
    """Adds the panels between joints (K, 3) that keep clear of all lanes; answers what they stand on as triangles (F, 3, 3)."""
    across = _across(joints)
    kept = _clear(joints, clearance, style.half_m)
    if not kept.any():
        return np.zeros((0, 3, 3))
    left, right = (joints - side * (across * style.half_m) for side in (1.0, -1.0))
    count = len(joints) - 1
    up, down = np.array([0.0, 0.0, style.top_m]), np.array([0.0, 0.0, style.bottom_m])
    faces = [_quads(right[:-1], right[1:], up, down)]
    whose = [np.arange(count)] * 2
    if style.half_m > 0.0:
        faces += [_quads(left[1:], left[:-1], up, down), ribbon(left + up, right + up)]
        whose += [np.arange(count)] * 4
        starts, ends = (np.flatnonzero(kept & ~np.concatenate(neighbour)) for neighbour in (([False], kept[:-1]), (kept[1:], [False])))
        faces += [_quads(left[starts], right[starts], up, down), _quads(right[ends + 1], left[ends + 1], up, down)]
        whose += [starts, starts, ends, ends]
    triangles, owner = np.concatenate(faces), np.concatenate(whose)
    order = np.argsort(owner, kind="stable")
    order = order[kept[owner[order]]]
    numbers = np.flatnonzero(kept)
    counts = np.bincount(owner[order], minlength=count)[numbers]
    ahead, middle = joints[numbers + 1] - joints[numbers], (joints[numbers] + joints[numbers + 1]) / 2.0
    yaw, half = np.arctan2(ahead[:, 1], ahead[:, 0]), np.hypot(*ahead[:, :2].T) / 2.0
    mesh = Mesh(
        triangles[order].astype(np.float32), np.full(len(order), style.material, np.uint8), np.tile(np.array(colour, np.uint8), (len(order), 1))
    )
    numbers_added = builder.add(style.kind, style.tag, mesh, counts, middle, yaw)
    low, high = (np.stack([joints[numbers, 2], joints[numbers + 1, 2]]).T for _ in range(2))
    thick = np.full(len(numbers), max(style.half_m, 0.04))
    builder.add_solids(numbers_added, np.column_stack([middle[:, :2], yaw, half, thick, low.min(1) - BELOW_M, high.max(1) + style.top_m]))
    wide = across * max(style.half_m, 0.04)
    return ribbon(joints - wide, joints + wide).reshape(2, count, 3, 3)[:, kept].reshape(-1, 3, 3)


def _across(joints: np.ndarray) -> np.ndarray:
    """Vectors (K, 3) to the right of a line at its joints, mitred: panels of even thickness meet in them."""
    right = right_of(np.diff(joints[:, :2], axis=0))
    before, after = np.concatenate([right[:1], right]), np.concatenate([right, right[-1:]])
    mitre = (before + after) / np.maximum(1.0 + (before * after).sum(1), 0.5)[:, None]
    return np.column_stack([mitre, np.zeros(len(joints))])


def _clear(joints: np.ndarray, clearance: Clearance, half_m: float) -> np.ndarray:
    """Which panels (K - 1,) are nowhere nearer to a lane than the margin."""
    counts = np.ceil(np.hypot(*np.diff(joints[:, :2], axis=0).T)).astype(int) + 1
    panel = np.repeat(np.arange(len(counts)), counts)
    share = (np.arange(len(panel)) - np.repeat(np.cumsum(counts) - counts, counts)) / np.maximum(np.repeat(counts, counts) - 1, 1)
    points = joints[panel] + share[:, None] * (joints[panel + 1] - joints[panel])
    near = clearance.distance(points, 2.0) < MARGIN_M + half_m
    return np.bincount(panel[near], minlength=len(counts)) == 0


def _quads(a: np.ndarray, b: np.ndarray, up: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Upright faces (2 N, 3, 3) from places a (N, 3) to b, seen from the right of that way."""
    return np.concatenate([np.stack([a + down, a + up, b + up], 1), np.stack([a + down, b + up, b + down], 1)])
