"""Low-polygon shapes of objects beside the road and of vehicles, and how to place many copies at once.

A shape's triangles (F, 3, 3) have x forward, y right, z up. The ground is at z = 0. Sizes are near 1 and scaled when a copy is placed. The corners
a, b, c of a triangle are ordered so that (b - a) x (c - a) points outwards, because materials of `materials.ONE_SIDED` are not drawn from behind.
"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import numpy as np

from driving.world.geometry.rotations import turn
from driving.world.meshes import materials
from driving.world.meshes.surfaces import Mesh

Colour = tuple[int, int, int]


class Shape(NamedTuple):
    """The triangles of one shape with their looks."""

    triangles: np.ndarray  # (F, 3, 3)
    materials: np.ndarray  # (F,) uint8, codes of `materials`
    colours: np.ndarray  # (F, 3) uint8 RGB
    tinted: np.ndarray  # (F,) bool, takes the colour of the copy instead


class Part(NamedTuple):
    """Triangles of a shape that look alike."""

    triangles: np.ndarray  # (F, 3, 3)
    material: int  # code of `materials`
    colour: Colour | None  # None: the colour of the copy


def _quad(a: list[float], b: list[float], c: list[float], d: list[float]) -> list[list[list[float]]]:
    """Return the two triangles of a quadrilateral."""
    return [[a, b, c], [a, c, d]]


def box(x0: float, x1: float, y0: float, y1: float, z0: float, z1: float, bottom: bool = False) -> np.ndarray:
    """Return the triangles (F, 3, 3) of an upright box: two per side of -y, +x, +y and -x, two for the top, and two for the `bottom` if asked."""
    p = [[x, y, z] for z in (z0, z1) for y in (y0, y1) for x in (x0, x1)]
    faces = [*_quad(p[0], p[1], p[5], p[4]), *_quad(p[1], p[3], p[7], p[5]), *_quad(p[3], p[2], p[6], p[7]), *_quad(p[2], p[0], p[4], p[6])]
    faces += _quad(p[4], p[5], p[7], p[6])
    if bottom:
        faces += _quad(p[0], p[2], p[3], p[1])
    return np.array(faces)


def spindle(rings: list[tuple[float, float]], sides: int, twist: float = 0.0) -> np.ndarray:
    """Return the triangles (F, 3, 3) of a solid of revolution. `rings` are (radius, height) from bottom to top; `twist` (rad) turns it."""
    angles = np.arange(sides) * 2 * math.pi / sides + twist
    faces = []
    for (r0, z0), (r1, z1) in itertools.pairwise(rings):
        for k in range(sides):
            a, b = angles[k], angles[(k + 1) % sides]
            low = [[r0 * math.cos(t), r0 * math.sin(t), z0] for t in (a, b)]
            high = [[r1 * math.cos(t), r1 * math.sin(t), z1] for t in (a, b)]
            if r0 > 0:
                faces.append([low[0], low[1], high[1]])
            if r1 > 0:
                faces.append([low[0], high[1], high[0]])
    return np.array(faces)


def _shape(*parts: Part) -> Shape:
    """Return the shape that consists of parts."""
    sizes = [len(part.triangles) for part in parts]
    return Shape(
        np.concatenate([part.triangles for part in parts]),
        np.repeat(np.array([part.material for part in parts], np.uint8), sizes),
        np.repeat(np.array([part.colour or (0, 0, 0) for part in parts], np.uint8), sizes, axis=0),
        np.repeat(np.array([part.colour is None for part in parts]), sizes),
    )


def _disc(radius: float, x: float, z: float, sides: int = 6, twist: float = 0.0, thick: float = 0.0) -> np.ndarray:
    """Return an upright disc with few sides that faces forwards, centred at height z. Without thickness it has a front only."""
    front = [(radius, x), (0.0, x)]
    return spindle([(0.0, x - thick), (radius, x - thick), *front] if thick else front, sides, twist)[..., [2, 0, 1]] + np.array([0.0, 0.0, z])


def _post(sides: int, twist: float) -> Shape:
    """Return a post with a plate that has `sides` sides."""
    return _shape(
        Part(spindle([(0.05, -0.3), (0.05, 2.4)], 4), materials.METAL, (130, 132, 134)),
        Part(_disc(0.38, 0.08, 2.37, sides, twist, 0.03), materials.PLATE, None),
    )


BARK: Colour = (84, 66, 50)
GLASS: Colour = (36, 44, 52)
DARK_LAMPS: tuple[Colour, ...] = ((70, 16, 14), (72, 56, 14), (14, 62, 24))
LAMPS_M = np.array([[0.22, 3.95], [0.22, 3.7], [0.22, 3.45]])  # places forward and up, from a traffic light's foot, of its red, yellow and green lamp
GABLES = np.array([[[-0.5, 0.5, 0.62], [-0.5, -0.5, 0.62], [-0.5, 0.0, 1.0]], [[0.5, -0.5, 0.62], [0.5, 0.5, 0.62], [0.5, 0.0, 1.0]]])
HOUSE_ROOF = np.array(
    _quad([-0.54, -0.56, 0.59], [0.54, -0.56, 0.59], [0.54, 0.0, 1.02], [-0.54, 0.0, 1.02])
    + _quad([-0.54, 0.56, 0.59], [-0.54, 0.0, 1.02], [0.54, 0.0, 1.02], [0.54, 0.56, 0.59])
)
SHAPES: dict[str, Shape] = {
    "Tree": _shape(
        Part(spindle([(0.06, 0.0), (0.04, 0.45)], 4), materials.WOOD, BARK),
        Part(spindle([(0.0, 0.28), (0.36, 0.42), (0.40, 0.66), (0.0, 1.0)], 6), materials.FOLIAGE, None),
    ),
    "Conifer": _shape(
        Part(spindle([(0.04, 0.0), (0.03, 0.2)], 4), materials.WOOD, BARK),
        Part(spindle([(0.26, 0.14), (0.0, 0.68)], 6), materials.FOLIAGE, None),
        Part(spindle([(0.19, 0.48), (0.0, 1.0)], 6, 0.5), materials.FOLIAGE, None),
    ),
    "Bush": _shape(Part(spindle([(0.35, 0.0), (0.5, 0.4), (0.0, 1.0)], 5), materials.FOLIAGE, None)),
    "House": _shape(
        Part(box(-0.5, 0.5, -0.5, 0.5, 0.0, 0.62), materials.WALL, None),
        Part(GABLES, materials.WALL, None),
        Part(HOUSE_ROOF, materials.ROOF, (112, 62, 50)),
        Part(np.concatenate([box(-0.505, 0.505, y, y + 0.14, 0.2, 0.42)[[2, 3, 6, 7]] for y in (-0.36, 0.22)]), materials.WALL, GLASS),
        Part(np.concatenate([box(x, x + 0.14, -0.505, 0.505, 0.2, 0.42)[[0, 1, 4, 5]] for x in (-0.36, -0.07, 0.22)]), materials.WALL, GLASS),
    ),
    "LampPost": _shape(
        Part(spindle([(0.014, 0.0), (0.009, 1.0)], 4), materials.METAL, (120, 122, 124)),
        Part(box(-0.01, 0.14, -0.008, 0.008, 0.985, 1.0, bottom=True), materials.METAL, (120, 122, 124)),
    ),
    "TrafficLight": _shape(
        Part(spindle([(0.09, -0.3), (0.07, 4.0)], 4), materials.METAL, (70, 74, 72)),
        Part(box(-0.1, 0.22, -0.19, 0.19, 3.15, 4.25, bottom=True), materials.LIGHT_HEAD, None),
        *(Part(_disc(0.13, 0.225, z), materials.LIGHT_HEAD, dark) for z, dark in zip((3.95, 3.7, 3.45), DARK_LAMPS, strict=True)),
    ),
    "StopSign": _post(8, math.pi / 8),
    "YieldSign": _post(3, math.pi / 2),
    "SpeedSign": _post(10, 0.0),
    "Sign": _shape(
        Part(spindle([(0.02, 0.0), (0.02, 0.75)], 4), materials.METAL, (130, 132, 134)),
        Part(box(-0.01, 0.01, -0.15, 0.15, 0.7, 1.0, bottom=True), materials.PLATE, None),
    ),
}


def place_copies(shape: Shape, at: np.ndarray, yaw: np.ndarray, size: np.ndarray, colours: np.ndarray) -> Mesh:
    """Return N copies of a shape as one mesh, copy by copy.

    Args:
        at: (N, 3) m, where the copies' origins are.
        yaw: (N,) rad.
        size: (N, 3) m, factors along the shape's axes.
        colours: (N, 3) uint8 RGB, for the tinted triangles.
    """
    count, faces = len(at), len(shape.triangles)
    local = shape.triangles[None] * size[:, None, None, :]
    world = turn(local, yaw) + at[:, None, None]
    colour = np.where(shape.tinted[None, :, None], colours[:, None], shape.colours[None])
    return Mesh(
        world.reshape(count * faces, 3, 3).astype(np.float32), np.tile(shape.materials, count), colour.reshape(count * faces, 3).astype(np.uint8)
    )


# Bodies of actors: a car, an upright figure, a box, a lamp. They are in the frame of their bounding boxes, with x, y and z in [-1, 1].
# Each triangle belongs to a kind of part, which decides its colour. BODY and LAMP have the actor's own colour, and a LAMP glows.
BODY, WINDOW, TYRE, HEADLAMP, TAILLAMP, TROUSERS, SKIN, LAMP = range(8)
BodyParts = list[tuple[np.ndarray, int]]  # triangles (F, 3, 3), and the kind of part that they belong to


def _car() -> BodyParts:
    """Return a car with a cabin, wheels and lamps."""
    cabin = box(-0.62, 0.36, -0.86, 0.86, 0.1, 1.0)
    cabin[cabin[..., 2] > 0.9] *= [0.72, 0.86, 1.0]
    parts = [(box(-1.0, 1.0, -1.0, 1.0, -0.66, 0.12, bottom=True), BODY), (cabin[:8], WINDOW), (cabin[8:], BODY)]
    parts += [(box(x - 0.15, x + 0.15, y - 0.1, y + 0.1, -1.0, -0.4), TYRE) for x in (-0.6, 0.6) for y in (-0.92, 0.92)]
    parts += [(box(0.96, 1.01, y - 0.16, y + 0.16, -0.28, -0.08)[2:4], HEADLAMP) for y in (-0.74, 0.74)]
    parts += [(box(-1.01, -0.96, y - 0.16, y + 0.16, -0.18, 0.0)[6:8], TAILLAMP) for y in (-0.74, 0.74)]
    return parts


def _stand(body: BodyParts, materials_of: dict[int, tuple[int, Colour | None]]) -> Shape:
    """Return a body as a shape that stands on the ground, with a material and a colour (None: the copy's own) for each kind of part."""
    return _shape(*(Part(triangles / 2.0 + [0.0, 0.0, 0.5], *materials_of[kind]) for triangles, kind in body))


_CAR_TAG = 14
SHAPES["Car"] = _stand(
    _car(),
    {
        BODY: (materials.ACTOR + _CAR_TAG, None),
        WINDOW: (materials.ACTOR + _CAR_TAG, GLASS),
        TYRE: (materials.ACTOR + _CAR_TAG, (24, 24, 26)),
        HEADLAMP: (materials.ACTOR + _CAR_TAG, (210, 210, 200)),
        TAILLAMP: (materials.ACTOR + _CAR_TAG, (110, 20, 20)),
    },
)


def _figure() -> BodyParts:
    """Return an upright figure with legs, a trunk and a head."""
    parts = [(box(-0.45, 0.45, y - 0.3, y + 0.3, -1.0, -0.05), TROUSERS) for y in (-0.4, 0.4)]
    parts += [(box(-0.6, 0.6, -1.0, 1.0, -0.1, 0.62, bottom=True), BODY), (box(-0.55, 0.55, -0.42, 0.42, 0.66, 1.0, bottom=True), SKIN)]
    return parts


def _join_bodies(*bodies: BodyParts) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the triangles (F, 3, 3) of all bodies, their kinds of parts (F,), and each body's first triangle and the end of its triangles."""
    parts = [part for body in bodies for part in body]
    stops = np.cumsum([sum(len(triangles) for triangles, _ in body) for body in bodies])
    triangles = np.concatenate([triangles for triangles, _ in parts])
    kinds = np.repeat([kind for _, kind in parts], [len(triangles) for triangles, _ in parts])
    return triangles, kinds, np.column_stack([np.append(0, stops[:-1]), stops])


_CUBE = box(-1.0, 1.0, -1.0, 1.0, -1.0, 1.0, bottom=True)
BODY_TRIANGLES, BODY_PARTS, _RANGES = _join_bodies(_car(), _figure(), [(_CUBE, BODY)], [(_CUBE, LAMP)])
# First triangle and end of the body that is drawn for each of CARLA's semantic tags (256, 2). Pedestrians (12) are figures. Traffic signs (8),
# static (20), dynamic (21) and other (22) bodies are boxes. Traffic lights (7) are lamps. All others are cars.
BODY_OF_TAG = np.tile(_RANGES[0], (256, 1))
BODY_OF_TAG[12], BODY_OF_TAG[[8, 20, 21, 22]], BODY_OF_TAG[7] = _RANGES[1], _RANGES[2], _RANGES[3]
