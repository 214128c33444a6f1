"""What stands beside the roads, drawn from a seed: trees, bushes, houses, lamp posts, signs, and barriers along their edges. Nothing on a lane.

Where it is open land, wood or village changes slowly over the map. Each thing has a shadow proxy (octahedron or box) and, where a car would notice,
a solid box for collisions. Left to others: where the edges are (`roadsides`), what is free (`clearance`), walls and rails (`barriers`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from driving.world.ground.contact import Ground
from driving.world.maps.roads import RoadNetwork
from driving.world.meshes.shapes import SHAPES, place_copies
from driving.world.scenery.barriers import AWAY_M, add_barriers
from driving.world.scenery.clearance import MARGIN_M, Clearance, Grid, make_footprints
from driving.world.scenery.objects import Scenery, SceneryBuilder
from driving.world.scenery.regions import Regions
from driving.world.scenery.roadsides import STRIDE_M, Roadsides, find_edges, find_roadsides
from driving.world.scenery.signposts import Signpost, add_signposts

FURTHER_M = (0.0, 2.0, 4.5)  # how much further away a thing is tried that would be over a lane
SUNK_M = 0.3


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
    margin_m: float = MARGIN_M


LEAVES = ((62, 92, 44), (78, 104, 50), (52, 80, 46), (98, 110, 56), (70, 96, 60))
NEEDLES = ((40, 66, 46), (48, 74, 50), (36, 58, 44))
WALLS = ((196, 186, 164), (172, 150, 126), (206, 204, 198), (152, 104, 84), (180, 172, 150), (138, 142, 150))
PLATES = ((196, 40, 36), (40, 80, 170), (222, 190, 60), (230, 230, 226))
KINDS = (
    Kind("tree", 0.050, 4.0, 45.0, (5.0, 9.0), (6.0, 13.0), LEAVES, solid_share=0.12),
    Kind("tree", 0.050, 6.0, 60.0, (5.0, 9.0), (8.0, 15.0), LEAVES, "wood", 0.12),
    Kind("conifer", 0.050, 5.0, 60.0, (5.0, 8.0), (8.0, 17.0), NEEDLES, "wood", 0.08),
    Kind("bush", 0.040, 3.0, 25.0, (1.2, 3.0), (0.8, 2.0), LEAVES, margin_m=2.0),
    Kind("house", 0.022, 9.0, 40.0, (8.0, 16.0), (5.5, 11.0), WALLS, "village", 1.0, True, 2.0),
    Kind("house", 0.003, 16.0, 60.0, (8.0, 18.0), (5.0, 9.0), WALLS, "any", 1.0, True, 2.0),
    Kind("sign", 0.004, 1.6, 2.4, (2.2, 2.6), (2.2, 2.6), PLATES, "any", 0.05, True),
)
NAMES = {"tree": "Tree", "conifer": "Conifer", "bush": "Bush", "house": "House", "sign": "Sign", "pole": "LampPost"}
TAGS = {"tree": 9, "conifer": 9, "bush": 9, "house": 3, "sign": 8, "pole": 6}
POLE_EVERY_M, POLE_AWAY_M, POLE_HEIGHT_M, POLE_HALF_M = 35.0, 1.7, 7.5, 0.1


@dataclass
class SceneryConfig:
    """How much stands beside the roads.

    Args:
        density: factor on how many things there are; 0 leaves the land bare.
        barriers: share of the road sides with a wall, fence, hedge or guard rail.
    """

    density: float = 1.0
    barriers: float = 1.0


OPEN_LAND = SceneryConfig(barriers=0.12)


def choose_scenery(network: RoadNetwork) -> SceneryConfig:
    """What a map has where nobody asks for anything else: with pavements or junctions it is a town, whose roads are closed; else open land."""
    return SceneryConfig() if any(strip.in_junction or strip.kind == "sidewalk" for strip in network.strips) else OPEN_LAND


def make_scenery(network: RoadNetwork, ground: Ground, random: np.random.Generator, config: SceneryConfig, posts: Sequence[Signpost] = ()) -> Scenery:
    """Everything beside the roads of a map, decided by `random`; first the map's own signposts."""
    builder = SceneryBuilder()
    add_signposts(posts, builder)
    if config.density <= 0:
        return builder.build()
    sides, clearance, regions = find_roadsides(network), Clearance(network), Regions(network, random)
    own = random.spawn(1)[0]
    edges = find_edges(network, clearance, AWAY_M) if config.barriers > 0 else []
    fenced = add_barriers(builder, edges, clearance, Clearance(network, driving_only=True), regions, ground, own, config.barriers)
    for kind in KINDS:
        _plant(kind, sides, clearance, fenced, regions, ground, random, config.density, builder)
    _add_lamp_posts(sides, clearance, fenced, regions, ground, builder)
    return builder.build()


