"""What joins the roads' outer edges to what lies beside and below them: verges of grass, retaining walls, bridge decks. Never over a lane.

Each station of an outer edge is judged by what lies up to VERGE_M outwards and below: land or a lower lane within a verge's slope gets a verge;
a deeper one a wall; a road that passes below makes the place a deck, with girders, an underside and parapets.
Shapes: E stations of all outer edges together, K of one; metres. Triangles (F, 3, 3); walls and decks show their outsides.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from driving.world.geometry.polylines import ribbon, unit
from driving.world.geometry.thinning import keep_bends
from driving.world.ground.contact import ROAD_FRICTION, Ground
from driving.world.ground.terrain import Terrain
from driving.world.maps.roads import RoadNetwork
from driving.world.meshes import materials
from driving.world.meshes.surfaces import LONGEST_M, STRAIGHT_M, Mesh, Palette, group_by_section, join_meshes, make_mesh

VERGE_M, VERGE_DROP_M, VERGE_TOP_M = 5.0, 0.45, 0.02
HANGING_M = 0.35  # a verge's end further above the land is lowered to it
STEEPEST_DROP_M = 2.5
INTO_LAND_M = 0.15
OFFSETS_M = np.array([0.3, 0.8, 1.4, 2.0, 3.0, 4.0, VERGE_M])
SAME_LEVEL_M, STEP_M, CLEAR_M = 0.1, 0.6, 2.5  # lanes whose heights differ by less; no wall is made for less; room under a bridge
BELOW_ALL_M = 1e4
DECK_AROUND_M, ABUTMENT_M = 3.0, 0.3
GIRDER_M, EDGE_M = 1.0, 0.3
LEDGE_M, OUTER_M, PARAPET_M, GUARDED_M = 0.83, 1.08, 0.85, 1.5  # where parapets stand (see `barriers`), how high, above which drop
VERGE, NOTHING, WALL, DECK = range(4)
CONCRETE, MASONRY = (150, 148, 142), (128, 124, 116)


class Edges(NamedTuple):
    """All outer edges, one after the other: the edge and the section's other one (E, 3), unit vectors outwards (E, 2), where each begins."""

    near: np.ndarray
    other: np.ndarray
    out: np.ndarray
    starts: np.ndarray

    def aside(self, offset_m: float) -> tuple[np.ndarray, np.ndarray]:
        """The places (x, y) so far outwards of every station."""
        x, y = (self.near[:, :2] + self.out * offset_m).T.copy()
        return x, y


Section = list[tuple[float, np.ndarray]]  # a wall's cross section: how far outwards, and heights (K,)


class Judged(NamedTuple):
    """Per station (E,): its class, how far a verge falls (m), how high a wall or a girder's underside lies, whether a parapet has room."""

    kinds: np.ndarray
    drops: np.ndarray
    feet: np.ndarray
    guarded: np.ndarray


def make_embankments(network: RoadNetwork, ground: Ground, land: Terrain, palette: Palette) -> tuple[Mesh, Mesh]:
    """The verges' mesh, and that of the walls and decks. land: as it is drawn near by."""
    edges = _edges(network)
    judged = _judged(edges, ground, land)
    verges: list[Mesh] = []
    built = [make_mesh(np.zeros((0, 3, 3)), materials.BRIDGE, CONCRETE)]
    sides = list(zip(edges.starts[:-1], edges.starts[1:], strict=True))
    for first, last in sides:
        part = slice(int(first), int(last))
        near, out = edges.near[part], edges.out[part]
        verges.extend(make_mesh(one, materials.VERGE, palette.grass) for one in _verges(near, edges.other[part], out, judged, part))
        for kind, shape, material, colour in ((WALL, _wall, materials.BARRIER, MASONRY), (DECK, _girder, materials.BRIDGE, CONCRETE)):
            for guarded in (False, True):
                for run in _runs(judged.kinds[part], kind, judged.guarded[part] == guarded, any_end=not guarded):
                    section = shape(near[run, 2] - VERGE_TOP_M, judged.feet[part][run], guarded)
                    built.append(make_mesh(_profile(near[run], out[run], section), material, colour))
    for (first, last), (_, end) in zip(sides[::2], sides[1::2], strict=True):
        built.extend(_undersides(edges, judged, slice(int(first), int(last)), slice(int(last), int(end)), land))
    return join_meshes(verges), join_meshes(built)


