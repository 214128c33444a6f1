"""Moving bodies as oriented boxes, as cameras and rays see them, and the triangles that cameras see in them.

Shapes: N boxes, F triangles.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from driving.world.geometry.rotations import rotation
from driving.world.meshes.materials import ACTOR, GLOWING
from driving.world.meshes.shapes import BODY_OF_TAG, BODY_PARTS, BODY_TRIANGLES, HEADLAMP, LAMP, SKIN, TAILLAMP, TROUSERS, TYRE, WINDOW
from driving.world.physics.fleet import Fleet
from driving.world.physics.poses import locate_boxes
from driving.world.rendering.rasteriser import Faces

DRAWN_M = 250.0  # farther bodies are not drawn
# Bits of CARLA's light state.
LOW_BEAM, HIGH_BEAM, BRAKE_LIGHT = 0x2, 0x4, 0x8


class Boxes(NamedTuple):
    """N boxes: vehicles, pedestrians, props, lit lamps."""

    poses: np.ndarray = np.zeros((0, 6))  # (N, 6) of each centre: x, y, z (m), pitch, yaw, roll (rad)
    half_sizes: np.ndarray = np.zeros((0, 3))  # (N, 3) m, along the box's forward, right and up axes
    colours: np.ndarray = np.zeros((0, 3), np.uint8)  # (N, 3) uint8 RGB
    tags: np.ndarray = np.zeros(0, np.uint8)  # (N,) uint8 CARLA's semantic tags
    lights: np.ndarray = np.zeros(0, np.uint32)  # (N,) uint32 CARLA's light states

    def select(self, rows: np.ndarray | slice) -> Boxes:
        """Return the boxes of these rows: indices, a mask (N,) or a slice."""
        return Boxes(*(part[rows] for part in self))


NO_BOXES = Boxes()


def boxes_of(fleet: Fleet) -> Boxes:
    """Return the boxes of all bodies, in the order of the fleet's rows. All but the poses are views of the fleet."""
    centres = np.empty((fleet.count, 6))
    locate_boxes(fleet.state, fleet.offset, centres)
    return Boxes(centres, fleet.half, fleet.colour, fleet.tag, fleet.lights)


def faces_of(boxes: Boxes, camera: np.ndarray, night: bool = False) -> Faces:
    """Return the triangles of the boxes within DRAWN_M of a camera row, box after box; by night all lamps of vehicles are lit."""
    return Faces(*_make_faces(boxes, camera, bool(night), BODY_TRIANGLES, BODY_PARTS, BODY_OF_TAG))


@njit(cache=True, nogil=True)
def _make_faces(boxes, camera, night, shape, parts, bodies):  # type: ignore[no-untyped-def]
    """Return the fields of `Faces`, for bodies whose triangles are rows bodies[tag, 0] to bodies[tag, 1] of `shape` and `parts`."""
    poses, half, own_colours, tags, lights = boxes.poses, boxes.half_sizes, boxes.colours, boxes.tags, boxes.lights
    count = 0
    near = np.zeros(poses.shape[0], np.bool_)
    for n in range(poses.shape[0]):
        x, y, z = poses[n, 0] - camera[0], poses[n, 1] - camera[1], poses[n, 2] - camera[2]
        near[n] = x * x + y * y + z * z < DRAWN_M * DRAWN_M
        count += bodies[tags[n], 1] - bodies[tags[n], 0] if near[n] else 0
    triangles, normals = np.empty((count, 3, 3), np.float32), np.empty((count, 3), np.float32)
    codes, colours = np.empty(count, np.uint8), np.empty((count, 3), np.uint8)
    at = 0
    for n in range(poses.shape[0]):
        if not near[n]:
            continue
        turn = rotation(poses[n, 3], poses[n, 4], poses[n, 5])
        own = int(own_colours[n, 0]), int(own_colours[n, 1]), int(own_colours[n, 2])
        for f in range(bodies[tags[n], 0], bodies[tags[n], 1]):
            for c in range(3):
                x, y, z = shape[f, c, 0] * half[n, 0], shape[f, c, 1] * half[n, 1], shape[f, c, 2] * half[n, 2]
                for axis in range(3):
                    triangles[at, c, axis] = poses[n, axis] + turn[axis, 0] * x + turn[axis, 1] * y + turn[axis, 2] * z
            a, b = triangles[at, 1] - triangles[at, 0], triangles[at, 2] - triangles[at, 0]
            nx, ny, nz = a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]
            size = max(1e-9, math.sqrt(nx * nx + ny * ny + nz * nz))
            normals[at, 0], normals[at, 1], normals[at, 2] = nx / size, ny / size, nz / size
            glows, red, green, blue = _look_of(parts[f], lights[n], night, own)
            codes[at] = (GLOWING if glows else ACTOR) + tags[n]
            colours[at, 0], colours[at, 1], colours[at, 2] = red, green, blue
            at += 1
    return triangles, normals, codes, colours


@njit(cache=True, nogil=True)
def _look_of(part, lights, night, own):  # type: ignore[no-untyped-def]
    """Return whether a part of a body glows, and its red, green and blue; own: the body's colour, a tuple of 3 integers."""
    if part == WINDOW:
        return False, 30, 38, 46
    if part == TYRE:
        return False, 26, 26, 28
    if part == TROUSERS:
        return False, 46, 48, 58
    if part == SKIN:
        return False, 196, 152, 124
    if part == HEADLAMP:
        return night or lights & (LOW_BEAM | HIGH_BEAM) != 0, 250, 248, 235
    if part == TAILLAMP:
        if lights & BRAKE_LIGHT != 0:
            return True, 255, 40, 30
        return night, 150, 22, 20
    return part == LAMP, own[0], own[1], own[2]
