"""What stands beside the roads, drawn from a seed: trees, bushes, houses, lamp posts, signs, guard rails. Nothing on a lane.

Where it is open land, wood or village changes slowly over the map, so that two places look different. Each thing has a shadow proxy
(octahedron or box) and, where a car would notice, a solid box for collisions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from driving.world import materials
from driving.world.collisions import BOX_WIDTH
from driving.world.ground import Ground
from driving.world.roads import RoadNetwork
from driving.world.shapes import SHAPES, placed
from driving.world.surfaces import Mesh, join, plain, ribbon, sections_of

STRIDE_M = 5.0
REGION_M = 140.0
RAIL_LOW_M, RAIL_HIGH_M = 0.42, 0.78


@dataclass(frozen=True)
class Kind:
    """One kind of thing: how many a metre of road side, how far from the road's edge (m), its size ranges (m), its colours."""

    shape: str
    per_m: float
    near_m: float
    far_m: float
    width_m: tuple[float, float]
    height_m: tuple[float, float]
    colours: tuple[tuple[int, int, int], ...]
    region: str = "any"
    solid_share: float = 0.0
    facing: bool = False


LEAVES = ((62, 92, 44), (78, 104, 50), (52, 80, 46), (98, 110, 56), (70, 96, 60))
NEEDLES = ((40, 66, 46), (48, 74, 50), (36, 58, 44))
WALLS = ((196, 186, 164), (172, 150, 126), (206, 204, 198), (152, 104, 84), (180, 172, 150), (138, 142, 150))
PLATES = ((196, 40, 36), (40, 80, 170), (222, 190, 60), (230, 230, 226))
KINDS = (
    Kind("tree", 0.050, 4.0, 45.0, (5.0, 9.0), (6.0, 13.0), LEAVES, solid_share=0.12),
    Kind("tree", 0.050, 6.0, 60.0, (5.0, 9.0), (8.0, 15.0), LEAVES, "wood", 0.12),
    Kind("conifer", 0.050, 5.0, 60.0, (5.0, 8.0), (8.0, 17.0), NEEDLES, "wood", 0.08),
    Kind("bush", 0.040, 3.0, 25.0, (1.2, 3.0), (0.8, 2.0), LEAVES),
    Kind("house", 0.022, 9.0, 40.0, (8.0, 16.0), (5.5, 11.0), WALLS, "village", 1.0, True),
    Kind("house", 0.003, 16.0, 60.0, (8.0, 18.0), (5.0, 9.0), WALLS, "any", 1.0, True),
    Kind("sign", 0.004, 1.6, 2.4, (2.2, 2.6), (2.2, 2.6), PLATES, "any", 0.05, True),
)
POLE_EVERY_M = 35.0


@dataclass
class SceneryConfig:
    """How much stands beside the roads.

    Args:
        density: factor on how many things there are; 0 leaves the land bare.
        rails: share of road sides with a guard rail.
    """

    density: float = 1.0
    rails: float = 0.12


class Scenery(NamedTuple):
    """The things' mesh, their solids as `collisions` wants static boxes, and shadow proxies."""

    mesh: Mesh
    solids: np.ndarray
    proxies: Proxies


class Proxies(NamedTuple):
    """What casts a shadow: feet (N, 3), widths across and heights (N, 3) as (x, y, z) sizes, yaw (N,), whether it is a box."""

    feet: np.ndarray
    sizes: np.ndarray
    yaw: np.ndarray
    boxes: np.ndarray


@dataclass
class _Sides:
    """Places along the outer edges of roads: position (N, 3), outward unit vector (N, 2), metres they stand for, whether in a junction."""

    at: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))
    out: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))
    junction: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))


