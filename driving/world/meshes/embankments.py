"""What joins the roads' outer edges to the land beside and below them: verges of grass, retaining walls, bridge decks. None of it is over a lane.

Each station of an outer edge is classified by what lies beside and below it, up to VERGE_M outwards. Where the slope of a verge reaches the land or
a lower lane, there is a verge. Where the drop is too deep for that, there is a wall. Where a road passes below, the station belongs to a bridge deck,
which has girders, an underside and parapets.
Shapes: E stations of all outer edges together, K stations of one edge or of a part of it, F triangles. Metres. Walls and decks show their outsides.
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
from driving.world.meshes.surfaces import LONGEST_M, STRAIGHT_M, Mesh, Palette, group_by_section, join, make_mesh

VERGE_M, VERGE_DROP_M, VERGE_TOP_M = 5.0, 0.45, 0.02  # width of a verge, its usual drop, and how far below the lane it begins
HANGING_M = 0.35  # the outer end of a verge is lowered to the land if it is higher above it than this
STEEPEST_DROP_M = 2.5  # greatest drop of a verge
INTO_LAND_M = 0.15  # how far the end of a lowered verge reaches into the land
OFFSETS_M = np.array([0.3, 0.8, 1.4, 2.0, 3.0, 4.0, VERGE_M])  # distances outwards at which lanes below are looked for
SAME_LEVEL_M = 0.1  # lanes whose heights differ by less lie on one level
PASS_BELOW_M = 0.05  # how far below a lower lane a verge passes
STEP_M = 0.6  # least drop that gets a wall
CLEAR_M = 2.5  # least room under a bridge
BELOW_ALL_M = 1e4  # deeper than every map
UNDER_WALL_M = 1.5  # a lane below and nearer than this is at the wall's foot
DECK_AROUND_M, ABUTMENT_M = 3.0, 0.3  # how far a deck reaches beyond the road below, and how deep walls stand in the land
GIRDER_M, EDGE_M = 1.0, 0.3  # greatest height of a girder, and the distance from the edge at which what is under it is measured
LEDGE_M, OUTER_M = 0.83, 1.08  # inner and outer side of a parapet, from the edge: `scenery.barriers` puts its parapets there too
PARAPET_M, GUARDED_M = 0.85, 1.5  # height of a parapet, and least drop that gets one
CONCRETE, MASONRY = (150, 148, 142), (128, 124, 116)
VERGE, NOTHING, WALL, DECK = range(4)  # classes of stations


class Edges(NamedTuple):
    """All outer edges, one after the other. Each lane section has two: the right one and the left one."""

    near: np.ndarray  # (E, 3), points of the edges
    other: np.ndarray  # (E, 3), the points across the road on the section's other edge
    out: np.ndarray  # (E, 2), unit vectors outwards
    starts: np.ndarray  # (number of edges + 1,), the first station of each edge

    def aside(self, offset_m: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the places x, y (E,) that lie `offset_m` outwards of the stations."""
        x, y = (self.near[:, :2] + self.out * offset_m).T.copy()
        return x, y


Section = list[tuple[float, np.ndarray]]  # cross section of a wall along an edge: the distance outwards and the heights (K,) of each corner


class Profiles(NamedTuple):
    """What is built at each station."""

    kinds: np.ndarray  # (E,), VERGE, NOTHING, WALL or DECK
    drops: np.ndarray  # (E,) how far a verge falls
    feet: np.ndarray  # (E,) heights of the feet of walls and of the undersides of girders
    guarded: np.ndarray  # (E,) bool, has a parapet


def make_embankments(network: RoadNetwork, ground: Ground, land: Terrain, palette: Palette) -> tuple[Mesh, Mesh]:
    """Return the mesh of the verges, and that of walls and decks. `land` is the terrain as it is drawn nearby."""
    edges = _collect_edges(network)
    profiles = _classify(edges, ground, land)
    verges: list[Mesh] = []
    built = [make_mesh(np.zeros((0, 3, 3)), materials.BRIDGE, CONCRETE)]
    sides = list(zip(edges.starts[:-1], edges.starts[1:], strict=True))
    for first, last in sides:
        part = slice(int(first), int(last))
        near, out = edges.near[part], edges.out[part]
        verges.extend(make_mesh(one, materials.VERGE, palette.grass) for one in _make_verges(near, edges.other[part], out, profiles, part))
        for kind, make_section, material, colour in (
            (WALL, _wall_section, materials.BARRIER, MASONRY),
            (DECK, _girder_section, materials.BRIDGE, CONCRETE),
        ):
            for guarded in (False, True):
                for run in _find_runs(profiles.kinds[part], kind, profiles.guarded[part] == guarded, any_end=not guarded):
                    section = make_section(near[run, 2] - VERGE_TOP_M, profiles.feet[part][run], guarded)
                    built.append(make_mesh(_extrude(near[run], out[run], section), material, colour))
    for (first, last), (_, end) in zip(sides[::2], sides[1::2], strict=True):
        built.extend(_make_undersides(edges, profiles, slice(int(first), int(last)), slice(int(last), int(end)), land))
    return join(verges), join(built)


