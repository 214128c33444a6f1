"""The things that stand beside the roads, one by one: what each is, where, its bounding box, which triangles, solid box and shadow are its.

Shapes: N things, F triangles, S solids, P shadow proxies.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from driving.world.geometry.rotations import turn
from driving.world.meshes import materials
from driving.world.meshes.surfaces import Mesh, join_meshes, make_mesh
from driving.world.physics.collisions import BOX_WIDTH

NO_OBJECT = -1


class ShadowProxies(NamedTuple):
    """What casts a shadow: feet (P, 3), widths across and heights (P, 3) as (x, y, z) sizes, yaw (P,), whether it is a box, whose it is (P,)."""

    feet: np.ndarray
    sizes: np.ndarray
    yaw: np.ndarray
    boxes: np.ndarray
    owners: np.ndarray


class SceneryObjects(NamedTuple):
    """Kinds (N,) str, places (N, 3) m and yaw (N,) rad of their frames, bounding boxes along these: centres, half sizes (N, 3); CARLA's tags (N,)."""

    kinds: np.ndarray
    at: np.ndarray
    yaw: np.ndarray
    centres: np.ndarray
    halves: np.ndarray
    tags: np.ndarray


class Scenery(NamedTuple):
    """All things and their mesh (F) with each triangle's thing (F,), their solids (S, BOX_WIDTH) with each one's thing (S,), shadow proxies."""

    objects: SceneryObjects
    mesh: Mesh
    owners: np.ndarray
    solids: np.ndarray
    solid_owners: np.ndarray
    proxies: ShadowProxies


class SceneryBuilder:
    """A collector of scenery objects as they are made, kind by kind."""

    def __init__(self) -> None:
        self._count = 0
        none = np.zeros((0, 3))
        self._objects = [SceneryObjects(np.zeros(0, "U16"), none, np.zeros(0), none, none, np.zeros(0, np.uint8))]
        self._meshes, self._owners = [make_mesh(np.zeros((0, 3, 3)), materials.WOOD, (0, 0, 0))], [np.zeros(0, np.int32)]
        self._solids, self._solid_owners = [np.zeros((0, BOX_WIDTH))], [np.zeros(0, np.int32)]
        self._proxies = [ShadowProxies(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(0), np.zeros(0, bool), np.zeros(0, np.int32))]

    def add(self, kind: str, tag: int, mesh: Mesh, counts: np.ndarray, at: np.ndarray, yaw: np.ndarray) -> np.ndarray:
        """Adds N things, counts (N,) triangles each, one after the other in the mesh; answers their numbers (N,)."""
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
        """Makes things solid: boxes (N, BOX_WIDTH)."""
        self._solids.append(boxes)
        self._solid_owners.append(numbers)

    def add_shadows(self, numbers: np.ndarray, feet: np.ndarray, sizes: np.ndarray, yaw: np.ndarray, box: bool) -> None:
        """Gives things a shadow."""
        self._proxies.append(ShadowProxies(feet, sizes, yaw, np.full(len(numbers), box), numbers))

    def build(self) -> Scenery:
        """All that was added."""
        return Scenery(
            SceneryObjects(*(np.concatenate([part[k] for part in self._objects]) for k in range(len(SceneryObjects._fields)))),
            join_meshes(self._meshes),
            np.concatenate(self._owners),
            np.concatenate(self._solids),
            np.concatenate(self._solid_owners),
            ShadowProxies(*(np.concatenate([part[k] for part in self._proxies]) for k in range(len(ShadowProxies._fields)))),
        )