def make_scenery(network: RoadNetwork, ground: Ground, random: np.random.Generator, config: SceneryConfig) -> Scenery:
    """Everything beside the roads of a map, decided by `random`."""
    sides = _sides(network)
    edges = np.concatenate(
        [np.concatenate([strip.left_xyz_m, strip.right_xyz_m, (strip.left_xyz_m + strip.right_xyz_m) / 2]) for strip in network.strips]
    )
    near = cKDTree(edges[:, :2])
    regions = _Regions(network, random)
    meshes: list[Mesh] = []
    solids: list[np.ndarray] = []
    proxies: list[Proxies] = []
    for kind in KINDS:
        _grow(kind, sides, near, regions, ground, random, config.density, meshes, solids, proxies)
    if config.density > 0:
        _poles(sides, near, regions, ground, meshes, solids)
        meshes.extend(_rails(network, near, random, config.rails))
    empty = plain(np.zeros((0, 3, 3)), materials.WOOD, (0, 0, 0))
    if not proxies:
        proxies = [Proxies(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(0), np.zeros(0, bool))]
    return Scenery(
        join([empty, *meshes]),
        np.concatenate([np.zeros((0, BOX_WIDTH)), *solids]),
        Proxies(*(np.concatenate([one[part] for one in proxies]) for part in range(4))),
    )


class _Regions:
    """A slowly changing map of how wooded and how built-up a place is, each in [0, 1]."""

    def __init__(self, network: RoadNetwork, random: np.random.Generator) -> None:
        x0, y0, x1, y1 = network.bounds_xyxy_m
        self._origin = np.array([x0 - 200.0, y0 - 200.0])
        shape = tuple(int(n) for n in np.ceil((np.array([x1, y1]) + 200.0 - self._origin) / REGION_M).astype(int) + 2)
        self._values = {name: random.random(shape) for name in ("wood", "village")}

    def at(self, name: str, xy: np.ndarray) -> np.ndarray:
        if name == "any":
            return np.ones(len(xy))
        grid, place = self._values[name], (xy - self._origin) / REGION_M
        cell = np.clip(place.astype(int), 0, np.array(grid.shape) - 2)
        u, v = np.clip(place - cell, 0, 1).T
        i, j = cell.T
        value = (grid[i, j] * (1 - u) + grid[i + 1, j] * u) * (1 - v) + (grid[i, j + 1] * (1 - u) + grid[i + 1, j + 1] * u) * v
        return np.clip((value - 0.45) * 4.0, 0.0, 1.0)


def _sides(network: RoadNetwork) -> _Sides:
    at, out, junction = [], [], []
    for strips in sections_of(network):
        right, left = strips[0], strips[-1]
        for edge, other in ((right.right_xyz_m, left.left_xyz_m), (left.left_xyz_m, right.right_xyz_m)):
            step = np.hypot(*np.diff(edge[:, :2], axis=0).T)
            s = np.concatenate([[0.0], np.cumsum(step)])
            where = np.arange(STRIDE_M / 2, s[-1], STRIDE_M)
            place = np.stack([np.interp(where, s, edge[:, k]) for k in range(3)], 1)
            inner = np.stack([np.interp(where, s, other[:, k]) for k in range(2)], 1)
            away = place[:, :2] - inner
            at.append(place)
            out.append(away / np.maximum(np.hypot(*away.T), 1e-6)[:, None])
            junction.append(np.full(len(where), strips[0].in_junction))
    return _Sides(np.concatenate(at), np.concatenate(out), np.concatenate(junction))


