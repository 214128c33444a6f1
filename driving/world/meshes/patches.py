"""What lies on a road and is not paint: tar seams, patches of other asphalt, leaves. They are OpenDRIVE objects of the type "patch", known by names.

A patch is a strip between the two halves of its outline, which runs along one side and back along the other. Metres. Shapes: K pairs of corners.
"""

from __future__ import annotations

import numpy as np

from driving.world.geometry.polylines import ribbon
from driving.world.ground.contact import Ground
from driving.world.maps.road_lines import RoadLines
from driving.world.maps.roads import RoadNetwork
from driving.world.meshes.materials import PATCH
from driving.world.meshes.surfaces import Mesh, Palette, join, make_mesh

ABOVE_M = 0.025  # a lane's triangles may lie this much above its smooth surface
SEAM_SHARE, PATCH_SHARE = 0.55, 0.74  # brightness of tar, and of younger asphalt, beside that of the road
LEAVES = (126, 92, 48)


def make_patch_mesh(network: RoadNetwork, ground: Ground, palette: Palette) -> Mesh:
    """Return all patches of a map."""
    patches = [item for item in network.objects if item.type == "patch"]
    lines = RoadLines(network.strips, {item.road_id for item in patches})
    colours = {"seam": _scale(palette.asphalt, SEAM_SHARE), "patch": _scale(palette.asphalt, PATCH_SHARE), "leaves": LEAVES}
    meshes = [make_mesh(np.zeros((0, 3, 3)), PATCH, palette.asphalt)]
    for item in patches:
        place, outline = lines.at(item.road_id, item.s_m), lines.outline(item)
        if item.name in colours and place is not None and len(outline) > 2:
            x, y = outline.T.copy()
            top = np.column_stack([outline, ground.height(x, y, np.full(len(x), place[0][2]))[0] + ABOVE_M])
            half = (len(top) + 1) // 2
            meshes.append(make_mesh(ribbon(top[:half], top[: len(top) - half - 1 : -1]), PATCH, colours[item.name]))
    return join(meshes)


def _scale(colour: tuple[int, int, int], share: float) -> tuple[int, int, int]:
    """Return a darker colour."""
    red, green, blue = (int(value * share) for value in colour)
    return red, green, blue