def _edges(network: RoadNetwork) -> Edges:
    near, other = [], []
    for strips in group_by_section(network):
        right, left = strips[0].right_xyz_m, strips[-1].left_xyz_m
        near += [right, left]
        other += [left, right]
    starts = np.cumsum([0, *(len(edge) for edge in near)])
    one, two = np.concatenate(near), np.concatenate(other)
    away = one[:, :2] - two[:, :2]
    return Edges(one, two, unit(away, 1e-6), starts)


def _judged(edges: Edges, ground: Ground, land: Terrain) -> Judged:
    """What is to be made of each station."""
    z = edges.near[:, 2].copy()
    deep, needed = np.zeros(len(z)), np.full(len(z), VERGE_DROP_M)  # how far below the nearest lower lane lies, and the drop that passes below it
    feet, free, alone = land.drawn_at(*edges.aside(EDGE_M)), np.ones(len(z), bool), np.ones(len(z), bool)
    for offset in OFFSETS_M:
        level, _, friction = ground.height(*edges.aside(offset), z)
        below = np.where((friction == ROAD_FRICTION) & (z - level > -CLEAR_M), z - level, np.nan)
        lower = below > SAME_LEVEL_M
        drop = np.where(lower, (below + 0.05 - VERGE_TOP_M) * VERGE_M / offset + VERGE_TOP_M, 0.0)
        deep, needed = np.where(drop > np.maximum(needed, STEEPEST_DROP_M), np.fmax(deep, below), deep), np.maximum(needed, drop)
        alone &= ~(np.abs(below) < STEP_M)
        if offset < 1.5:
            feet = np.where(lower, np.minimum(feet, level), feet)
            free &= ~(below < CLEAR_M + GIRDER_M)
    far = land.drawn_at(*edges.aside(VERGE_M))
    hangs = z - VERGE_DROP_M - far > HANGING_M
    drops = np.where(hangs, np.maximum(needed, z - far + INTO_LAND_M), needed)
    deep = np.where(hangs & (drops > STEEPEST_DROP_M), np.maximum(deep, z - far), deep)
    under = z - _lowest(edges, ground, -EDGE_M, z)
    kinds = np.where(drops <= STEEPEST_DROP_M, VERGE, np.where(alone & (deep > STEP_M) & (under < STEP_M), WALL, NOTHING))
    deck = _decks(edges, ground, z)
    thick = np.clip(under / 4.0, 0.3, GIRDER_M)
    feet = np.where(deck, z - np.where(under > CLEAR_M, thick, GIRDER_M), feet - ABUTMENT_M)
    outer = land.drawn_at(*edges.aside(OUTER_M)) - ABUTMENT_M
    high = free & (z - np.maximum(feet, outer) > GUARDED_M)
    return Judged(np.where(deck, DECK, kinds), drops, np.where(deck | ~high, feet, np.minimum(feet, outer)), free & deck | high)


def _lowest(edges: Edges, ground: Ground, offset_m: float, otherwise: np.ndarray) -> np.ndarray:
    """The lowest lane's height (E,) so far outwards of each station, `otherwise` (E,) where there is none."""
    level, _, friction = ground.height(*edges.aside(offset_m), edges.near[:, 2] - BELOW_ALL_M)
    return np.where(friction == ROAD_FRICTION, level, otherwise)


def _decks(edges: Edges, ground: Ground, z: np.ndarray) -> np.ndarray:
    """Which stations (E,) have a road below their cross section, or stand close to one that has."""
    width, over = np.hypot(*(edges.near - edges.other)[:, :2].T), np.zeros(len(z), bool)
    for share in np.linspace(0.0, 1.0, 7):
        x, y = (edges.near[:, :2] + (edges.other - edges.near)[:, :2] * share + edges.out * 0.5 * (1.0 - 2.0 * share)).T.copy()
        level, _, friction = ground.height(x, y, z - BELOW_ALL_M)
        surface = z + (edges.other[:, 2] - z) * share
        over |= (friction == ROAD_FRICTION) & (surface - level > CLEAR_M) & (width > 0.5)
    if over.any():
        over |= cKDTree(edges.near[over]).query(edges.near, distance_upper_bound=DECK_AROUND_M)[0] < DECK_AROUND_M
        for first, middle, last in zip(edges.starts[:-2:2], edges.starts[1::2], edges.starts[2::2], strict=True):
            both = over[first:middle] | over[middle:last]  # a deck has two sides
            over[first:middle], over[middle:last] = both, both
    return over