def _plant(
    kind: Kind,
    sides: Roadsides,
    clearance: Clearance,
    fenced: Grid | None,
    regions: Regions,
    ground: Ground,
    random: np.random.Generator,
    density: float,
    builder: SceneryBuilder,
) -> None:
    """Adds one kind's things."""
    chance = kind.per_m * STRIDE_M * density * regions.at(kind.region, sides.at[:, :2])
    chosen = np.flatnonzero(random.random(len(sides.at)) < chance)
    count = len(chosen)
    away = kind.near_m + (kind.far_m - kind.near_m) * random.random(count) ** 1.7
    along = random.uniform(-STRIDE_M / 2, STRIDE_M / 2, count)
    height, width = random.uniform(*kind.height_m, count), random.uniform(*kind.width_m, count)
    colours = np.array(kind.colours)[random.integers(len(kind.colours), size=count)] * random.uniform(0.85, 1.15, (count, 1))
    turned = random.uniform(-np.pi, np.pi, count)
    out = sides.out[chosen]
    yaw = np.arctan2(out[:, 1], out[:, 0]) + np.pi / 2 if kind.facing else turned
    size = np.column_stack([width, width * (0.8 if kind.shape == "house" else 1.0), height])
    xy = sides.at[chosen, :2] + out * away[:, None] + np.stack([-out[:, 1], out[:, 0]], 1) * along[:, None]
    feet, free = np.zeros((count, 3)), np.zeros(count, bool)
    for further in FURTHER_M:
        rest = np.flatnonzero(~free)
        feet[rest] = _on_ground(xy[rest] + out[rest] * further, sides.at[chosen[rest], 2], ground, SUNK_M)
        free[rest] = _fits(kind, feet[rest], yaw[rest], size[rest], clearance, fenced)
    feet, yaw, size, colours = feet[free], yaw[free], size[free], colours[free]
    numbers = _place(kind.shape, feet, yaw, size, np.clip(colours, 0, 255).astype(np.uint8), builder)
    if kind.solid_share > 0 and len(numbers):
        half = size[:, :2] / 2 * kind.solid_share
        builder.add_solids(numbers, np.column_stack([feet[:, :2], yaw, half, feet[:, 2], feet[:, 2] + size[:, 2]]))
    if kind.shape != "sign" and len(numbers):
        builder.add_shadows(numbers, feet, size, yaw, kind.shape == "house")


def _fits(kind: Kind, feet: np.ndarray, yaw: np.ndarray, size: np.ndarray, clearance: Clearance, fenced: Grid | None) -> np.ndarray:
    """Which things (N,) are off all lanes with all that is drawn of them, and with what is solid off all barriers."""
    span = feet[:, 2], feet[:, 2] + size[:, 2]
    free = clearance.free(_footprint(kind.shape, feet, yaw, size), *span, kind.margin_m)
    if fenced is not None and kind.solid_share > 0:
        half = size[:, :2] / 2 * kind.solid_share
        free &= fenced.free(make_footprints(feet[:, :2], yaw, -half, half), *span, 0.1)
    return free


def _add_lamp_posts(sides: Roadsides, clearance: Clearance, fenced: Grid | None, regions: Regions, ground: Ground, builder: SceneryBuilder) -> None:
    """Lamp posts at even distances along the roads of villages, their arms towards the road."""
    chosen = np.arange(0, len(sides.at), round(POLE_EVERY_M / STRIDE_M))
    chosen = chosen[(regions.at("village", sides.at[chosen, :2]) > 0.3) & ~sides.junction[chosen]]
    feet = _on_ground(sides.at[chosen, :2] + sides.out[chosen] * POLE_AWAY_M, sides.at[chosen, 2], ground, 0.2)
    yaw = np.arctan2(-sides.out[chosen, 1], -sides.out[chosen, 0])
    size, half = np.full((len(chosen), 3), POLE_HEIGHT_M), np.full((len(chosen), 2), POLE_HALF_M)
    span = feet[:, 2], feet[:, 2] + POLE_HEIGHT_M
    free = clearance.free(_footprint("pole", feet, yaw, size), *span)
    if fenced is not None:
        free &= fenced.free(make_footprints(feet[:, :2], yaw, -half, half), *span, 0.05)
    feet, yaw, size, half = feet[free], yaw[free], size[free], half[free]
    numbers = _place("pole", feet, yaw, size, np.zeros((len(feet), 3), np.uint8), builder)
    if len(numbers):
        builder.add_solids(numbers, np.column_stack([feet[:, :2], yaw, half, feet[:, 2], feet[:, 2] + POLE_HEIGHT_M]))


def _on_ground(xy: np.ndarray, z_hint: np.ndarray, ground: Ground, sunk_m: float) -> np.ndarray:
    z = ground.height(xy[:, 0].copy(), xy[:, 1].copy(), z_hint.copy())[0]
    return np.column_stack([xy, z - sunk_m])


def _footprint(shape: str, feet: np.ndarray, yaw: np.ndarray, size: np.ndarray) -> np.ndarray:
    """The rectangles (N, 4, 2) that all of a shape's triangles lie over."""
    corners = SHAPES[shape].triangles[..., :2].reshape(-1, 2)
    return make_footprints(feet[:, :2], yaw, corners.min(0) * size[:, :2], corners.max(0) * size[:, :2])


def _place(shape: str, feet: np.ndarray, yaw: np.ndarray, size: np.ndarray, colours: np.ndarray, builder: SceneryBuilder) -> np.ndarray:
    mesh = place_copies(SHAPES[shape], feet, yaw, size, colours)
    return builder.add(NAMES[shape], TAGS[shape], mesh, np.full(len(feet), len(SHAPES[shape].triangles)), feet, yaw)
