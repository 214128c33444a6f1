"""Where the outer edges of the roads are: lines a little outside of all lanes, continuous along a road and closed around junctions.

The outline of each lane section is moved outwards. The parts that come too close to another lane of the same level are dropped. The other parts
are joined, end to start. Levels are separate: a bridge has edges, and so has the road under it.
Shapes: K points of a line, N places. Metres, CARLA's frame.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from driving.world.geometry.polylines import resample, right_of, stations, unit
from driving.world.maps.roads import RoadNetwork, Strip
from driving.world.meshes.surfaces import group_by_section
from driving.world.scenery.clearance import Clearance

STRIDE_M = 5.0  # between the places of `Roadsides`
STEP_M = 0.5  # between the points of an edge
LONGEST_JOIN_M, JOIN_LEVEL_M = 3.5, 1.5  # widest gap between two parts that are joined, and greatest difference of their heights
TWIN_M = 0.4  # points of two outlines that are closer, and face the same way, are one place
FORWARD_SHARE = 0.5  # least cosine between the outward directions of such points
SHORTEST_M, SMALLEST_ISLAND_M = 4.0, 30.0  # least length of an open edge, and of a closed one
ROUNDING_M = 0.04  # by how much an edge may be too close to a lane
XYZ, OUT, PAVED = slice(0, 3), slice(3, 5), 5  # columns of an outline: place, outward unit vector, 1 beside a pavement and 0 elsewhere


class Roadsides(NamedTuple):
    """Places along the outer edges of the roads, one per STRIDE_M."""

    at: np.ndarray  # (N, 3) m
    out: np.ndarray  # (N, 2), unit vectors away from the road
    junction: np.ndarray  # (N,) bool, inside a junction


class Edge(NamedTuple):
    """One line outside of the lanes, which lie on its left side."""

    xyz_m: np.ndarray  # (K, 3)
    out: np.ndarray  # (K, 2), unit vectors away from the lanes
    paved: np.ndarray  # (K,) bool, beside a pavement
    closed: bool  # the end meets the start


def find_roadsides(network: RoadNetwork) -> Roadsides:
    """Return places along both outer edges of each lane section, road by road."""
    at, out, junction = [], [], []
    for strips in group_by_section(network):
        right, left = strips[0], strips[-1]
        for edge, other in ((right.right_xyz_m, left.left_xyz_m), (left.left_xyz_m, right.right_xyz_m)):
            s = stations(edge)
            where = np.arange(STRIDE_M / 2, s[-1], STRIDE_M)
            place = resample(where, s, edge)
            away = place[:, :2] - resample(where, s, other[:, :2])
            at.append(place)
            out.append(unit(away, 1e-6))
            junction.append(np.full(len(where), strips[0].in_junction))
    return Roadsides(np.concatenate(at), np.concatenate(out), np.concatenate(junction))


def find_edges(network: RoadNetwork, clearance: Clearance, away_m: float) -> list[Edge]:
    """Return all outer edges of a map, `away_m` outside of its lanes. Small islands between lanes have no edge."""
    outlines = [outline for strips in group_by_section(network) for outline in _outlines(strips, away_m)]
    runs = _drop_covered(outlines, clearance, away_m)
    edges = []
    for chain, closed in _find_chains(runs, clearance):
        line = np.concatenate([runs[k] for k in chain])
        length = stations(line)[-1]
        if length >= (SMALLEST_ISLAND_M if closed else SHORTEST_M):
            line = np.concatenate([line, line[:1]]) if closed else line
            edges.append(Edge(line[:, XYZ], line[:, OUT], line[:, PAVED] > 0.5, closed))
    return edges


def _outlines(strips: list[Strip], away_m: float) -> list[np.ndarray]:
    """Return the outline of one lane section, moved outwards, as up to four lines (K, 6)."""
    right, left = strips[0].right_xyz_m, strips[-1].left_xyz_m
    corners = [side for strip in reversed(strips) for side in (strip.left_xyz_m, strip.right_xyz_m)]
    first, last = (np.stack([side[k] for side in corners]) for k in (0, -1))
    found = []
    # right edge forwards, far end, left edge backwards, near end: the lanes are always on the left
    for line, kind in ((right, strips[0].kind), (last[::-1], ""), (left[::-1], strips[-1].kind), (first, "")):
        s = stations(line)
        kept = np.append(True, np.diff(s) > 1e-3)
        if kept.sum() < 2:
            continue
        s, line = s[kept], line[kept]
        out = right_of(np.gradient(line[:, :2], s, axis=0))
        moved = np.column_stack([line[:, :2] + away_m * out, line[:, 2]])
        where = np.linspace(0.0, s[-1], int(np.ceil(s[-1] / STEP_M)) + 1)
        values = np.column_stack([moved, out, np.full(len(s), kind == "sidewalk")])
        found.append(resample(where, s, values))
    return found


def _drop_covered(outlines: list[np.ndarray], clearance: Clearance, away_m: float) -> list[np.ndarray]:
    """Return the parts (K, 6) of outlines that keep their distance to all lanes. Of outlines that coincide, one is kept."""
    points = np.concatenate(outlines)
    run = np.repeat(np.arange(len(outlines)), [len(line) for line in outlines])
    kept = np.flatnonzero(clearance.distance(points[:, XYZ], away_m + 0.5) >= away_m - ROUNDING_M)
    points, run = points[kept], run[kept]
    pairs = cKDTree(points[:, XYZ]).query_pairs(TWIN_M, output_type="ndarray")
    low, high = pairs.min(1), pairs.max(1)
    same = (run[low] != run[high]) & ((points[low, OUT] * points[high, OUT]).sum(1) > FORWARD_SHARE)
    once = np.ones(len(points), bool)
    once[high[same]] = False
    points, run, kept = points[once], run[once], kept[once]
    if len(points) == 0:
        return []
    return [piece for piece in np.split(points, np.flatnonzero((np.diff(run) != 0) | (np.diff(kept) > 1)) + 1) if len(piece) > 1]


def _find_chains(runs: list[np.ndarray], clearance: Clearance) -> list[tuple[list[int], bool]]:
    """Return the runs that follow each other, as numbers, and whether the last one meets the first. The nearest ends are joined first."""
    if not runs:
        return []
    starts, ends = np.stack([run[0, XYZ] for run in runs]), np.stack([run[-1, XYZ] for run in runs])
    near = cKDTree(ends[:, :2]).query_ball_point(starts[:, :2], LONGEST_JOIN_M)
    before = np.array([run for found in near for run in sorted(found)], np.int64)
    after = np.repeat(np.arange(len(runs)), [len(found) for found in near])
    away = np.hypot(*(starts[after] - ends[before])[:, :2].T) if len(before) else np.zeros(0)
    middle = (starts[after] + ends[before]) / 2.0
    possible = (np.abs(starts[after, 2] - ends[before, 2]) < JOIN_LEVEL_M) & (clearance.distance(middle, 1.0) > 0.5)
    following, taken = np.full(len(runs), -1), np.zeros(len(runs), bool)
    for n in np.argsort(away, kind="stable"):
        if possible[n] and following[before[n]] < 0 and not taken[after[n]]:
            following[before[n]], taken[after[n]] = after[n], True
    chains, seen = [], np.zeros(len(runs), bool)
    for first in [*np.flatnonzero(~taken), *range(len(runs))]:
        chain, at = [], int(first)
        while at >= 0 and not seen[at]:
            seen[at] = True
            chain.append(at)
            at = int(following[at])
        if chain:
            chains.append((chain, at == int(first)))
    return chains
