"""A world to look at: all that stands still, as triangles sorted by place, and where the sun's shadows fall.

Triangles are kept in square chunks, so that a camera draws only what is in its view, nearest chunks first. Left to others: which these are
(`culling`), drawing (`renderer`), what things look like (`surfaces`, `scenery`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from driving.world.ground.contact import Ground
from driving.world.ground.terrain import lane_points
from driving.world.maps.roads import RoadNetwork
from driving.world.meshes import materials
from driving.world.meshes.embankments import make_embankments
from driving.world.meshes.junctions import make_junction_mesh
from driving.world.meshes.paint import Paint, paint_markings
from driving.world.meshes.road_paint import paint_objects
from driving.world.meshes.surfaces import Mesh, Palette, join, make_land_mesh, make_lane_mesh
from driving.world.rendering.shadows import flat_shadows
from driving.world.scenery.objects import NO_OBJECT, Scenery, ShadowProxies
from driving.world.scenery.planting import SceneryConfig, make_scenery
from driving.world.scenery.signposts import Signpost

CHUNK_M = 60.0
VIEW_M = 260.0
NEAR_LAND_M, FAR_LAND = 100.0, 4  # further away the land is drawn so many times coarser
SMALL_THINGS_M, LONG_THINGS_M = 90.0, 120.0
SMALL_M, LONG_M = 2.5, 4.0
PAINT_M = 170.0
SHADOWS_M = 90.0
STEPS_APART_M = 1e5  # further than anything is seen
ROUNDING_M = 0.01  # of single precision


@dataclass
class SceneConfig:
    """What the world looks like beside its roads.

    Args:
        scenery: how much stands there.
        randomise: draw the colours of land, asphalt and paint, and how many road sides have a barrier, from the seed too (domain randomisation).
    """

    scenery: SceneryConfig = field(default_factory=SceneryConfig)
    randomise: bool = False


class Chunks(NamedTuple):
    """Squares of ground (C) with the items (N) that lie on them.

    spheres (4, C) float32: x, y, z and radius (m) around each chunk; starts (C + 1,) where each begins among the items; steps (C,) float32 the
    drawing step it belongs to, times STEPS_APART_M; near_m and far_m (C,) float32 between which distances it is drawn.
    """

    spheres: np.ndarray
    starts: np.ndarray
    steps: np.ndarray
    near_m: np.ndarray
    far_m: np.ndarray


def chunked(middles: np.ndarray, extent_m: float, chunk_m: float, step: int, near_m: float, far_m: float) -> tuple[np.ndarray, Chunks]:
    """The order (N,) of items by chunk, and the chunks. middles (N, 3): where each item lies; extent_m: how far it may reach from there."""
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
        low3, high3 = part.min(0), part.max(0)
        spheres[n, :3] = (low3 + high3) / 2
        spheres[n, 3] = float(np.linalg.norm(high3 - low3)) / 2 + extent_m + ROUNDING_M
    rest = (np.full(len(keys), value, np.float32) for value in (step * STEPS_APART_M, near_m, far_m))
    return order, Chunks(np.ascontiguousarray(spheres.T, np.float32), starts, *rest)


def together(parts: list[Chunks]) -> Chunks:
    """The chunks of several lists of items, for the lists one after the other."""
    first = np.cumsum([0, *(part.starts[-1] for part in parts)])
    starts = np.append(np.concatenate([part.starts[:-1] + at for part, at in zip(parts, first, strict=False)]), first[-1])
    rest = (np.concatenate(columns) for columns in zip(*(part[2:] for part in parts), strict=True))
    return Chunks(np.concatenate([part.spheres for part in parts], axis=1), starts, *rest)


class Layer(NamedTuple):
    """The triangles (F) of one drawing step, drawn between two distances (m), and of which thing each is, if of any (F,)."""

    mesh: Mesh
    near_m: float
    far_m: float
    chunk_m: float = CHUNK_M
    owners: np.ndarray | None = None


class Faces(NamedTuple):
    """All triangles of a scene (F), layer by layer and chunk by chunk.

    triangles (F, 3, 3) and normals (F, 3) float32, codes (F,) uint8 materials, colours (F, 3) uint8; corners (9, F) float32 are the triangles'
    coordinates once more, each in a stretch of its own; one_sided (F,) float32 is 1 for those that are seen from outside only, else 0;
    owners (F,) int32 are the things they belong to, NO_OBJECT for the ground.
    """

    triangles: np.ndarray
    normals: np.ndarray
    codes: np.ndarray
    colours: np.ndarray
    corners: np.ndarray
    one_sided: np.ndarray
    owners: np.ndarray
    chunks: Chunks

    @staticmethod
    def of(layers: list[Layer]) -> Faces:
        """Sorts the layers' meshes into chunks."""
        parts, chunks = [], []
        for step, layer in enumerate(layers):
            triangles = layer.mesh.triangles.astype(np.float32)
            extent = float(np.linalg.norm(triangles - triangles.mean(1, keepdims=True), axis=2).max(initial=0.0))
            order, own = chunked(triangles.mean(1).astype(np.float64), extent, layer.chunk_m, step, layer.near_m, layer.far_m)
            triangles = triangles[order]
            normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
            normals /= np.maximum(np.linalg.norm(normals, axis=1), 1e-12)[:, None]
            if len(layer.mesh.materials) and layer.mesh.materials[0] >> 3 < materials.OBJECT_CLASS:
                normals *= np.where(normals[:, 2:] < 0, -1.0, 1.0)  # ground is seen from above
            owners = np.full(len(order), NO_OBJECT, np.int32) if layer.owners is None else layer.owners[order]
            parts.append((triangles, normals.astype(np.float32), layer.mesh.materials[order], layer.mesh.colours[order], owners))
            chunks.append(own)
        triangles, normals, codes, colours, owners = (np.ascontiguousarray(np.concatenate(part)) for part in zip(*parts, strict=True))
        corners, one_sided = np.ascontiguousarray(triangles.reshape(-1, 9).T), materials.ONE_SIDED[codes].astype(np.float32)
        return Faces(triangles, normals, codes, colours, corners, one_sided, owners, together(chunks))

    @property
    def finest(self) -> np.ndarray:
        """Which triangles (F,) are no coarser picture of others."""
        return np.repeat(self.chunks.near_m == 0.0, np.diff(self.chunks.starts))


