"""What a camera can tell of its pixels beside colour and depth: which box each shows, and which way its surface faces.

Every triangle is drawn by the renderer's own code in a label's stead of its colour, in a light that leaves colours alone, so that each pixel
shows the triangle that it shows in the other images. Labels have 24 bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from driving.quantities import Pose
from driving.world.meshes.materials import TAGS
from driving.world.rendering import light as k
from driving.world.rendering.boxes import Boxes
from driving.world.rendering.camera import Lens, camera_row, range_factor
from driving.world.rendering.culling import faces_seen, solids_seen, strokes_seen
from driving.world.rendering.rasteriser import draw_paint, draw_triangles
from driving.world.rendering.renderer import Buffers, Renderer, box_triangles

# draw_triangles multiplies by 0.86 what has no normal; a little more than its inverse, for it rounds down.
PLAIN_LIGHT = np.zeros(k.WIDTH)
PLAIN_LIGHT[k.AMBIENT_R : k.AMBIENT_R + 3] = (1.0 + 1e-6) / 0.86
LABEL = np.uint32(0xFFFFFF)
OPAQUE = np.uint32(0xFF000000)

# The labels (F, 3) uint8 of triangles (F, 3, 3) with normals (F, 3), all of one box (its row) or of none (-1).
Labelling = Callable[[np.ndarray, np.ndarray, int], np.ndarray]


def instances(renderer: Renderer, camera: Pose, lens: Lens, boxes: Boxes) -> tuple[np.ndarray, ...]:
    """1 / depth (Y, X) float32 (1/m; 0 is the sky), tags (Y, X) uint8, and what is seen (Y, X) uint32: 0 the scene, N + 1 the box of row N."""
    row = camera_row(camera, lens)
    near, paint, shade = _draw(renderer, row, lens.width_px, lens.height_px, boxes, _row_label)
    strokes = renderer.scene.strokes
    chosen = strokes_seen(strokes, row, lens.width_px, lens.height_px, range_factor(row))
    draw_paint(near, paint, shade, row, PLAIN_LIGHT, strokes.ends, strokes.sides, np.zeros_like(strokes.colours), chosen)
    return near.copy(), TAGS[paint >> 24], paint & LABEL


def facing(renderer: Renderer, camera: Pose, lens: Lens, boxes: Boxes) -> np.ndarray:
    """World normals (Y, X, 4) BGRA uint8: red, green, blue are (n + 1) / 2 of x, y, z, towards the camera; the sky is as no normal."""
    row = camera_row(camera, lens)

    def label(triangles: np.ndarray, normals: np.ndarray, _: int) -> np.ndarray:
        away = ((row[:3] - triangles[:, 0]) * normals).sum(1) < 0.0
        return encoded(np.where(away[:, None], -normals, normals))

    _, paint, _ = _draw(renderer, row, lens.width_px, lens.height_px, boxes, label)
    red, green, blue = (int(part) for part in encoded(np.zeros(3)))
    seen = np.where(paint == 0, np.uint32(red << 16 | green << 8 | blue), paint)
    return (seen | OPAQUE).view(np.uint8).reshape(lens.height_px, lens.width_px, 4)


def encoded(normals: np.ndarray) -> np.ndarray:
    """Normals (..., 3) as (n + 1) / 2 of 255, uint8."""
    return np.rint((np.clip(normals, -1.0, 1.0) * 0.5 + 0.5) * 255.0).astype(np.uint8)


def _row_label(triangles: np.ndarray, _: np.ndarray, box: int) -> np.ndarray:
    label = np.array([(box + 1) >> 16, (box + 1) >> 8 & 255, (box + 1) & 255], np.uint8)
    return np.tile(label, (len(triangles), 1))


def _draw(renderer: Renderer, row: np.ndarray, columns: int, rows: int, boxes: Boxes, labelling: Labelling) -> Buffers:
    buffers = renderer.blank(columns, rows)
    for triangles, normals, codes, places, box in _parts(renderer, row, columns, rows, boxes):
        labels, none = labelling(triangles, normals, box), np.zeros_like(normals)
        draw_triangles(*buffers, row, PLAIN_LIGHT, triangles, none, codes, labels, np.arange(len(triangles)), places)
    return buffers


def _parts(renderer: Renderer, row: np.ndarray, columns: int, rows: int, boxes: Boxes) -> Iterator[tuple[Any, ...]]:
    faces = renderer.scene.faces
    chosen, places = faces_seen(faces, row, columns, rows, range_factor(row))
    yield faces.triangles[chosen], faces.normals[chosen], faces.codes[chosen], places, -1
    for n in range(len(boxes.poses)):
        triangles, normals, codes, _ = box_triangles(boxes.select(slice(n, n + 1)), row)
        if len(triangles):
            chosen, places = solids_seen(triangles, row, columns, rows)
            yield triangles[chosen], normals[chosen], codes[chosen], places, n
