"""A map's ground as triangles to draw: its lanes and its land.

Left to others: paint (`paint`, `road_paint`), what joins roads to the land (`embankments`), the objects beside the roads (`driving.world.scenery`),
drawing (`driving.world.rendering`). Shapes: F triangles, in world metres.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from driving.world.geometry.polylines import ribbon
from driving.world.geometry.thinning import keep_bends
from driving.world.ground.terrain import Terrain
from driving.world.maps.roads import RoadNetwork, Strip
from driving.world.meshes import materials

STRAIGHT_M = 0.015  # a lane's station is left out if the chord errs by less than this
LONGEST_M = 24.0  # longest triangle along a lane
PAINT_COLOURS = {
    "white": (226, 226, 220),
    "standard": (226, 226, 220),
    "yellow": (222, 178, 52),
    "blue": (60, 90, 200),
    "green": (60, 150, 80),
    "red": (190, 60, 50),
    "orange": (224, 130, 40),
}


class Mesh(NamedTuple):
    """Triangles with their looks."""

    triangles: np.ndarray  # (F, 3, 3) float32, m
    materials: np.ndarray  # (F,) uint8, codes of `materials`
    colours: np.ndarray  # (F, 3) uint8 RGB, before light falls on them


class Palette(NamedTuple):
    """Base colours of the land and the lanes, RGB in 0 to 255."""

    grass: tuple[int, int, int] = (86, 108, 58)
    asphalt: tuple[int, int, int] = (84, 85, 88)
    shoulder: tuple[int, int, int] = (98, 97, 95)
    pavement: tuple[int, int, int] = (142, 139, 133)
    gravel: tuple[int, int, int] = (124, 116, 100)
    concrete: tuple[int, int, int] = (152, 149, 142)
    cobbles: tuple[int, int, int] = (104, 98, 94)
    paint: float = 1.0  # factor on the brightness of paint

    def line(self, colour: str) -> np.ndarray:
        """Return the RGB colour (3,) uint8 of paint with one of OpenDRIVE's colour names; an unknown name is white."""
        return np.clip(np.array(PAINT_COLOURS.get(colour, PAINT_COLOURS["white"])) * self.paint, 0, 255).astype(np.uint8)


Record = TypeVar("Record", bound=NamedTuple)


def join(records: Sequence[Record]) -> Record:
    """Return several records of arrays, such as meshes, as one: each field of one after that of the other. There must be at least one."""
    return records[0]._make(np.concatenate(parts) for parts in zip(*records, strict=True))


def make_mesh(triangles: np.ndarray, material: int, colour: tuple[int, int, int]) -> Mesh:
    """Return triangles (F, 3, 3) of one material and colour as a mesh."""
    count = len(triangles)
    return Mesh(triangles.astype(np.float32), np.full(count, material, np.uint8), np.tile(np.array(colour, np.uint8), (count, 1)))


def make_lane_mesh(network: RoadNetwork, palette: Palette) -> Mesh:
    """Return the surfaces of all lanes."""
    colours = {
        materials.DRIVING: palette.asphalt,
        materials.SHOULDER: palette.shoulder,
        materials.PARKING: palette.shoulder,
        materials.SIDEWALK: palette.pavement,
        materials.MEDIAN: palette.grass,
        materials.GRAVEL: palette.gravel,
        materials.GRAVEL_LANE: palette.gravel,
        materials.CONCRETE_LANE: palette.concrete,
        materials.COBBLES: palette.cobbles,
        materials.VERGE: palette.grass,
    }
    meshes = []
    for strips in group_by_section(network):
        edges = [edge for strip in strips for edge in (strip.left_xyz_m, strip.right_xyz_m)]
        kept = keep_bends(edges, STRAIGHT_M, LONGEST_M)  # the same stations for all lanes, so that there are no cracks between them
        for strip in strips:
            material = materials.OF_LANE.get(strip.kind, materials.SHOULDER)
            if material == materials.DRIVING:
                material = materials.OF_SURFACE.get(strip.surface, material)
            meshes.append(make_mesh(ribbon(strip.left_xyz_m[kept], strip.right_xyz_m[kept]), material, colours[material]))
    return join(meshes)


def group_by_section(network: RoadNetwork) -> list[list[Strip]]:
    """Return the strips of each lane section, from the rightmost lane to the leftmost."""
    sections: dict[tuple[int, float], list[Strip]] = {}
    for strip in network.strips:
        sections.setdefault((strip.road_id, strip.section_s_m), []).append(strip)
    return [sorted(strips, key=lambda strip: strip.lane_id) for strips in sections.values()]


def make_land_mesh(land: Terrain, palette: Palette) -> Mesh:
    """Return the land's grid of heights as triangles, two per cell."""
    x, y = np.meshgrid(land.xs_m, land.ys_m)
    node = np.stack([x, y, land.heights_m], axis=-1)
    a, b, c, d = node[:-1, :-1], node[:-1, 1:], node[1:, 1:], node[1:, :-1]
    triangles = np.stack([np.stack([a, b, c], 2), np.stack([a, c, d], 2)], axis=2).reshape(-1, 3, 3)
    return make_mesh(triangles, materials.TERRAIN, palette.grass)
