"""Low-polygon shapes of things beside the road and of vehicles, each in a unit frame, and how to place many at once.

A shape's triangles (F, 3, 3) have x forward, y right, z up, with z = 0 on the ground and sizes near 1, scaled when placed. Corners a, b, c go
round so that (b - a) x (c - a) points outwards: materials.ONE_SIDED is not drawn from behind.
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
    """Triangles (F, 3, 3), materials (F,), colours (F, 3), and which triangles take the instance's own colour (F,) bool."""

    triangles: np.ndarray
    materials: np.ndarray
    colours: np.ndarray
    tinted: np.ndarray


def _quad(a: list[float], b: list[float], c: list[float], d: list[float]) -> list[list[list[float]]]:
    return [[a, b, c], [a, c, d]]


def box(x0: float, x1: float, y0: float, y1: float, z0: float, z1: float, bottom: bool = False) -> np.ndarray:
    """An upright box; without its bottom unless asked."""
    p = [[x, y, z] for z in (z0, z1) for y in (y0, y1) for x in (x0, x1)]
    faces = [*_quad(p[0], p[1], p[5], p[4]), *_quad(p[1], p[3], p[7], p[5]), *_quad(p[3], p[2], p[6], p[7]), *_quad(p[2], p[0], p[4], p[6])]
    faces += _quad(p[4], p[5], p[7], p[6])
    if bottom:
        faces += _quad(p[0], p[2], p[3], p[1])
    return np.array(faces)


def spindle(rings: list[tuple[float, float]], sides: int, twist: float = 0.0) -> np.ndarray:
    """A solid of revolution with few sides: (radius, height) from bottom to top."""
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


def _shape(parts: list[tuple[np.ndarray, int, Colour, bool]]) -> Shape:
    triangles = np.concatenate([part[0] for part in parts])
    sizes = [len(part[0]) for part in parts]
    return Shape(
        triangles,
        np.repeat(np.array([part[1] for part in parts], np.uint8), sizes),
        np.repeat(np.array([part[2] for part in parts], np.uint8), sizes, axis=0),
        np.repeat(np.array([part[3] for part in parts]), sizes),
    )


def _disc(radius: float, x: float, z: float, sides: int = 6, twist: float = 0.0, thick: float = 0.0) -> np.ndarray:
    """An upright disc with few sides that faces forwards; without thickness it is its front alone."""
    front = [(radius, x), (0.0, x)]
    return spindle([(0.0, x - thick), (radius, x - thick), *front] if thick else front, sides, twist)[..., [2, 0, 1]] + np.array([0.0, 0.0, z])


def _post(sides: int, twist: float) -> Shape:
    """A post with a plate of so many sides."""
    return _shape(
        [
            (spindle([(0.05, -0.3), (0.05, 2.4)], 4), materials.METAL, (130, 132, 134), False),
            (_disc(0.38, 0.08, 2.37, sides, twist, 0.03), materials.PLATE, (0, 0, 0), True),
        ]
    )


BARK: Colour = (84, 66, 50)
GLASS: Colour = (36, 44, 52)
DARK_LAMPS: tuple[Colour, ...] = ((70, 16, 14), (72, 56, 14), (14, 62, 24))
LAMPS_M = np.array([[0.22, 3.95], [0.22, 3.7], [0.22, 3.45]])  # how far before and above a light's foot its red, yellow and green lamps are
SHAPES: dict[str, Shape] = {
    "Tree": _shape(
        [
            (spindle([(0.06, 0.0), (0.04, 0.45)], 4), materials.WOOD, BARK, False),
            (spindle([(0.0, 0.28), (0.36, 0.42), (0.40, 0.66), (0.0, 1.0)], 6), materials.FOLIAGE, (0, 0, 0), True),
        ]
    ),
    "Conifer": _shape(
        [
            (spindle([(0.04, 0.0), (0.03, 0.2)], 4), materials.WOOD, BARK, False),
            (spindle([(0.26, 0.14), (0.0, 0.68)], 6), materials.FOLIAGE, (0, 0, 0), True),
            (spindle([(0.19, 0.48), (0.0, 1.0)], 6, 0.5), materials.FOLIAGE, (0, 0, 0), True),
        ]
    ),
    "Bush": _shape([(spindle([(0.35, 0.0), (0.5, 0.4), (0.0, 1.0)], 5), materials.FOLIAGE, (0, 0, 0), True)]),
    "House": _shape(
        [
            (box(-0.5, 0.5, -0.5, 0.5, 0.0, 0.62), materials.WALL, (0, 0, 0), True),
            (
                np.array([[[-0.5, 0.5, 0.62], [-0.5, -0.5, 0.62], [-0.5, 0.0, 1.0]], [[0.5, -0.5, 0.62], [0.5, 0.5, 0.62], [0.5, 0.0, 1.0]]]),
                materials.WALL,
                (0, 0, 0),
                True,
            ),
            (
                np.array(
                    _quad([-0.54, -0.56, 0.59], [0.54, -0.56, 0.59], [0.54, 0.0, 1.02], [-0.54, 0.0, 1.02])
                    + _quad([-0.54, 0.56, 0.59], [-0.54, 0.0, 1.02], [0.54, 0.0, 1.02], [0.54, 0.56, 0.59])
                ),
                materials.ROOF,
                (112, 62, 50),
                False,
            ),
            (
                np.concatenate([box(-0.505, 0.505, y, y + 0.14, 0.2, 0.42)[[2, 3, 6, 7]] for y in (-0.36, 0.22)]),
                materials.WALL,
                GLASS,
                False,
            ),
            (
                np.concatenate([box(x, x + 0.14, -0.505, 0.505, 0.2, 0.42)[[0, 1, 4, 5]] for x in (-0.36, -0.07, 0.22)]),
                materials.WALL,
                GLASS,
                False,
            ),
        ]
    ),
    "LampPost": _shape(
        [
            (spindle([(0.014, 0.0), (0.009, 1.0)], 4), materials.METAL, (120, 122, 124), False),
            (box(-0.01, 0.14, -0.008, 0.008, 0.985, 1.0, bottom=True), materials.METAL, (120, 122, 124), False),
        ]
    ),
    "TrafficLight": _shape(
        [
            (spindle([(0.09, -0.3), (0.07, 4.0)], 4), materials.METAL, (70, 74, 72), False),
            (box(-0.1, 0.22, -0.19, 0.19, 3.15, 4.25, bottom=True), materials.LIGHT_HEAD, (0, 0, 0), True),
            *((_disc(0.13, 0.225, z), materials.LIGHT_HEAD, dark, False) for z, dark in zip((3.95, 3.7, 3.45), DARK_LAMPS, strict=True)),
        ]
    ),
    "StopSign": _post(8, math.pi / 8),
    "YieldSign": _post(3, math.pi / 2),
    "SpeedSign": _post(10, 0.0),
    "Sign": _shape(
        [
            (spindle([(0.02, 0.0), (0.02, 0.75)], 4), materials.METAL, (130, 132, 134), False),
            (box(-0.01, 0.01, -0.15, 0.15, 0.7, 1.0, bottom=True), materials.PLATE, (0, 0, 0), True),
        ]
    ),
}


