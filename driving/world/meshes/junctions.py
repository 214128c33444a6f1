"""Paves the gaps between the lanes of a junction, so that no grass shows in its middle, at the height of the lanes around.

The lanes' edges are triangulated junction by junction; a triangle that joins edges is a gap's where the circle through its corners is no wider
than GAP_M. That fills wedges and slits between lanes and leaves islands and what lies outside alone. Metres.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from scipy.spatial import Delaunay, QhullError

from driving.world.ground.contact import ROAD_FRICTION, Ground
from driving.world.maps.roads import RoadNetwork, Strip
from driving.world.meshes import materials
from driving.world.meshes.surfaces import Mesh, Palette, make_mesh

GAP_M = 5.5  # the circle around a gap of 5 m with corners 2 m apart
STEP_M = 0.6  # what lies on two levels is no gap
LOWER_M = 0.02  # so that lanes win wherever both lie
SAME_POINT_M = 0.05


def make_junction_mesh(network: RoadNetwork, ground: Ground, palette: Palette) -> Mesh:
    """The pavement between the lanes of all junctions."""
    junctions: dict[str, list[Strip]] = defaultdict(list)
    for strip in network.strips:
        if strip.junction and materials.OF_LANE.get(strip.kind) != materials.VERGE:
            junctions[strip.junction].append(strip)
    triangles = np.concatenate([np.zeros((0, 3, 3)), *(_gaps(strips) for strips in junctions.values())])
    return make_mesh(triangles[_uncovered(triangles, ground)] - [0.0, 0.0, LOWER_M], materials.PAVED, palette.asphalt)


def _gaps(strips: list[Strip]) -> np.ndarray:
    """The triangles (F, 3, 3) with small circles around them between the lanes' edges; none that only pavements for walkers surround."""
    roads_first = sorted(strips, key=lambda strip: strip.kind == "sidewalk")
    edges = [(edge, strip.kind == "sidewalk") for strip in roads_first for edge in (strip.left_xyz_m, strip.right_xyz_m)]
    places, walked = np.concatenate([edge for edge, _ in edges]), np.concatenate([np.full(len(edge), walk) for edge, walk in edges])
    _, first = np.unique(np.round(places[:, :2] / SAME_POINT_M), axis=0, return_index=True)
    points = places[first]
    try:
        which = Delaunay(points[:, :2] - points[:, :2].mean(0)).simplices
    except QhullError:  # all on one line: there is no gap
        return np.zeros((0, 3, 3))
    corners, outside = points[which], walked[first][which].all(axis=1)
    sides = np.linalg.norm((corners - np.roll(corners, 1, axis=1))[..., :2], axis=2)
    (ax, ay), (bx, by) = (corners[:, 1] - corners[:, 0])[:, :2].T, (corners[:, 2] - corners[:, 0])[:, :2].T
    area = np.abs(ax * by - ay * bx) / 2.0
    circle = sides.prod(axis=1) / np.maximum(2.0 * area, 1e-9)  # the diameter of the circle through the corners
    return corners[(circle < GAP_M) & (np.ptp(corners[..., 2], axis=1) < STEP_M) & ~outside]


def _uncovered(triangles: np.ndarray, ground: Ground) -> np.ndarray:
    """Which triangles (F, 3, 3) lanes do not cover wholly, as far as their middle and their sides' middles tell."""
    uncovered = np.zeros(len(triangles), bool)
    for shares in ((1 / 3, 1 / 3, 1 / 3), (0.5, 0.5, 0.0), (0.0, 0.5, 0.5), (0.5, 0.0, 0.5)):
        x, y, z = np.einsum("k,fkc->cf", np.array(shares), triangles)
        level, _, friction = ground.height(x.copy(), y.copy(), z.copy())
        uncovered |= (friction != ROAD_FRICTION) | (np.abs(level - z) > STEP_M)
    return uncovered