class Strokes(NamedTuple):
    """All painted segments of a scene (S), chunk by chunk: as `paint.Paint`, their ends once more as places (6, S), the widest half (m)."""

    ends: np.ndarray
    sides: np.ndarray
    colours: np.ndarray
    places: np.ndarray
    widest_m: float
    chunks: Chunks

    @staticmethod
    def of(paint: Paint) -> Strokes:
        """Sorts the paint into chunks."""
        longest = float(np.linalg.norm(paint.ends[:, 1] - paint.ends[:, 0], axis=1).max(initial=0.0))
        widest = float(np.linalg.norm(paint.sides, axis=2).max(initial=0.0))
        order, chunks = chunked(paint.ends.mean(1).astype(np.float64), longest / 2 + 0.5, CHUNK_M, 0, 0.0, PAINT_M)
        ends, sides, colours = (np.ascontiguousarray(part[order]) for part in paint)
        return Strokes(ends, sides, colours, np.ascontiguousarray(ends.reshape(-1, 6).T), widest, chunks)


class Scene:
    """All that stands still in one world: what is drawn, and the things that it is made of with their solid boxes and shadow proxies."""

    def __init__(self, layers: list[Layer], paint: Paint, scenery: Scenery) -> None:
        self.faces, self.strokes = Faces.of(layers), Strokes.of(paint)
        self.objects, self.proxies, self._solids, self._solid_owners = scenery.objects, scenery.proxies, scenery.solids, scenery.solid_owners
        self._whole, self._hidden = self.faces.triangles.copy(), np.zeros(len(self.objects.kinds), bool)

    @property
    def solids(self) -> np.ndarray:
        """The static boxes (S, BOX_WIDTH) of the things that are there."""
        return self._solids[~self._hidden[self._solid_owners]]

    @property
    def hidden(self) -> np.ndarray:
        """Which things (N,) are not there for now."""
        return self._hidden.copy()

    def hide(self, hidden: np.ndarray) -> None:
        """Takes things (N,) bool out of the scene, and puts all others back: a hidden thing's triangles shrink to a point, and it has no shadow."""
        changed = np.flatnonzero((self.faces.owners != NO_OBJECT) & (hidden != self._hidden)[self.faces.owners])
        gone = hidden[self.faces.owners[changed]]
        self.faces.triangles[changed] = np.where(gone[:, None, None], self._whole[changed, :1], self._whole[changed])
        self.faces.corners[:, changed] = self.faces.triangles[changed].reshape(-1, 9).T
        self._hidden = hidden.copy()

    def shadows(self, sun: np.ndarray) -> np.ndarray:
        """Flat shadow triangles (N, 10, 3, 3) of the N proxies that are there, for a unit vector to the sun; see `shadows`."""
        return flat_shadows(ShadowProxies(*(part[~self._hidden[self.proxies.owners]] for part in self.proxies)), sun)


