"""A world to look at: all that stands still, as triangles sorted by place, and where the sun's shadows fall.

Triangles are kept in square chunks, so that a camera draws only what is in its view, nearest chunks first. Left to others: which these are
(`culling`), drawing (`renderer`), what things look like (`surfaces`, `scenery`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from driving.world import materials
from driving.world.embankments import embankments
from driving.world.ground import Ground
from driving.world.junctions import junction_mesh
from driving.world.painted import painted
from driving.world.roads import RoadNetwork
from driving.world.scenery import Proxies, SceneryConfig, make_scenery
from driving.world.surfaces import Mesh, Paint, Palette, join, land_mesh, lane_mesh, paint_lines
from driving.world.surfaces import together as all_paint
from driving.world.terrain import lane_points

CHUNK_M = 60.0
VIEW_M = 260.0
NEAR_LAND_M, FAR_LAND = 100.0, 4  # further away the land is drawn so many times coarser
SMALL_THINGS_M = 90.0
SMALL_M = 2.5
PAINT_M = 170.0
SHADOWS_M = 90.0
LONGEST_SHADOW = 6.0  # times the height
STEPS_APART_M = 1e5  # further than anything is seen
ROUNDING_M = 0.01  # of single precision


@dataclass
class SceneConfig:
    """What the world looks like beside its roads.

    Args:
        scenery: how much stands there.
        randomise: draw the colours of land, asphalt and paint from the seed as well (domain randomisation).
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
    """The triangles of one drawing step, drawn between two distances (m)."""

    mesh: Mesh
    near_m: float
    far_m: float
    chunk_m: float = CHUNK_M


class Faces(NamedTuple):
    """All triangles of a scene (F), layer by layer and chunk by chunk.

    triangles (F, 3, 3) and normals (F, 3) float32, codes (F,) uint8 materials, colours (F, 3) uint8; corners (9, F) float32 are the triangles'
    coordinates once more, each in a stretch of its own; one_sided (F,) float32 is 1 for those that are seen from outside only, else 0.
    """

    triangles: np.ndarray
    normals: np.ndarray
    codes: np.ndarray
    colours: np.ndarray
    corners: np.ndarray
    one_sided: np.ndarray
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
            parts.append((triangles, normals.astype(np.float32), layer.mesh.materials[order], layer.mesh.colours[order]))
            chunks.append(own)
        triangles, normals, codes, colours = (np.ascontiguousarray(np.concatenate(part)) for part in zip(*parts, strict=True))
        corners, one_sided = np.ascontiguousarray(triangles.reshape(-1, 9).T), materials.ONE_SIDED[codes].astype(np.float32)
        return Faces(triangles, normals, codes, colours, corners, one_sided, together(chunks))

    @property
    def finest(self) -> np.ndarray:
        """Which triangles (F,) are no coarser picture of others."""
        return np.repeat(self.chunks.near_m == 0.0, np.diff(self.chunks.starts))


class Strokes(NamedTuple):
    """All painted segments of a scene (S), chunk by chunk: as `surfaces.Paint`, their ends once more as places (6, S), the widest half (m)."""

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
    """All that stands still in one world. `solids` (S, BOX_WIDTH) are its static boxes for collisions."""

    def __init__(self, layers: list[Layer], paint: Paint, proxies: Proxies, solids: np.ndarray) -> None:
        self.faces, self.strokes, self.proxies, self.solids = Faces.of(layers), Strokes.of(paint), proxies, solids

    def shadows(self, sun: np.ndarray) -> np.ndarray:
        """Flat shadow triangles (N, 10, 3, 3) of the N proxies for a unit vector to the sun; none for a sun below 4 degrees."""
        if sun[2] < 0.07 or len(self.proxies.feet) == 0:
            return np.zeros((0, 10, 3, 3), np.float32)
        slope = min(LONGEST_SHADOW, float(np.hypot(sun[0], sun[1]) / sun[2]))
        away = -sun[:2] / max(float(np.hypot(sun[0], sun[1])), 1e-9) * slope
        rounds, boxes = _round_shadows(self.proxies, away), _box_shadows(self.proxies, away)
        return np.where(self.proxies.boxes[:, None, None, None], boxes, rounds).astype(np.float32)


