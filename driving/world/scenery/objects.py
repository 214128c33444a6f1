"""The objects that stand beside the roads: what each is, where it stands, its bounding box, its triangles, solid boxes and shadows.

Shapes: N objects, F triangles, S solids, P shadow proxies.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from driving.world.geometry.rotations import turn
from driving.world.meshes import materials
from driving.world.meshes.surfaces import Mesh, join, make_mesh
from driving.world.physics.collisions import BOX_WIDTH

SUNK_M = 0.3  # how deep objects reach into the ground, so that they do not float on a slope; the feet of shadow proxies lie as deep
NO_OBJECT = -1  # owner of triangles that belong to no object


class ShadowProxies(NamedTuple):
    """Simple bodies that cast the objects' shadows."""

    feet: np.ndarray  # (P, 3) m
    sizes: np.ndarray  # (P, 3) m along the forward, right and up axes
    yaw: np.ndarray  # (P,) rad
    boxes: np.ndarray  # (P,) bool, a box; else a round crown on a trunk
    owners: np.ndarray  # (P,) int32, numbers of the objects


class SceneryObjects(NamedTuple):
    """All objects; the number of an object is its place in these arrays."""

    kinds: np.ndarray  # (N,) str
    at: np.ndarray  # (N, 3) m, origins of the objects' frames
    yaw: np.ndarray  # (N,) rad, directions of the frames' forward axes
    centres: np.ndarray  # (N, 3) m in the world, middles of the bounding boxes
    halves: np.ndarray  # (N, 3) m along the frames' axes, half sizes of the bounding boxes
    tags: np.ndarray  # (N,) uint8, CARLA's semantic tags


class Scenery(NamedTuple):
    """All objects and what they consist of."""

    objects: SceneryObjects
    mesh: Mesh  # F triangles
    owners: np.ndarray  # (F,) int32, number of each triangle's object
    solids: np.ndarray  # (S, BOX_WIDTH), static boxes for collisions
    solid_owners: np.ndarray  # (S,) int32, number of each solid's object
    proxies: ShadowProxies


class SceneryBuilder:
    """Collects objects, and numbers them in the order in which they are added."""

    def __init__(self) -> None:
        self._count = 0
        none = np.zeros((0, 3))
        self._objects = [SceneryObjects(np.zeros(0, "U16"), none, np.zeros(0), none, none, np.zeros(0, np.uint8))]
        self._meshes, self._owners = [make_mesh(np.zeros((0, 3, 3)), materials.WOOD, (0, 0, 0))], [np.zeros(0, np.int32)]
        self._solids, self._solid_owners = [np.zeros((0, BOX_WIDTH))], [np.zeros(0, np.int32)]
        self._proxies = [ShadowProxies(none, none, np.zeros(0), np.zeros(0, bool), np.zeros(0, np.int32))]

    def add(self, kind: str, tag: int, mesh: Mesh, counts: np.ndarray, at: np.ndarray, yaw: np.ndarray) -> np.ndarray:
        """Add N objects of one kind and return their numbers (N,).

        Args:
            kind: name of the kind.
            tag: CARLA's semantic tag.
            mesh: the triangles of all N objects, one object after the other.
            counts: (N,) numbers of triangles, at least 1 each.
            at: (N, 3) m, origins of the objects' frames.
            yaw: (N,) rad, directions of the frames' forward axes.
        """
        if len(at) == 0:
            return np.zeros(0, np.int32)
        numbers = np.arange(self._count, self._count + len(at), dtype=np.int32)
        self._count += len(at)
        away = mesh.triangles.astype(np.float64) - np.repeat(at, counts, axis=0)[:, None]
        local = turn(away, -np.repeat(yaw, counts))
        first = np.cumsum(counts) - counts
        low, high = np.minimum.reduceat(local.min(1), first), np.maximum.reduceat(local.max(1), first)
        kinds, tags = np.full(len(at), kind, "U16"), np.full(len(at), tag, np.uint8)
        self._objects.append(SceneryObjects(kinds, at, yaw, at + turn((low + high) / 2.0, yaw), (high - low) / 2.0, tags))
        self._meshes.append(mesh)
        self._owners.append(np.repeat(numbers, counts))
        return numbers

    def add_solids(self, numbers: np.ndarray, boxes: np.ndarray) -> None:
        """Give the objects with these numbers (N,) solid boxes (N, BOX_WIDTH)."""
        self._solids.append(boxes)
        self._solid_owners.append(numbers)

    def add_shadows(self, numbers: np.ndarray, feet: np.ndarray, sizes: np.ndarray, yaw: np.ndarray, box: bool) -> None:
        """Give the objects with these numbers (N,) shadows, of boxes or of round crowns; see `ShadowProxies` for the arrays."""
        self._proxies.append(ShadowProxies(feet, sizes, yaw, np.full(len(numbers), box), numbers))

    def build(self) -> Scenery:
        """Return all objects that were added."""
        return Scenery(
            join(self._objects),
            join(self._meshes),
            np.concatenate(self._owners),
            np.concatenate(self._solids),
            np.concatenate(self._solid_owners),
            join(self._proxies),
        )