def place_copies(shape: Shape, at: np.ndarray, yaw: np.ndarray, size: np.ndarray, colours: np.ndarray) -> Mesh:
    """N copies of a shape: at (N, 3) m, yaw (N,) rad, size (N, 3) m along its axes, own colours (N, 3) uint8."""
    count, faces = len(at), len(shape.triangles)
    local = shape.triangles[None] * size[:, None, None, :]
    world = turn(local, yaw) + at[:, None, None]
    colour = np.where(shape.tinted[None, :, None], colours[:, None], shape.colours[None])
    return Mesh(
        world.reshape(count * faces, 3, 3).astype(np.float32), np.tile(shape.materials, count), colour.reshape(count * faces, 3).astype(np.uint8)
    )


# Bodies in the frame of their bounding boxes, [-1, 1] in x, y and z: a car, an upright figure, a box, a lamp. Parts say what is painted how; body and
# lamp have the instance's own colour, and a lamp glows.
BODY, WINDOW, TYRE, HEADLAMP, TAILLAMP, TROUSERS, SKIN, LAMP = range(8)
Parts = list[tuple[np.ndarray, int]]


def _car() -> Parts:
    cabin = box(-0.62, 0.36, -0.86, 0.86, 0.1, 1.0)
    cabin[cabin[..., 2] > 0.9] *= [0.72, 0.86, 1.0]
    parts = [(box(-1.0, 1.0, -1.0, 1.0, -0.66, 0.12, bottom=True), BODY), (cabin[:8], WINDOW), (cabin[8:], BODY)]
    parts += [(box(x - 0.15, x + 0.15, y - 0.1, y + 0.1, -1.0, -0.4), TYRE) for x in (-0.6, 0.6) for y in (-0.92, 0.92)]
    parts += [(box(0.96, 1.01, y - 0.16, y + 0.16, -0.28, -0.08)[2:4], HEADLAMP) for y in (-0.74, 0.74)]
    parts += [(box(-1.01, -0.96, y - 0.16, y + 0.16, -0.18, 0.0)[6:8], TAILLAMP) for y in (-0.74, 0.74)]
    return parts


def _figure() -> Parts:
    parts = [(box(-0.45, 0.45, y - 0.3, y + 0.3, -1.0, -0.05), TROUSERS) for y in (-0.4, 0.4)]
    parts += [(box(-0.6, 0.6, -1.0, 1.0, -0.1, 0.62, bottom=True), BODY), (box(-0.55, 0.55, -0.42, 0.42, 0.66, 1.0, bottom=True), SKIN)]
    return parts


def _bodies(*shapes: Parts) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    parts = [part for shape in shapes for part in shape]
    stops = np.cumsum([sum(len(triangles) for triangles, _ in shape) for shape in shapes])
    triangles = np.concatenate([triangles for triangles, _ in parts])
    return triangles, np.repeat([what for _, what in parts], [len(part) for part, _ in parts]), np.column_stack([np.append(0, stops[:-1]), stops])


_CUBE = box(-1.0, 1.0, -1.0, 1.0, -1.0, 1.0, bottom=True)
BODY_TRIANGLES, BODY_PARTS, _RANGES = _bodies(_car(), _figure(), [(_CUBE, BODY)], [(_CUBE, LAMP)])
# From which triangle to which a body of each of CARLA's semantic tags is drawn: pedestrians as figures; signs, static, dynamic and other things as
# boxes; lights as lamps; all else as cars.
BODY_OF_TAG = np.tile(_RANGES[0], (256, 1))
BODY_OF_TAG[12], BODY_OF_TAG[[8, 20, 21, 22]], BODY_OF_TAG[7] = _RANGES[1], _RANGES[2], _RANGES[3]
