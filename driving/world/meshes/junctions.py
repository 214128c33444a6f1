"""Pavement in the gaps between the lanes of a junction, at the height of the lanes around, so that no grass shows in its middle.

The lanes' edges are triangulated, one junction at a time. A triangle lies in a gap if the circle through its corners is narrower than GAP_M.
This fills wedges and slits between lanes. It leaves islands open, and the land outside of the junction. Metres. Shapes: F triangles.
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
STEP_M = 0.6  # lanes whose heights differ by more lie on two levels, without a gap between them
LOWER_M = 0.02  # so that the lane is seen where both lie
SAME_POINT_M = 0.05  # points of edges that are closer count as one


def make_junction_mesh(network: RoadNetwork, ground: Ground, palette: Palette) -> Mesh:
    """Return the pavement between the lanes of all junctions."""
    junctions: dict[str, list[Strip]] = defaultdict(list)
    for strip in network.strips:
        if strip.junction and materials.OF_LANE.get(strip.kind) != materials.VERGE:
            junctions[strip.junction].append(strip)
    triangles = np.concatenate([np.zeros((0, 3, 3)), *(_find_gaps(strips) for strips in junctions.values())])
    return make_mesh(triangles[_is_uncovered(triangles, ground)] - [0.0, 0.0, LOWER_M], materials.PAVED, palette.asphalt)


def _find_gaps(strips: list[Strip]) -> np.ndarray:
    """Return the triangles (F, 3, 3) between the edges of one junction's lanes that have small circles around them.

    Triangles that have pedestrians' pavements on all sides are left out.
    """
    roads_first = sorted(strips, key=lambda strip: strip.kind == "sidewalk")
    edges = [(edge, strip.kind == "sidewalk") for strip in roads_first for edge in (strip.left_xyz_m, strip.right_xyz_m)]
    places, walked = np.concatenate([edge for edge, _ in edges]), np.concatenate([np.full(len(edge), walk) for edge, walk in edges])
    _, first = np.unique(np.round(places[:, :2] / SAME_POINT_M), axis=0, return_index=True)
    points = places[first]
    try:
        corner_numbers = Delaunay(points[:, :2] - points[:, :2].mean(0)).simplices
    except QhullError:  # all points are on one line: nothing to pave
        return np.zeros((0, 3, 3))
    corners, outside = points[corner_numbers], walked[first][corner_numbers].all(axis=1)
    sides = np.linalg.norm((corners - np.roll(corners, 1, axis=1))[..., :2], axis=2)
    (ax, ay), (bx, by) = (corners[:, 1] - corners[:, 0])[:, :2].T, (corners[:, 2] - corners[:, 0])[:, :2].T  # two sides
    area = np.abs(ax * by - ay * bx) / 2.0
    diameter = sides.prod(axis=1) / np.maximum(2.0 * area, 1e-9)  # of the circle through the corners
    return corners[(diameter < GAP_M) & (np.ptp(corners[..., 2], axis=1) < STEP_M) & ~outside]


def _is_uncovered(triangles: np.ndarray, ground: Ground) -> np.ndarray:
    """Return which triangles (F,) are not covered by lanes, judged at their middle and at the middles of their sides."""
    uncovered = np.zeros(len(triangles), bool)
    for weights in ((1 / 3, 1 / 3, 1 / 3), (0.5, 0.5, 0.0), (0.0, 0.5, 0.5), (0.5, 0.0, 0.5)):
        x, y, z = np.einsum("k,fkc->cf", np.array(weights), triangles)
        level, friction = ground.height(x.copy(), y.copy(), z.copy())
        uncovered |= (friction != ROAD_FRICTION) | (np.abs(level - z) > STEP_M)
    return uncovered