def _runs(kinds: np.ndarray, kind: int, marked: np.ndarray | None = None, any_end: bool = False) -> Iterator[slice]:
    """The stretches of stations (K,) whose segments are of a kind; a segment is of the higher kind of its two ends.

    marked (K,): only segments that are marked at both ends, or at any end.
    """
    wanted = np.maximum(kinds[:-1], kinds[1:]) == kind
    if marked is not None:
        wanted &= (marked[:-1] | marked[1:]) if any_end else (marked[:-1] & marked[1:])
    wanted = np.concatenate([[False], wanted, [False]])
    for first, last in zip(np.flatnonzero(wanted[1:] & ~wanted[:-1]), np.flatnonzero(wanted[:-1] & ~wanted[1:]), strict=True):
        yield slice(int(first), int(last) + 1)


def _verges(near: np.ndarray, other: np.ndarray, out: np.ndarray, judged: Judged, part: slice) -> Iterator[np.ndarray]:
    """Grass from an edge down to the land."""
    for run in _runs(judged.kinds[part], VERGE):
        drops = judged.drops[part][run]
        even = len(drops) == len(near) and (drops == VERGE_DROP_M).all()
        far = np.concatenate([near[run, :2] + out[run] * VERGE_M, near[run, 2:] - drops[:, None]], axis=1)
        kept = keep_bends([near[run], other[run] if even else far], STRAIGHT_M, LONGEST_M)
        yield ribbon(near[run][kept] - [0.0, 0.0, VERGE_TOP_M], far[kept])


def _profile(near: np.ndarray, out: np.ndarray, section: Section) -> np.ndarray:
    """Ribbons along an edge between the points of a cross section."""
    lines = [np.column_stack([near[:, :2] + out * away, height]) for away, height in section]
    kept = keep_bends(lines, STRAIGHT_M, LONGEST_M)
    faces = np.concatenate([ribbon(one[kept], two[kept]) for one, two in itertools.pairwise(lines)])
    step = (near[-1] - near[0])[:2]
    return faces if step[0] * out[0, 1] > step[1] * out[0, 0] else faces[:, ::-1]  # their outsides outwards, on a road's left as on its right


def _wall(top: np.ndarray, feet: np.ndarray, guarded: bool) -> Section:
    """A wall from an edge down to its feet, with a parapet where it is guarded."""
    feet = np.minimum(feet, top)
    parapet = [(LEDGE_M, top), (LEDGE_M, top + PARAPET_M), (OUTER_M, top + PARAPET_M), (OUTER_M, feet)]
    return [(0.0, top), *parapet] if guarded else [(0.0, top), (0.0, feet)]


def _girder(top: np.ndarray, feet: np.ndarray, guarded: bool) -> Section:
    """A bridge's side down to its underside, likewise."""
    return [*_wall(top, feet, guarded), (0.0, feet)]


def _undersides(edges: Edges, judged: Judged, right: slice, left: slice, land: Terrain) -> Iterator[Mesh]:
    """The undersides of a section's decks, and the faces of the abutments at their ends."""
    kinds = judged.kinds[right]
    for run in _runs(kinds, DECK):
        one, two = (np.column_stack([edges.near[side][run, :2], judged.feet[side][run]]) for side in (right, left))
        faces = [ribbon(one, two)]
        for at, inside in ((0, run.start > 0), (-1, run.stop < len(kinds))):
            if inside:
                top = np.stack([one[at], two[at]])
                low = np.column_stack([top[:, :2], np.minimum(land.drawn_at(*top[:, :2].T) - ABUTMENT_M, top[:, 2])])
                faces.append(ribbon(top, low))
        yield make_mesh(np.concatenate(faces), materials.BRIDGE, CONCRETE)
