"""Tunnels and underpasses: walls along both sides of a road, a roof over it, and the shade below. A map lists them for its roads.

Shapes: K stations of a tunnel. Metres.
"""

from __future__ import annotations

import numpy as np

from driving.world.geometry.polylines import ribbon, unit
from driving.world.maps.roads import RoadNetwork
from driving.world.meshes import materials
from driving.world.meshes.surfaces import group_by_section, make_mesh
from driving.world.scenery.objects import SUNK_M, SceneryBuilder

AWAY_M = 0.6  # from the outermost lane to the wall
ROOF_M, TOP_M, BELOW_M = 5.2, 6.2, 0.5  # heights of the roof's two faces over the road, and how far walls reach into the ground
HALF_M = 0.2  # half the thickness of a wall's solid box
FLAT_M = 0.01  # height of the body whose shadow covers the road
CONCRETE = (132, 130, 126)


def add_tunnels(network: RoadNetwork, builder: SceneryBuilder) -> None:
    """Add the walls and roofs of all tunnels of a map. A tunnel goes on from lane section to lane section."""
    sections = group_by_section(network) if network.tunnels else []
    for tunnel in network.tunnels:
        for strips in sections:
            inside = (strips[0].s_m >= tunnel.start_m) & (strips[0].s_m <= tunnel.end_m)
            if strips[0].road_id == tunnel.road_id and inside.sum() > 1:
                _add_bore(strips[0].right_xyz_m[inside], strips[-1].left_xyz_m[inside], builder)


def _add_bore(right: np.ndarray, left: np.ndarray, builder: SceneryBuilder) -> None:
    """Add the bore around a road's outer edges (K, 3) as one object."""
    across = np.column_stack([unit((right - left)[:, :2]), np.zeros(len(right))])
    right, left = right + AWAY_M * across, left - AWAY_M * across
    roof, top, down = (np.array([0.0, 0.0, z]) for z in (ROOF_M, TOP_M, -BELOW_M))
    sheets = [(right + down, right + top), (left + down, left + top), (right + roof, left + roof), (right + top, left + top)]
    for end in (0, -1):  # what is seen of the roof from outside, over the entrance
        face = np.stack([right[end], left[end]])
        sheets.append((face + roof, face + top))
    triangles = np.concatenate([ribbon(one, other) for one, other in sheets])
    middle = (right + left) / 2.0
    mesh = make_mesh(triangles, materials.BRIDGE, CONCRETE)
    tag = int(materials.TAGS[materials.BRIDGE])
    [number] = builder.add("Tunnel", tag, mesh, np.array([len(triangles)]), middle[len(right) // 2][None], np.zeros(1))
    pieces = len(right) - 1
    numbers = np.full(pieces, number, np.int32)
    for line in (right, left):
        builder.add_solids(numbers, _boxes(line, HALF_M, TOP_M))
    halves = np.hypot(*(right - left)[:-1, :2].T) / 2.0
    shade = _boxes(middle, halves, FLAT_M)
    feet = np.column_stack([shade[:, :2], middle[:-1, 2] - SUNK_M])
    builder.add_shadows(numbers, feet, np.column_stack([2.0 * shade[:, 3], 2.0 * halves, np.full(pieces, FLAT_M)]), shade[:, 2], box=True)


def _boxes(line: np.ndarray, half_width_m: np.ndarray | float, height_m: float) -> np.ndarray:
    """Return upright boxes (K - 1, BOX_WIDTH) along a line (K, 3)."""
    start, ahead = line[:-1], np.diff(line, axis=0)
    middle = start + ahead / 2.0
    half_length = np.hypot(*ahead[:, :2].T) / 2.0
    width = np.broadcast_to(half_width_m, len(start))
    return np.column_stack([middle[:, :2], np.arctan2(ahead[:, 1], ahead[:, 0]), half_length, width, middle[:, 2] - BELOW_M, middle[:, 2] + height_m])
