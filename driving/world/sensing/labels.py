"""What a camera knows of its pixels beside colour and depth: which box each shows, and which way its surface faces.

The renderer's own code draws every triangle with a label in the place of its colour, in a light that does not change colours. So each pixel
shows the same triangle as in the other images. Labels have 24 bits.
Shapes: Y rows and X columns of a picture, F triangles, N boxes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from driving.quantities import Pose
from driving.world.meshes.materials import TAGS
from driving.world.rendering.boxes import Boxes, faces_of
from driving.world.rendering.camera import Frustum, Lens
from driving.world.rendering.culling import Visible, find_visible_faces, find_visible_paint, find_visible_solids
from driving.world.rendering.decals import draw_paint
from driving.world.rendering.light import AMBIENT_R, LIGHT_WIDTH
from driving.world.rendering.rasteriser import SKY_SHARE, Buffers, Faces, draw_triangles
from driving.world.rendering.renderer import Renderer

# A light row that leaves colours as they are: draw_triangles multiplies colours by SKY_SHARE where the normal is 0, and rounds down.
PLAIN_LIGHT = np.zeros(LIGHT_WIDTH)
PLAIN_LIGHT[AMBIENT_R : AMBIENT_R + 3] = (1.0 + 1e-6) / SKY_SHARE
LABEL = np.uint32(0xFFFFFF)
OPAQUE = np.uint32(0xFF000000)

# The labels (F, 3) uint8 of faces that all belong to one box, given by its row, or to the scene (-1).
Labelling = Callable[[Faces, int], np.ndarray]


class Instances(NamedTuple):
    """What each pixel shows."""

    inverse_depth: np.ndarray  # (Y, X) float32 1/m; 0 is the sky
    tags: np.ndarray  # (Y, X) uint8 semantic tags
    seen: np.ndarray  # (Y, X) uint32: 0 the scene, n + 1 the box of row n


def find_instances(renderer: Renderer, camera: Pose, lens: Lens, boxes: Boxes) -> Instances:
    """Return what each pixel of a picture shows."""
    frustum = Frustum.of(camera, lens)
    buffers = _draw(renderer, frustum, boxes, _label_rows)
    segments = renderer.scene.paint_segments
    black = segments._replace(colours=np.zeros_like(segments.colours))
    draw_paint(buffers, frustum.camera, PLAIN_LIGHT, black, find_visible_paint(segments, frustum))
    return Instances(buffers.inverse_depth.copy(), TAGS[buffers.surface >> 24], buffers.surface & LABEL)


def find_normals(renderer: Renderer, camera: Pose, lens: Lens, boxes: Boxes) -> np.ndarray:
    """Return the world normals of a picture, (Y, X, 4) BGRA uint8.

    Red, green, blue are (n + 1) / 2 of the normal's x, y, z, which points towards the camera. The sky has the colour of the zero vector.
    """
    frustum = Frustum.of(camera, lens)

    def label(faces: Faces, _: int) -> np.ndarray:
        away = ((frustum.camera[:3] - faces.triangles[:, 0]) * faces.normals).sum(1) < 0.0
        return encode_normals(np.where(away[:, None], -faces.normals, faces.normals))

    surface = _draw(renderer, frustum, boxes, label).surface
    red, green, blue = (int(part) for part in encode_normals(np.zeros(3)))
    seen = np.where(surface == 0, np.uint32(red << 16 | green << 8 | blue), surface)
    return (seen | OPAQUE).view(np.uint8).reshape(lens.height_px, lens.width_px, 4)


def encode_normals(normals: np.ndarray) -> np.ndarray:
    """Return normals (..., 3) as (n + 1) / 2 of 255, uint8."""
    return np.rint((np.clip(normals, -1.0, 1.0) * 0.5 + 0.5) * 255.0).astype(np.uint8)


def _label_rows(faces: Faces, box: int) -> np.ndarray:
    """Label each triangle with its box's row + 1."""
    label = np.array([(box + 1) >> 16, (box + 1) >> 8 & 255, (box + 1) & 255], np.uint8)
    return np.tile(label, (len(faces.codes), 1))


def _draw(renderer: Renderer, frustum: Frustum, boxes: Boxes, labelling: Labelling) -> Buffers:
    """Draw the labels of the scene and the boxes, without paint."""
    buffers = renderer.blank(frustum.columns, frustum.rows)
    for faces, visible, box in _list_parts(renderer, frustum, boxes):
        labelled = Faces(faces.triangles, np.zeros_like(faces.normals), faces.codes, labelling(faces, box))
        draw_triangles(buffers, frustum.camera, PLAIN_LIGHT, labelled, visible)
    return buffers


def _list_parts(renderer: Renderer, frustum: Frustum, boxes: Boxes) -> Iterator[tuple[Faces, Visible, int]]:
    """Yield the faces of the scene (-1), then of each box (its row), and which of them are visible. The scene's are the visible ones only."""
    visible = find_visible_faces(renderer.scene.faces, frustum)
    faces = Faces(*(part[visible.items] for part in renderer.scene.faces.drawn))
    yield faces, Visible(np.arange(len(visible.items)), visible.places), -1
    for n in range(len(boxes.poses)):
        faces = faces_of(boxes.select(slice(n, n + 1)), frustum.camera)
        if len(faces.codes):
            yield faces, find_visible_solids(faces.triangles, frustum), n