def _collect_edges(network: RoadNetwork) -> Edges:
    """Return the outer edges of all lane sections."""
    near, other = [], []
    for strips in group_by_section(network):
        right, left = strips[0].right_xyz_m, strips[-1].left_xyz_m
        near += [right, left]
        other += [left, right]
    starts = np.cumsum([0, *(len(edge) for edge in near)])
    near_xyz, other_xyz = np.concatenate(near), np.concatenate(other)
    return Edges(near_xyz, other_xyz, unit(near_xyz[:, :2] - other_xyz[:, :2], 1e-6), starts)


def _classify(edges: Edges, ground: Ground, land: Terrain) -> Profiles:
    """Return what to build at each station."""
    z = edges.near[:, 2].copy()
    deep = np.zeros(len(z))  # how far below lies a lane that a verge does not reach
    needed = np.full(len(z), VERGE_DROP_M)  # drop of a verge that passes below all lower lanes
    feet = land.at_triangles(*edges.aside(EDGE_M))
    free, alone = np.ones(len(z), bool), np.ones(len(z), bool)  # room for a parapet; no lane of nearly the same height beside
    for offset_m in OFFSETS_M:
        level, friction = ground.height(*edges.aside(offset_m), z)
        below = np.where((friction == ROAD_FRICTION) & (z - level > -CLEAR_M), z - level, np.nan)
        lower = below > SAME_LEVEL_M
        drop = np.where(lower, (below + PASS_BELOW_M - VERGE_TOP_M) * VERGE_M / offset_m + VERGE_TOP_M, 0.0)
        deep, needed = np.where(drop > np.maximum(needed, STEEPEST_DROP_M), np.fmax(deep, below), deep), np.maximum(needed, drop)
        alone &= ~(np.abs(below) < STEP_M)
        if offset_m < UNDER_WALL_M:
            feet = np.where(lower, np.minimum(feet, level), feet)
            free &= ~(below < CLEAR_M + GIRDER_M)
    far = land.at_triangles(*edges.aside(VERGE_M))
    hangs = z - VERGE_DROP_M - far > HANGING_M
    drops = np.where(hangs, np.maximum(needed, z - far + INTO_LAND_M), needed)
    deep = np.where(hangs & (drops > STEEPEST_DROP_M), np.maximum(deep, z - far), deep)
    under = z - _lowest_lane(edges, ground, -EDGE_M, z)
    kinds = np.where(drops <= STEEPEST_DROP_M, VERGE, np.where(alone & (deep > STEP_M) & (under < STEP_M), WALL, NOTHING))
    deck = _is_deck(edges, ground, z)
    thick = np.clip(under / 4.0, 0.3, GIRDER_M)
    feet = np.where(deck, z - np.where(under > CLEAR_M, thick, GIRDER_M), feet - ABUTMENT_M)
    outer = land.at_triangles(*edges.aside(OUTER_M)) - ABUTMENT_M
    high = free & (z - np.maximum(feet, outer) > GUARDED_M)
    return Profiles(np.where(deck, DECK, kinds), drops, np.where(deck | ~high, feet, np.minimum(feet, outer)), free & deck | high)


def _lowest_lane(edges: Edges, ground: Ground, offset_m: float, otherwise: np.ndarray) -> np.ndarray:
    """Return the height (E,) of the lowest lane at `offset_m` outwards of each station, `otherwise` (E,) where there is no lane."""
    level, friction = ground.height(*edges.aside(offset_m), edges.near[:, 2] - BELOW_ALL_M)
    return np.where(friction == ROAD_FRICTION, level, otherwise)


def _is_deck(edges: Edges, ground: Ground, z: np.ndarray) -> np.ndarray:
    """Return which stations (E,) have a road below their cross section, or are close to such a station."""
    width, over = np.hypot(*(edges.near - edges.other)[:, :2].T), np.zeros(len(z), bool)
    for share in np.linspace(0.0, 1.0, 7):
        x, y = (edges.near[:, :2] + (edges.other - edges.near)[:, :2] * share + edges.out * 0.5 * (1.0 - 2.0 * share)).T.copy()
        level, friction = ground.height(x, y, z - BELOW_ALL_M)
        surface = z + (edges.other[:, 2] - z) * share
        over |= (friction == ROAD_FRICTION) & (surface - level > CLEAR_M) & (width > 0.5)
    if over.any():
        over |= cKDTree(edges.near[over]).query(edges.near, distance_upper_bound=DECK_AROUND_M)[0] < DECK_AROUND_M
        for first, middle, last in zip(edges.starts[:-2:2], edges.starts[1::2], edges.starts[2::2], strict=True):
            both = over[first:middle] | over[middle:last]  # where one side of a road is a deck, so is the other side
            over[first:middle], over[middle:last] = both, both
    return over


