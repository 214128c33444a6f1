"""What stands beside the roads, drawn from a seed: trees, bushes, houses, lamp posts and signs, and the barriers along the roads' edges.

Nothing stands on a lane or hangs over one. How wooded and how built-up the land is changes slowly over the map. Most objects have a shadow proxy.
An object that a car would notice has a solid box for collisions. Left to others: where the edges are (`roadsides`), what must stay free
(`clearance`), walls and rails (`barriers`). Shapes: N objects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from driving.world.geometry.rectangles import make_footprints
from driving.world.ground.contact import Ground
from driving.world.maps.roads import RoadNetwork
from driving.world.meshes.shapes import SHAPES, place_copies
from driving.world.scenery.barriers import AWAY_M, add_barriers
from driving.world.scenery.clearance import MARGIN_M, Clearance
from driving.world.scenery.map_objects import add_map_objects
from driving.world.scenery.objects import SUNK_M, Scenery, SceneryBuilder
from driving.world.scenery.regions import Region, Regions
from driving.world.scenery.roadsides import STRIDE_M, Roadsides, find_edges, find_roadsides
from driving.world.scenery.signposts import Signpost, add_signposts
from driving.world.scenery.site import Site
from driving.world.scenery.tunnels import add_tunnels

FURTHER_M = (0.0, 2.0, 4.5)  # distances outwards from the drawn place that are tried in turn, until there is room
NEAR_THE_ROAD = 1.7  # exponent of the distances' distribution: above 1, more objects stand near the road than far from it
SOLID_MARGIN_M = 0.1  # from an object's solid part to a barrier


@dataclass(frozen=True)
class Kind:
    """One kind of object to plant."""

    shape: str  # key of SHAPES
    per_m: float  # mean number per metre of road side
    near_m: float  # nearest distance from the road's edge
    far_m: float  # furthest distance from the road's edge
    width_m: tuple[float, float]  # smallest and largest
    height_m: tuple[float, float]  # smallest and largest
    colours: tuple[tuple[int, int, int], ...]  # RGB, one is drawn per object
    region: Region = "any"
    solid_share: float = 0.0  # of the width that stops a car
    facing: bool = False  # whether it faces the road; else its yaw is drawn
    margin_m: float = MARGIN_M  # free distance to all lanes


LEAVES = ((62, 92, 44), (78, 104, 50), (52, 80, 46), (98, 110, 56), (70, 96, 60))
NEEDLES = ((40, 66, 46), (48, 74, 50), (36, 58, 44))
WALLS = ((196, 186, 164), (172, 150, 126), (206, 204, 198), (152, 104, 84), (180, 172, 150), (138, 142, 150))
PLATES = ((196, 40, 36), (40, 80, 170), (222, 190, 60), (230, 230, 226))
KINDS = (
    Kind("Tree", 0.050, 4.0, 45.0, (5.0, 9.0), (6.0, 13.0), LEAVES, solid_share=0.12),
    Kind("Tree", 0.050, 6.0, 60.0, (5.0, 9.0), (8.0, 15.0), LEAVES, "wood", 0.12),
    Kind("Conifer", 0.050, 5.0, 60.0, (5.0, 8.0), (8.0, 17.0), NEEDLES, "wood", 0.08),
    Kind("Bush", 0.040, 3.0, 25.0, (1.2, 3.0), (0.8, 2.0), LEAVES, margin_m=2.0),
    Kind("House", 0.022, 9.0, 40.0, (8.0, 16.0), (5.5, 11.0), WALLS, "village", 1.0, True, 2.0),
    Kind("House", 0.003, 16.0, 60.0, (8.0, 18.0), (5.0, 9.0), WALLS, "any", 1.0, True, 2.0),
    Kind("Sign", 0.004, 1.6, 2.4, (2.2, 2.6), (2.2, 2.6), PLATES, "any", 0.05, True),
)
TAGS = {"Tree": 9, "Conifer": 9, "Bush": 9, "House": 3, "Sign": 8, "LampPost": 6}  # CARLA's semantic tags
POLE_EVERY_M, POLE_AWAY_M, POLE_HEIGHT_M, POLE_HALF_M = 35.0, 1.7, 7.5, 0.1
POLE_SUNK_M, POLE_SOLID_MARGIN_M = 0.2, 0.05
LIT_VILLAGE = 0.3  # least share of village with lamp posts


@dataclass
class SceneryConfig:
    """How much stands beside the roads.

    Args:
        density: factor on the number of objects; 0 leaves the land bare.
        barriers: share of the road sides with a wall, fence, hedge or guard rail.
    """

    density: float = 1.0
    barriers: float = 1.0


OPEN_LAND = SceneryConfig(barriers=0.12)


class Placement(NamedTuple):
    """Where N objects of one shape stand."""

    feet: np.ndarray  # (N, 3) m, the middle of the underside
    yaw: np.ndarray  # (N,) rad
    size: np.ndarray  # (N, 3) m along the object's forward, right and up axes
    half: np.ndarray  # (N, 2) m, half the length and width of the solid part
    colours: np.ndarray  # (N, 3) uint8 RGB

    def select(self, which: np.ndarray) -> Placement:
        """Return the objects that a mask (N,) or indices choose."""
        return Placement(*(part[which] for part in self))

    @property
    def span(self) -> tuple[np.ndarray, np.ndarray]:
        """Heights (N,) m of the undersides and of the tops."""
        return self.feet[:, 2], self.feet[:, 2] + self.size[:, 2]


def choose_scenery(network: RoadNetwork) -> SceneryConfig:
    """Return the default scenery of a map. A map with pavements or junctions is a town, whose roads are closed by barriers; others are open land."""
    return SceneryConfig() if any(strip.in_junction or strip.kind == "sidewalk" for strip in network.strips) else OPEN_LAND


def make_scenery(network: RoadNetwork, ground: Ground, random: np.random.Generator, config: SceneryConfig, posts: Sequence[Signpost] = ()) -> Scenery:
    """Draw everything beside the roads of a map from `random`. What the map itself has comes first: signposts, trees, parked cars, tunnels."""
    builder = SceneryBuilder()
    add_signposts(posts, builder)
    add_map_objects(network, ground, builder)
    add_tunnels(network, builder)
    if config.density <= 0:
        return builder.build()
    site = Site(ground, Regions(network, random), Clearance(network), Clearance(network, driving_only=True))
    own = random.spawn(1)[0]
    edges = find_edges(network, site.lanes, AWAY_M) if config.barriers > 0 else []
    site = replace(site, barriers=add_barriers(builder, edges, site, own, config.barriers))
    sides = find_roadsides(network)
    for kind in KINDS:
        planted = _plant(kind, sides, site, random, config.density)
        numbers = _add(kind.shape, planted, builder, solid=kind.solid_share > 0)
        if kind.shape != "Sign":
            builder.add_shadows(numbers, planted.feet, planted.size, planted.yaw, box=kind.shape == "House")
    _add("LampPost", _place_lamp_posts(sides, site), builder, solid=True)
    return builder.build()


def _plant(kind: Kind, sides: Roadsides, site: Site, random: np.random.Generator, density: float) -> Placement:
    """Draw where objects of one kind stand, and keep those for which there is room."""
    chance = kind.per_m * STRIDE_M * density * site.regions.at(kind.region, sides.at[:, :2])
    chosen = np.flatnonzero(random.random(len(sides.at)) < chance)
    count = len(chosen)
    away = kind.near_m + (kind.far_m - kind.near_m) * random.random(count) ** NEAR_THE_ROAD
    along = random.uniform(-STRIDE_M / 2, STRIDE_M / 2, count)
    height, width = random.uniform(*kind.height_m, count), random.uniform(*kind.width_m, count)
    colours = np.array(kind.colours)[random.integers(len(kind.colours), size=count)] * random.uniform(0.85, 1.15, (count, 1))
    turned = random.uniform(-np.pi, np.pi, count)
    out = sides.out[chosen]
    yaw = np.arctan2(out[:, 1], out[:, 0]) + np.pi / 2 if kind.facing else turned
    size = np.column_stack([width, width * (0.8 if kind.shape == "House" else 1.0), height])
    xy = sides.at[chosen, :2] + out * away[:, None] + np.stack([-out[:, 1], out[:, 0]], 1) * along[:, None]
    planted = Placement(np.zeros((count, 3)), yaw, size, size[:, :2] / 2 * kind.solid_share, np.clip(colours, 0, 255).astype(np.uint8))
    free = np.zeros(count, bool)
    for further_m in FURTHER_M:
        rest = np.flatnonzero(~free)
        planted.feet[rest] = _put_on_ground(xy[rest] + out[rest] * further_m, sides.at[chosen[rest], 2], site.ground, SUNK_M)
        tried = planted.select(rest)
        free[rest] = site.lanes.free(_footprint(kind.shape, tried), *tried.span, kind.margin_m)
        if kind.solid_share > 0:
            free[rest] &= _is_off_barriers(tried, site, SOLID_MARGIN_M)
    return planted.select(free)


def _place_lamp_posts(sides: Roadsides, site: Site) -> Placement:
    """Place lamp posts at even distances along the roads of villages, with their arms towards the road."""
    chosen = np.arange(0, len(sides.at), round(POLE_EVERY_M / STRIDE_M))
    chosen = chosen[(site.regions.at("village", sides.at[chosen, :2]) > LIT_VILLAGE) & ~sides.junction[chosen]]
    feet = _put_on_ground(sides.at[chosen, :2] + sides.out[chosen] * POLE_AWAY_M, sides.at[chosen, 2], site.ground, POLE_SUNK_M)
    yaw = np.arctan2(-sides.out[chosen, 1], -sides.out[chosen, 0])
    size, half = np.full((len(chosen), 3), POLE_HEIGHT_M), np.full((len(chosen), 2), POLE_HALF_M)
    poles = Placement(feet, yaw, size, half, np.zeros((len(chosen), 3), np.uint8))
    return poles.select(site.lanes.free(_footprint("LampPost", poles), *poles.span) & _is_off_barriers(poles, site, POLE_SOLID_MARGIN_M))


def _is_off_barriers(placed: Placement, site: Site, margin_m: float) -> np.ndarray:
    """Return which objects (N,) keep their solid parts `margin_m` away from all barriers."""
    if site.barriers is None:
        return np.ones(len(placed.feet), bool)
    return site.barriers.free(make_footprints(placed.feet[:, :2], placed.yaw, -placed.half, placed.half), *placed.span, margin_m)


def _put_on_ground(xy: np.ndarray, near_z: np.ndarray, ground: Ground, sunk_m: float) -> np.ndarray:
    """Return the places (N, 3) at `xy` (N, 2), `sunk_m` below the ground that is nearest to the heights `near_z` (N,)."""
    z = ground.height(xy[:, 0].copy(), xy[:, 1].copy(), near_z.copy())[0]
    return np.column_stack([xy, z - sunk_m])


def _footprint(shape: str, placed: Placement) -> np.ndarray:
    """Return the rectangles (N, 4, 2) that all triangles of a shape lie over."""
    corners = SHAPES[shape].triangles[..., :2].reshape(-1, 2)
    return make_footprints(placed.feet[:, :2], placed.yaw, corners.min(0) * placed.size[:, :2], corners.max(0) * placed.size[:, :2])


def _add(shape: str, placed: Placement, builder: SceneryBuilder, solid: bool) -> np.ndarray:
    """Add objects, with solid boxes where asked, and return their numbers (N,)."""
    mesh = place_copies(SHAPES[shape], placed.feet, placed.yaw, placed.size, placed.colours)
    numbers = builder.add(shape, TAGS[shape], mesh, np.full(len(placed.feet), len(SHAPES[shape].triangles)), placed.feet, placed.yaw)
    if solid:
        builder.add_solids(numbers, np.column_stack([placed.feet[:, :2], placed.yaw, placed.half, *placed.span]))
    return numbers
