"""A scene's triangles and paint segments, sorted into square chunks of ground, so that a camera draws only the chunks in its view.

Shapes: N items, F triangles, S paint segments, C chunks.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from driving.world.meshes import materials
from driving.world.meshes.paint import Paint
from driving.world.meshes.surfaces import Mesh
from driving.world.rendering.rasteriser import Faces
from driving.world.scenery.objects import NO_OBJECT

CHUNK_M = 60.0  # the side of a chunk
PAINT_M = 170.0  # paint farther away is not drawn
STEPS_APART_M = 1e5  # farther than anything is seen
ROUNDING_M = 0.01  # of single precision


class Chunks(NamedTuple):
    """Squares of ground with the items that lie on them."""

    spheres: np.ndarray  # (4, C) float32: x, y, z and radius (m) of a sphere around each chunk's items
    starts: np.ndarray  # (C + 1,) int64: chunk c has the items starts[c] to starts[c + 1]
    steps: np.ndarray  # (C,) float32: the number of its drawing step, times STEPS_APART_M
    near_m: np.ndarray  # (C,) float32: it is drawn from this distance
    far_m: np.ndarray  # (C,) float32: to this distance

    @staticmethod
    def join(parts: list[Chunks]) -> Chunks:
        """Return the chunks of several lists of items, for these lists one after the other."""
        first = np.cumsum([0, *(part.starts[-1] for part in parts)])
        starts = np.append(np.concatenate([part.starts[:-1] + at for part, at in zip(parts, first, strict=False)]), first[-1])
        rest = (np.concatenate(columns) for columns in zip(*(part[2:] for part in parts), strict=True))
        return Chunks(np.concatenate([part.spheres for part in parts], axis=1), starts, *rest)


def sort_into_chunks(middles: np.ndarray, extent_m: float, chunk_m: float, step: int, distances_m: tuple[float, float]) -> tuple[np.ndarray, Chunks]:
    """Return the order (N,) of items by chunk, and the chunks.

    Args:
        middles: (N, 3) the middle of each item (m).
        extent_m: how far any item reaches from its middle.
        chunk_m: the side of a chunk.
        step: the number of the drawing step.
        distances_m: between which distances the items are drawn.
    """
    cell = np.floor(middles[:, :2] / chunk_m).astype(np.int64)
    low = cell.min(0) if len(cell) else np.zeros(2, np.int64)
    width = int((cell[:, 1] - low[1]).max()) + 1 if len(cell) else 1
    key = (cell[:, 0] - low[0]) * width + cell[:, 1] - low[1]
    order = np.argsort(key, kind="stable")
    keys, starts = np.unique(key[order], return_index=True)
    starts = np.append(starts, len(key)).astype(np.int64)
    spheres = np.zeros((len(keys), 4))
    for n in range(len(keys)):
        part = middles[order[starts[n] : starts[n + 1]]]
        lowest, highest = part.min(0), part.max(0)
        spheres[n, :3] = (lowest + highest) / 2
        spheres[n, 3] = float(np.linalg.norm(highest - lowest)) / 2 + extent_m + ROUNDING_M
    rest = (np.full(len(keys), value, np.float32) for value in (step * STEPS_APART_M, *distances_m))
    return order, Chunks(np.ascontiguousarray(spheres.T, np.float32), starts, *rest)


class Layer(NamedTuple):
    """The triangles of one drawing step."""

    mesh: Mesh
    near_m: float  # drawn from this distance
    far_m: float  # to this distance
    chunk_m: float = CHUNK_M  # the side of its chunks
    owners: np.ndarray | None = None  # (F,) int32 the scenery object that each triangle belongs to; None: no object


class SceneFaces(NamedTuple):
    """All triangles of a scene, layer by layer and chunk by chunk."""

    drawn: Faces
    corners: np.ndarray  # (9, F) float32: the corners' coordinates once more, each in a stretch of its own
    one_sided: np.ndarray  # (F,) float32: 1 where a triangle is seen from outside only, else 0
    owners: np.ndarray  # (F,) int32: the scenery objects that they belong to, NO_OBJECT for the ground
    chunks: Chunks

    @staticmethod
    def of(layers: list[Layer]) -> SceneFaces:
        """Sort the layers' meshes into chunks. Later layers are drawn over earlier ones."""
        parts, chunks = [], []
        for step, layer in enumerate(layers):
            triangles = layer.mesh.triangles.astype(np.float32)
            extent_m = float(np.linalg.norm(triangles - triangles.mean(1, keepdims=True), axis=2).max(initial=0.0))
            middles = triangles.mean(1).astype(np.float64)
            order, own = sort_into_chunks(middles, extent_m, layer.chunk_m, step, (layer.near_m, layer.far_m))
            triangles = triangles[order]
            normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
            normals /= np.maximum(np.linalg.norm(normals, axis=1), 1e-12)[:, None]
            if len(layer.mesh.materials) and layer.mesh.materials[0] >> 3 < materials.OBJECT_CLASS:
                normals *= np.where(normals[:, 2:] < 0, -1.0, 1.0)  # ground is seen from above
            owners = np.full(len(order), NO_OBJECT, np.int32) if layer.owners is None else layer.owners[order]
            parts.append((triangles, normals.astype(np.float32), layer.mesh.materials[order], layer.mesh.colours[order], owners))
            chunks.append(own)
        *arrays, owners = (np.ascontiguousarray(np.concatenate(part)) for part in zip(*parts, strict=True))
        faces = Faces(*arrays)
        corners, one_sided = np.ascontiguousarray(faces.triangles.reshape(-1, 9).T), materials.ONE_SIDED[faces.codes].astype(np.float32)
        return SceneFaces(faces, corners, one_sided, owners, Chunks.join(chunks))

    @property
    def finest(self) -> np.ndarray:
        """A mask (F,) of the triangles that are not a coarser version of others."""
        return np.repeat(self.chunks.near_m == 0.0, np.diff(self.chunks.starts))


class PaintSegments(NamedTuple):
    """All paint segments of a scene, chunk by chunk."""

    ends: np.ndarray  # (S, 2, 3) float32: the ends of their middle lines (m)
    sides: np.ndarray  # (S, 2, 3) float32: vectors to the right at both ends, half the paint's width long (m)
    colours: np.ndarray  # (S, 3) uint8 RGB
    places: np.ndarray  # (6, S) float32: the ends' coordinates once more, each in a stretch of its own
    widest_m: float  # the largest half width
    chunks: Chunks

    @staticmethod
    def of(paint: Paint) -> PaintSegments:
        """Sort paint into chunks."""
        longest_m = float(np.linalg.norm(paint.ends[:, 1] - paint.ends[:, 0], axis=1).max(initial=0.0))
        widest_m = float(np.linalg.norm(paint.sides, axis=2).max(initial=0.0))
        order, chunks = sort_into_chunks(paint.ends.mean(1).astype(np.float64), longest_m / 2 + 0.5, CHUNK_M, 0, (0.0, PAINT_M))
        ends, sides, colours = (np.ascontiguousarray(part[order]) for part in paint)
        return PaintSegments(ends, sides, colours, np.ascontiguousarray(ends.reshape(-1, 6).T), widest_m, chunks)
