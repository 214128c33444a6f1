"""A world to look at: all that stands still, as triangles sorted by place, and where the sun's shadows fall.

Triangles are kept in square chunks, so that a camera draws only what is in its view, nearest chunks first. Left to others: drawing
(`renderer`), what things look like (`surfaces`, `scenery`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numba import njit

from driving.world import materials
from driving.world.ground import Ground
from driving.world.rasteriser import C_FOCAL, C_FORWARD, C_RIGHT, C_UP
from driving.world.roads import RoadNetwork
from driving.world.scenery import Proxies, SceneryConfig, make_scenery
from driving.world.surfaces import Mesh, Paint, Palette, join, land_mesh, lane_mesh, paint_of, verge_mesh

CHUNK_M = 40.0
VIEW_M = 260.0
NEAR_LAND_M = 100.0  # further away the land is drawn four times coarser
SMALL_THINGS_M = 90.0
SMALL_M = 2.5
PAINT_M = 170.0
SHADOWS_M = 90.0
LONGEST_SHADOW = 6.0  # times the height


@dataclass
class SceneConfig:
    """What the world looks like beside its roads.

    Args:
        scenery: how much stands there.
        randomise: draw the colours of land, asphalt and paint from the seed as well (domain randomisation).
    """

    scenery: SceneryConfig = field(default_factory=SceneryConfig)
    randomise: bool = False


class Chunks:
    """One layer's triangles (or painted segments), sorted by chunk."""

    def __init__(self, middles: np.ndarray, extent_m: float) -> None:
        """middles (N, 3): where each item lies; extent_m: how far it may reach from there."""
        cell = np.floor(middles[:, :2] / CHUNK_M).astype(np.int64)
        low = cell.min(0) if len(cell) else np.zeros(2, np.int64)
        width = int((cell[:, 1] - low[1]).max()) + 1 if len(cell) else 1
        key = (cell[:, 0] - low[0]) * width + cell[:, 1] - low[1]
        self.order = np.argsort(key, kind="stable")
        keys, starts = np.unique(key[self.order], return_index=True)
        self.starts = np.append(starts, len(key)).astype(np.int64)
        self.spheres = np.zeros((len(keys), 4))
        for n in range(len(keys)):
            part = middles[self.order[self.starts[n] : self.starts[n + 1]]]
            low3, high3 = part.min(0), part.max(0)
            self.spheres[n, :3] = (low3 + high3) / 2
            self.spheres[n, 3] = float(np.linalg.norm(high3 - low3)) / 2 + extent_m

    def seen(self, camera: np.ndarray, columns: int, rows: int, near_m: float, far_m: float) -> np.ndarray:
        """Indices of the items in chunks in the camera's view between two distances, nearest chunks first."""
        return _seen(self.spheres, self.starts, camera, columns / 2.0 / camera[C_FOCAL], rows / 2.0 / camera[C_FOCAL], near_m, far_m)


@dataclass
class Layer:
    """Triangles of one drawing step, in chunks, drawn between two distances (m)."""

    triangles: np.ndarray
    normals: np.ndarray
    codes: np.ndarray
    colours: np.ndarray
    chunks: Chunks
    near_m: float
    far_m: float

    @staticmethod
    def of(mesh: Mesh, near_m: float, far_m: float) -> Layer:
        """Sorts a mesh into chunks."""
        triangles = mesh.triangles.astype(np.float32)
        middles = triangles.mean(1).astype(np.float64)
        extent = float(np.linalg.norm(triangles - triangles.mean(1, keepdims=True), axis=2).max(initial=0.0))
        chunks = Chunks(middles, extent)
        triangles = np.ascontiguousarray(triangles[chunks.order])
        normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
        normals /= np.maximum(np.linalg.norm(normals, axis=1), 1e-12)[:, None]
        if len(mesh.materials) and mesh.materials[0] >> 3 < materials.OBJECT_CLASS:
            normals *= np.where(normals[:, 2:] < 0, -1.0, 1.0)  # ground is seen from above
        return Layer(
            triangles,
            normals.astype(np.float32),
            np.ascontiguousarray(mesh.materials[chunks.order]),
            np.ascontiguousarray(mesh.colours[chunks.order]),
            chunks,
            near_m,
            far_m,
        )


class Scene:
    """All that stands still in one world. `solids` (S, BOX_WIDTH) are its static boxes for collisions."""

    def __init__(self, layers: list[Layer], paint: Paint, proxies: Proxies, solids: np.ndarray) -> None:
        self.layers, self.proxies, self.solids = layers, proxies, solids
        longest = float(np.linalg.norm(paint.ends[:, 1] - paint.ends[:, 0], axis=1).max(initial=0.0)) if len(paint.ends) else 0.0
        self.paint_chunks = Chunks(paint.ends.mean(1).astype(np.float64), longest / 2 + 0.5)
        self.paint = Paint(*(np.ascontiguousarray(part[self.paint_chunks.order]) for part in paint))

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
    lanes = lane_mesh(network, palette)
    layers = [
        Layer.of(land_mesh(ground.terrain, palette), 0.0, NEAR_LAND_M),
        Layer.of(land_mesh(ground.terrain, palette, 4), NEAR_LAND_M * 0.6, 4 * VIEW_M),
        Layer.of(verge_mesh(network, palette), 0.0, VIEW_M),
    ]
    for kind in range(2, materials.GROUND_CLASSES + 1):
        part = lanes.materials >> 3 == kind
        if part.any():
            layers.append(Layer.of(Mesh(*(values[part] for values in lanes)), 0.0, VIEW_M))
    for part, far_m in ((~small, VIEW_M), (small, SMALL_THINGS_M)):
        layers.append(Layer.of(join([Mesh(*(values[part] for values in scenery.mesh))]), 0.0, far_m))
    return Scene(layers, paint_of(network, palette), scenery.proxies, scenery.solids)


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


@njit(cache=True, nogil=True)
def _seen(spheres, starts, camera, tan_x, tan_y, near_m, far_m):  # type: ignore[no-untyped-def]
    count = spheres.shape[0]
    distance, chosen = np.empty(count), np.empty(count, np.int64)
    found, total = 0, 0
    slant_x, slant_y = (1.0 + tan_x * tan_x) ** 0.5, (1.0 + tan_y * tan_y) ** 0.5
    for n in range(count):
        x, y, z = spheres[n, 0] - camera[0], spheres[n, 1] - camera[1], spheres[n, 2] - camera[2]
        radius = spheres[n, 3]
        ahead = x * camera[C_FORWARD] + y * camera[C_FORWARD + 1] + z * camera[C_FORWARD + 2]
        if ahead < -radius:
            continue
        right = x * camera[C_RIGHT] + y * camera[C_RIGHT + 1] + z * camera[C_RIGHT + 2]
        if abs(right) - tan_x * ahead > radius * slant_x:
            continue
        up = x * camera[C_UP] + y * camera[C_UP + 1] + z * camera[C_UP + 2]
        if abs(up) - tan_y * ahead > radius * slant_y:
            continue
        away = (x * x + y * y + z * z) ** 0.5
        if away - radius > far_m or away + radius < near_m:
            continue
        distance[found], chosen[found] = away - radius, n
        found += 1
        total += starts[n + 1] - starts[n]
    order = np.argsort(distance[:found])
    items = np.empty(total, np.int64)
    at = 0
    for k in range(found):
        n = chosen[order[k]]
        for item in range(starts[n], starts[n + 1]):
            items[at] = item
            at += 1
    return items
