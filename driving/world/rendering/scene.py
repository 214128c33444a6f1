"""A world to look at: everything that stands still, as triangles and paint segments sorted by place, and where the sun's shadows fall.

Left to others: sorting (`chunks`), what is visible (`culling`), drawing (`renderer`), what things look like (`meshes`, `scenery`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from driving.world.ground.contact import Ground
from driving.world.ground.terrain import lane_points
from driving.world.maps.roads import RoadNetwork
from driving.world.meshes import materials
from driving.world.meshes.embankments import make_embankments
from driving.world.meshes.junctions import make_junction_mesh
from driving.world.meshes.paint import Paint, paint_markings
from driving.world.meshes.patches import make_patch_mesh
from driving.world.meshes.road_paint import paint_objects
from driving.world.meshes.surfaces import Mesh, Palette, join, make_land_mesh, make_lane_mesh
from driving.world.rendering.chunks import CHUNK_M, Layer, PaintSegments, SceneFaces
from driving.world.rendering.shadows import flat_shadows
from driving.world.scenery.objects import NO_OBJECT, Scenery, ShadowProxies
from driving.world.scenery.planting import SceneryConfig, make_scenery
from driving.world.scenery.signposts import Signpost

VIEW_M = 260.0  # roads and large objects farther away are not drawn
LOW_OBJECTS_M, LONG_OBJECTS_M = 90.0, 120.0  # low objects farther away are not drawn; the second holds for long ones
LOW_M, LONG_M = 2.5, 4.0  # a triangle lower than the first is low, one longer than the second is long
ASPHALT_TONES = (34.0, 165.0)  # of randomised worlds
PAVEMENT_TINTS = ((1.0, 0.98, 0.94), (1.0, 1.0, 1.02), (1.0, 0.9, 0.74), (1.0, 0.76, 0.66))  # beside a pavement's tone: grey, cool, sand, brick
PAINT_TONE, LEAST_CONTRAST = 226.0, 35.0  # of new white paint; how much paler than asphalt paint is
DENSITIES = (0.5, 1.5)  # factor on the number of objects beside the roads of randomised worlds
NEAR_LAND_M, FAR_LAND = 100.0, 4  # farther away the land is drawn this many times coarser
SHADOWS_M = 90.0  # shadows farther away are not drawn


@dataclass
class SceneConfig:
    """What the world looks like beside its roads.

    Args:
        scenery: how many objects stand there.
        randomise: also draw the colours of land, asphalt, pavements and paint, the share of road sides with a barrier and the number of objects
            from the seed (domain randomisation). `draw_palette` states the ranges.
    """

    scenery: SceneryConfig = field(default_factory=SceneryConfig)
    randomise: bool = False


class Scene:
    """Everything that stands still in one world: what is drawn, and the scenery objects with their solid boxes and shadow proxies.

    Shapes: N scenery objects, F triangles, S static boxes, P shadow proxies.
    """

    def __init__(self, layers: list[Layer], paint: Paint, scenery: Scenery) -> None:
        self.faces, self.paint_segments = SceneFaces.of(layers), PaintSegments.of(paint)
        self.objects, self.proxies, self._solids, self._solid_owners = scenery.objects, scenery.proxies, scenery.solids, scenery.solid_owners
        self._whole, self._hidden = self.faces.drawn.triangles.copy(), np.zeros(len(self.objects.kinds), bool)

    @property
    def solids(self) -> np.ndarray:
        """The static boxes (S, BOX_WIDTH) of the objects that are not hidden."""
        return self._solids[~self._hidden[self._solid_owners]]

    @property
    def hidden(self) -> np.ndarray:
        """A mask (N,) of the hidden objects."""
        return self._hidden.copy()

    def hide(self, hidden: np.ndarray) -> None:
        """Hide the objects of a mask (N,) and show all others: a hidden object's triangles shrink to a point, and it casts no shadow."""
        owners, triangles = self.faces.owners, self.faces.drawn.triangles
        changed = np.flatnonzero((owners != NO_OBJECT) & (hidden != self._hidden)[owners])
        gone = hidden[owners[changed]]
        triangles[changed] = np.where(gone[:, None, None], self._whole[changed, :1], self._whole[changed])
        self.faces.corners[:, changed] = triangles[changed].reshape(-1, 9).T
        self._hidden = hidden.copy()

    def shadows(self, sun: np.ndarray) -> np.ndarray:
        """Return the shadow triangles (P, 10, 3, 3) of the proxies that are not hidden, for a unit vector to the sun; see `shadows`."""
        return flat_shadows(ShadowProxies(*(part[~self._hidden[self.proxies.owners]] for part in self.proxies)), sun)