def build_scene(network: RoadNetwork, ground: Ground, seed: int, config: SceneConfig | None = None, posts: Sequence[Signpost] = ()) -> Scene:
    """The scene of a map, its first things its signposts; the same seed gives the same scene."""
    config = config or SceneConfig()
    random = np.random.default_rng((seed, 7))
    palette = random_palette(random) if config.randomise else Palette()
    wanted = replace(config.scenery, barriers=config.scenery.barriers * random.random()) if config.randomise else config.scenery
    scenery = make_scenery(network, ground, random, wanted, posts)
    small, long = _sizes(scenery.mesh.triangles)
    lanes = join([make_lane_mesh(network, palette), make_junction_mesh(network, ground, palette)])
    on_lanes = lane_points(network)
    near_land, far_land = ground.terrain.drawn(on_lanes), ground.terrain.drawn(on_lanes, FAR_LAND)
    verges, structures = make_embankments(network, ground, near_land, palette)
    layers = [
        Layer(make_land_mesh(near_land, palette), 0.0, NEAR_LAND_M),
        Layer(make_land_mesh(far_land, palette), NEAR_LAND_M, 4 * VIEW_M, CHUNK_M * FAR_LAND),
        Layer(verges, 0.0, VIEW_M),
    ]
    for kind in range(2, materials.GROUND_CLASSES + 1):
        part = lanes.materials >> 3 == kind
        if part.any():
            layers.append(Layer(Mesh(*(values[part] for values in lanes)), 0.0, VIEW_M))
    if len(structures.triangles):
        layers.append(Layer(structures, 0.0, VIEW_M))
    for part, far_m in ((~small, VIEW_M), (small & ~long, SMALL_THINGS_M), (small & long, LONG_THINGS_M)):
        layers.append(Layer(Mesh(*(values[part] for values in scenery.mesh)), 0.0, far_m, owners=scenery.owners[part]))
    paint = join([paint_markings(network.markings, palette), paint_objects(network, ground, palette)])
    return Scene(layers, paint, scenery)


def _sizes(triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which triangles (F, 3, 3) are low, and which are long."""
    if len(triangles) == 0:
        return np.zeros(0, bool), np.zeros(0, bool)
    size = np.ptp(triangles, axis=1)
    return size[:, 2] < SMALL_M, np.hypot(size[:, 0], size[:, 1]) > LONG_M


def random_palette(random: np.random.Generator) -> Palette:
    """Colours of land and lanes drawn at random: from meadow to dry land, from fresh asphalt to concrete, faded or new paint."""
    green, dry = np.array([70, 104, 48]), np.array([146, 128, 84])
    grass = green + (dry - green) * random.random() ** 1.5
    tone = random.uniform(58, 128)
    asphalt = tone + np.array([0.0, 0.0, 2.0]) + random.uniform(-5, 5, 3)

    def colour(values: np.ndarray) -> tuple[int, int, int]:
        red, green, blue = (int(v) for v in np.clip(values * random.uniform(0.9, 1.1), 0, 255))
        return red, green, blue

    return Palette(
        colour(grass),
        colour(asphalt),
        colour(asphalt + random.uniform(4, 22)),
        colour(np.array([142, 139, 133])),
        colour(np.array([124, 116, 100])),
        float(random.uniform(0.72, 1.08)),
    )