def build_scene(network: RoadNetwork, ground: Ground, seed: int, config: SceneConfig | None = None) -> Scene:
    """The scene of a map; the same seed gives the same scene."""
    config = config or SceneConfig()
    random = np.random.default_rng((seed, 7))
    palette = random_palette(random) if config.randomise else Palette()
    scenery = make_scenery(network, ground, random, config.scenery)
    small = np.ptp(scenery.mesh.triangles.reshape(-1, 9)[:, 2::3], axis=1) < SMALL_M if len(scenery.mesh.triangles) else np.zeros(0, bool)
    lanes = join([lane_mesh(network, palette), junction_mesh(network, ground, palette)])
    on_lanes = lane_points(network)
    near_land, far_land = ground.terrain.drawn(on_lanes), ground.terrain.drawn(on_lanes, FAR_LAND)
    verges, structures = embankments(network, ground, near_land, palette)
    layers = [
        Layer(land_mesh(near_land, palette), 0.0, NEAR_LAND_M),
        Layer(land_mesh(far_land, palette), NEAR_LAND_M, 4 * VIEW_M, CHUNK_M * FAR_LAND),
        Layer(verges, 0.0, VIEW_M),
    ]
    for kind in range(2, materials.GROUND_CLASSES + 1):
        part = lanes.materials >> 3 == kind
        if part.any():
            layers.append(Layer(Mesh(*(values[part] for values in lanes)), 0.0, VIEW_M))
    if len(structures.triangles):
        layers.append(Layer(structures, 0.0, VIEW_M))
    for part, far_m in ((~small, VIEW_M), (small, SMALL_THINGS_M)):
        layers.append(Layer(join([Mesh(*(values[part] for values in scenery.mesh))]), 0.0, far_m))
    paint = all_paint([paint_lines(network.markings, palette), painted(network, ground, palette)])
    return Scene(layers, paint, scenery.proxies, scenery.solids)


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


def _round_shadows(proxies: Proxies, away: np.ndarray) -> np.ndarray:
    """A crown's shadow as an eight-sided ellipse and its trunk's as a quad: (N, 10, 3, 3)."""
    feet, size = proxies.feet, proxies.sizes
    ground = feet[:, 2] + 0.32
    along = away / max(float(np.hypot(*away)), 1e-9)
    across = np.array([-along[1], along[0]])
    radius, reach = size[:, 0] * 0.38, float(np.hypot(*away))
    middle = feet[:, :2] + away * (size[:, 2:] * 0.62)
    angle = np.arange(8) * np.pi / 4
    a = (radius + 0.22 * size[:, 2] * reach)[:, None, None] * np.cos(angle)[None, :, None] * along
    b = radius[:, None, None] * np.sin(angle)[None, :, None] * across
    rim = np.concatenate([middle[:, None] + a + b, np.broadcast_to(ground[:, None, None], (len(feet), 8, 1))], axis=2)
    fan = np.stack([np.stack([rim[:, 0], rim[:, n], rim[:, n + 1]], 1) for n in range(1, 7)], 1)
    side = across * 0.15

    def flat(xy: np.ndarray) -> np.ndarray:
        return np.concatenate([xy, ground[:, None]], axis=1)

    p, q, r, s = flat(feet[:, :2] - side), flat(feet[:, :2] + side), flat(middle + side), flat(middle - side)
    trunk = np.stack([np.stack([p, q, r], 1), np.stack([p, r, s], 1)], 1)
    return np.concatenate([fan, trunk, trunk], axis=1)


def _box_shadows(proxies: Proxies, away: np.ndarray) -> np.ndarray:
    """A house's shadow: its walls' and its eaves' projections, (N, 10, 3, 3)."""
    feet, size = proxies.feet, proxies.sizes
    ground = feet[:, 2] + 0.32
    cos, sin = np.cos(proxies.yaw)[:, None], np.sin(proxies.yaw)[:, None]
    x = np.array([-0.5, 0.5, 0.5, -0.5]) * size[:, :1]
    y = np.array([-0.5, -0.5, 0.5, 0.5]) * size[:, 1:2]
    low = np.stack([feet[:, :1] + cos * x - sin * y, feet[:, 1:2] + sin * x + cos * y], axis=2)
    high = low + away * (size[:, 2] * 0.85)[:, None, None]
    low, high = (np.concatenate([part, np.broadcast_to(ground[:, None, None], (len(feet), 4, 1))], axis=2) for part in (low, high))
    faces = [np.stack([high[:, 0], high[:, 1], high[:, 2]], 1), np.stack([high[:, 0], high[:, 2], high[:, 3]], 1)]
    for n in range(4):
        m = (n + 1) % 4
        faces += [np.stack([low[:, n], low[:, m], high[:, m]], 1), np.stack([low[:, n], high[:, m], high[:, n]], 1)]
    return np.stack(faces, axis=1)