def build_scene(network: RoadNetwork, ground: Ground, seed: int, config: SceneConfig | None = None, posts: Sequence[Signpost] = ()) -> Scene:
    """Return the scene of a map. Its signposts are the first scenery objects. The same seed gives the same scene."""
    config = config or SceneConfig()
    random = np.random.default_rng((seed, 7))
    palette = draw_palette(random) if config.randomise else Palette()
    wanted = _vary_scenery(config.scenery, random) if config.randomise else config.scenery
    scenery = make_scenery(network, ground, random, wanted, posts)
    low, long = _find_low_and_long(scenery.mesh.triangles)
    lanes = join([make_lane_mesh(network, palette), make_junction_mesh(network, ground, palette), make_patch_mesh(network, ground, palette)])
    on_lanes = lane_points(network)
    near_land, far_land = ground.terrain.lower_for_drawing(on_lanes), ground.terrain.lower_for_drawing(on_lanes, FAR_LAND)
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
    for part, far_m in ((~low, VIEW_M), (low & ~long, LOW_OBJECTS_M), (low & long, LONG_OBJECTS_M)):
        layers.append(Layer(Mesh(*(values[part] for values in scenery.mesh)), 0.0, far_m, owners=scenery.owners[part]))
    paint = join([paint_markings(network.markings, palette), paint_objects(network, ground, palette)])
    return Scene(layers, paint, scenery)


def _vary_scenery(config: SceneryConfig, random: np.random.Generator) -> SceneryConfig:
    """Draw how many barriers and objects stand beside the roads."""
    return replace(config, barriers=config.barriers * random.random(), density=config.density * float(random.uniform(*DENSITIES)))


def _find_low_and_long(triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return two masks (F,) of triangles (F, 3, 3): the low ones, and the long ones."""
    if len(triangles) == 0:
        return np.zeros(0, bool), np.zeros(0, bool)
    size = np.ptp(triangles, axis=1)
    return size[:, 2] < LOW_M, np.hypot(size[:, 0], size[:, 1]) > LONG_M


def draw_palette(random: np.random.Generator) -> Palette:
    """Draw the colours of land and lanes at random.

    Ranges: land from meadow to dry land; asphalt from near black (tone 34) to pale (165 of 255); pavements of grey, sand or brick (tone 90 to 195);
    paint from worn to new, and always LEAST_CONTRAST paler than the asphalt, because a lane without visible lines could not be told.
    """
    green, dry = np.array([70, 104, 48]), np.array([146, 128, 84])
    grass = green + (dry - green) * random.random() ** 1.5
    tone = random.uniform(*ASPHALT_TONES)
    asphalt = tone + np.array([0.0, 0.0, 2.0]) + random.uniform(-7, 7, 3)

    def vary(values: np.ndarray) -> tuple[int, int, int]:
        red, green, blue = (int(v) for v in np.clip(values * random.uniform(0.9, 1.1), 0, 255))
        return red, green, blue

    pavement = random.uniform(90, 195) * np.array(PAVEMENT_TINTS[int(random.integers(len(PAVEMENT_TINTS)))])
    paint = max(float(random.uniform(0.65, 1.1)), (tone + LEAST_CONTRAST) / PAINT_TONE)
    return Palette(
        grass=vary(grass),
        asphalt=vary(asphalt),
        shoulder=vary(asphalt + random.uniform(-10, 24)),
        pavement=vary(pavement),
        gravel=vary(np.array([124, 116, 100]) * random.uniform(0.75, 1.3)),
        concrete=vary(np.array([152, 149, 142]) * random.uniform(0.8, 1.1)),
        cobbles=vary(np.array([104, 98, 94]) * random.uniform(0.7, 1.25)),
        paint=paint,
    )
