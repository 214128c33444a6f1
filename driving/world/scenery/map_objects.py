"""What a map itself places beside its roads: trees and parked cars, which are OpenDRIVE objects of these types. Cars stand on lanes.

Shapes: N objects. Metres.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from driving.world.ground.contact import Ground
from driving.world.maps.road_lines import RoadLines
from driving.world.maps.road_objects import MapObject
from driving.world.maps.roads import RoadNetwork
from driving.world.meshes.shapes import SHAPES, place_copies
from driving.world.scenery.objects import SUNK_M, SceneryBuilder

Colours = tuple[tuple[int, int, int], ...]


class Kind(NamedTuple):
    """How objects of one OpenDRIVE type look and what they do."""

    shape: str  # key of SHAPES
    tag: int  # CARLA's semantic tag
    size_m: tuple[float, float, float]  # length, width and height where the map gives none
    solid_share: float  # of the length and width that stops a car
    sunk_m: float  # how deep it reaches into the ground
    colours: Colours  # RGB, taken in turn


LEAVES: Colours = ((62, 92, 44), (78, 104, 50), (52, 80, 46), (98, 110, 56), (128, 104, 52))
PAINTS: Colours = ((188, 190, 192), (36, 38, 42), (120, 24, 24), (28, 52, 110), (220, 220, 214), (92, 96, 98), (60, 84, 60), (170, 140, 80))
KINDS = {
    "tree": Kind("Tree", 9, (6.0, 6.0, 9.0), 0.12, SUNK_M, LEAVES),
    "car": Kind("Car", 14, (4.5, 1.8, 1.5), 1.0, 0.0, PAINTS),
}


def add_map_objects(network: RoadNetwork, ground: Ground, builder: SceneryBuilder) -> None:
    """Add the map's trees and parked cars, with solid boxes and shadows."""
    for name, kind in KINDS.items():
        items = [item for item in network.objects if item.type == name]
        lines = RoadLines(network.strips, {item.road_id for item in items})
        placed = [(item, at) for item in items if (at := lines.at(item.road_id, item.s_m)) is not None]
        if placed:
            _add(kind, placed, ground, builder)


def _add(kind: Kind, placed: list[tuple[MapObject, tuple[np.ndarray, np.ndarray]]], ground: Ground, builder: SceneryBuilder) -> None:
    """Add objects of one kind; each has its road's line at its station beside it: the place (3,) and the direction to the right (2,)."""
    given = np.array([(item.length_m, item.width_m, item.height_m) for item, _ in placed])
    size = np.where(given > 0.0, given, kind.size_m)
    feet = np.array([[*(at[:2] - right * item.t_m), at[2]] for item, (at, right) in placed])
    feet[:, 2] = ground.height(*feet.T.copy())[0] - kind.sunk_m
    yaw = np.array([np.arctan2(-right[0], right[1]) - item.heading_rad for item, (_, right) in placed])
    colours = np.array([kind.colours[number % len(kind.colours)] for number in range(len(placed))], np.uint8)
    shape = SHAPES[kind.shape]
    numbers = builder.add(kind.shape, kind.tag, place_copies(shape, feet, yaw, size, colours), np.full(len(feet), len(shape.triangles)), feet, yaw)
    half = size[:, :2] / 2.0 * kind.solid_share
    builder.add_solids(numbers, np.column_stack([feet[:, :2], yaw, half, feet[:, 2], feet[:, 2] + size[:, 2]]))
    builder.add_shadows(numbers, feet - [0.0, 0.0, SUNK_M - kind.sunk_m], size, yaw, box=kind.shape == "Car")