def _grow(kind, sides, near, regions, ground, random, density, meshes, solids, proxies):  # type: ignore[no-untyped-def]
    """Adds one kind's things to the lists."""
    chance = kind.per_m * STRIDE_M * density * regions.at(kind.region, sides.at[:, :2])
    chosen = np.flatnonzero(random.random(len(sides.at)) < chance)
    count = len(chosen)
    away = kind.near_m + (kind.far_m - kind.near_m) * random.random(count) ** 1.7
    along = random.uniform(-STRIDE_M / 2, STRIDE_M / 2, count)
    height, width = random.uniform(*kind.height_m, count), random.uniform(*kind.width_m, count)
    own = np.array(kind.colours)[random.integers(len(kind.colours), size=count)] * random.uniform(0.85, 1.15, (count, 1))
    turned = random.uniform(-np.pi, np.pi, count)
    if count == 0:
        return
    out = sides.out[chosen]
    xy = sides.at[chosen, :2] + out * away[:, None] + np.stack([-out[:, 1], out[:, 0]], 1) * along[:, None]
    reach = width / 2 if kind.shape == "house" else np.minimum(width / 2, 1.0)
    free = near.query(xy)[0] > np.minimum(kind.near_m, 3.0) * 0.75 + reach
    xy, height, width, own, turned, out = xy[free], height[free], width[free], own[free], turned[free], out[free]
    if len(xy) == 0:
        return
    yaw = np.arctan2(out[:, 1], out[:, 0]) + np.pi / 2 if kind.facing else turned
    z = ground.height(xy[:, 0].copy(), xy[:, 1].copy(), np.full(len(xy), 0.0) + sides.at[chosen, 2][free])[0]
    feet = np.column_stack([xy, z - 0.3])
    size = np.column_stack([width, width * (0.8 if kind.shape == "house" else 1.0), height])
    meshes.append(placed(SHAPES[kind.shape], feet, yaw, size, np.clip(own, 0, 255).astype(np.uint8)))
    if kind.solid_share > 0:
        half = size[:, :2] / 2 * kind.solid_share
        solids.append(np.column_stack([xy, yaw, half, feet[:, 2], feet[:, 2] + height]))
    if kind.shape != "sign":
        proxies.append(Proxies(feet, size, yaw, np.full(len(xy), kind.shape == "house")))


def _poles(sides, near, regions, ground, meshes, solids):  # type: ignore[no-untyped-def]
    """Lamp posts at even distances along the roads of villages."""
    every = round(POLE_EVERY_M / STRIDE_M)
    chosen = np.arange(0, len(sides.at), every)
    chosen = chosen[(regions.at("village", sides.at[chosen, :2]) > 0.3) & ~sides.junction[chosen]]
    xy = sides.at[chosen, :2] + sides.out[chosen] * 1.2
    free = near.query(xy)[0] > 1.0
    xy, inward, z_hint = xy[free], -sides.out[chosen][free], sides.at[chosen, 2][free]
    if len(xy):
        z = ground.height(xy[:, 0].copy(), xy[:, 1].copy(), z_hint)[0]
        yaw = np.arctan2(inward[:, 1], inward[:, 0])
        size = np.tile([7.5, 7.5, 7.5], (len(xy), 1))
        meshes.append(placed(SHAPES["pole"], np.column_stack([xy, z - 0.2]), yaw, size, np.zeros((len(xy), 3), np.uint8)))
        solids.append(np.column_stack([xy, yaw, np.full((len(xy), 2), 0.1), z - 0.2, z + 7.0]))


def _rails(network, near, random, share):  # type: ignore[no-untyped-def]
    """Guard rails along some outer edges, none in junctions."""
    meshes = []
    for strips in sections_of(network):
        right, left = strips[0], strips[-1]
        if right.in_junction:
            continue
        for edge, other in ((right.right_xyz_m, left.left_xyz_m), (left.left_xyz_m, right.right_xyz_m)):
            length, start, wanted = random.uniform(30.0, 160.0), random.random(), random.random() < share
            if not wanted or len(edge) < 4:
                continue
            first = int(start * len(edge) * 0.7)
            part = slice(first, min(first + max(4, int(length / 2.0)), len(edge)))
            away = edge[part, :2] - other[part, :2]
            line = edge[part].copy()
            line[:, :2] += away / np.maximum(np.hypot(*away.T), 1e-6)[:, None] * 0.9
            if len(line) < 3 or near.query(line[:, :2])[0].min() < 0.7:
                continue
            low, high = (line + np.array([0.0, 0.0, height]) for height in (RAIL_LOW_M, RAIL_HIGH_M))
            meshes.append(plain(ribbon(low, high), materials.RAIL, (150, 152, 156)))
    return meshes