def _find_runs(kinds: np.ndarray, kind: int, marked: np.ndarray | None = None, any_end: bool = False) -> Iterator[slice]:
    """Yield the stretches of stations whose segments are of one class. A segment has the higher class of its two ends.

    Args:
        kinds: (K,) classes of the stations.
        kind: the class.
        marked: (K,) bool, where given: only segments with marks at both ends.
        any_end: a mark at one end is enough.
    """
    wanted = np.maximum(kinds[:-1], kinds[1:]) == kind
    if marked is not None:
        wanted &= (marked[:-1] | marked[1:]) if any_end else (marked[:-1] & marked[1:])
    wanted = np.concatenate([[False], wanted, [False]])
    for first, last in zip(np.flatnonzero(wanted[1:] & ~wanted[:-1]), np.flatnonzero(wanted[:-1] & ~wanted[1:]), strict=True):
        yield slice(int(first), int(last) + 1)


def _make_verges(near: np.ndarray, other: np.ndarray, out: np.ndarray, profiles: Profiles, part: slice) -> Iterator[np.ndarray]:
    """Yield the triangles (F, 3, 3) of grass from one edge down to the land. `part`: the stations of that edge."""
    for run in _find_runs(profiles.kinds[part], VERGE):
        drops = profiles.drops[part][run]
        even = len(drops) == len(near) and (drops == VERGE_DROP_M).all()
        far = np.concatenate([near[run, :2] + out[run] * VERGE_M, near[run, 2:] - drops[:, None]], axis=1)
        kept = keep_bends([near[run], other[run] if even else far], STRAIGHT_M, LONGEST_M)
        yield ribbon(near[run][kept] - [0.0, 0.0, VERGE_TOP_M], far[kept])


def _extrude(near: np.ndarray, out: np.ndarray, section: Section) -> np.ndarray:
    """Return ribbons (F, 3, 3) along an edge between the corners of a cross section."""
    lines = [np.column_stack([near[:, :2] + out * away, height]) for away, height in section]
    kept = keep_bends(lines, STRAIGHT_M, LONGEST_M)
    faces = np.concatenate([ribbon(one[kept], two[kept]) for one, two in itertools.pairwise(lines)])
    step = (near[-1] - near[0])[:2]
    return faces if step[0] * out[0, 1] > step[1] * out[0, 0] else faces[:, ::-1]  # faces show outwards, on the left of a road and on its right


def _wall_section(top: np.ndarray, feet: np.ndarray, guarded: bool) -> Section:
    """Return the cross section of a wall from an edge `top` (K,) down to its `feet` (K,), with a parapet where `guarded`."""
    feet = np.minimum(feet, top)
    parapet = [(LEDGE_M, top), (LEDGE_M, top + PARAPET_M), (OUTER_M, top + PARAPET_M), (OUTER_M, feet)]
    return [(0.0, top), *parapet] if guarded else [(0.0, top), (0.0, feet)]


def _girder_section(top: np.ndarray, feet: np.ndarray, guarded: bool) -> Section:
    """Return the cross section of a bridge's side: as a wall's, and back to the edge along the underside."""
    return [*_wall_section(top, feet, guarded), (0.0, feet)]


def _make_undersides(edges: Edges, profiles: Profiles, right: slice, left: slice, land: Terrain) -> Iterator[Mesh]:
    """Yield the undersides of a section's decks, and the faces of the abutments at their ends. `right` and `left`: the stations of its two edges."""
    kinds = profiles.kinds[right]
    for run in _find_runs(kinds, DECK):
        one, two = (np.column_stack([edges.near[side][run, :2], profiles.feet[side][run]]) for side in (right, left))
        faces = [ribbon(one, two)]
        for end, inside in ((0, run.start > 0), (-1, run.stop < len(kinds))):
            if inside:
                top = np.stack([one[end], two[end]])
                low = np.column_stack([top[:, :2], np.minimum(land.at_triangles(*top[:, :2].T) - ABUTMENT_M, top[:, 2])])
                faces.append(ribbon(top, low))
        yield make_mesh(np.concatenate(faces), materials.BRIDGE, CONCRETE)
