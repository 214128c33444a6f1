"""Loaded maps: what was read from a map's text, and what is built from it to drive on.

Only reading meets foreign data. What CARLA's map reader or a number in the text makes fail there is the map's fault and becomes a UserError.
Building (ground, scenery, renderer) works on data that has been read: an error there is a bug of this program and keeps its traceback.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from driving.quantities import Pose, UserError
from driving.standin.blueprints.vehicle_models import MODELS
from driving.standin.traffic.lamps import Lamps, make_signposts
from driving.standin.traffic.map_signals import MapSignals
from driving.world.ground.contact import Ground
from driving.world.maps.roads import RoadNetwork
from driving.world.maps.spawn_points import find_spawn_poses
from driving.world.physics.collisions import BOX_WIDTH
from driving.world.physics.dynamics import place
from driving.world.physics.fleet import Fleet
from driving.world.physics.static_boxes import Statics
from driving.world.rendering.renderer import Renderer
from driving.world.rendering.scene import SceneConfig, build_scene
from driving.world.scenery.planting import choose_scenery
from driving.world.sensing.rays import RayCaster

# What CARLA's map reader raises (C++ exceptions arrive as the first three), and what numbers in a text raise that no map should have.
FOREIGN_ERRORS = (RuntimeError, ValueError, IndexError, ArithmeticError)


class MapData(NamedTuple):
    """A map, read."""

    network: RoadNetwork
    starts: list[Pose]  # candidates for spawn points, whether or not something stands there
    signals: MapSignals


@dataclass(frozen=True)
class Level:
    """A map with all that is built from it for driving, cameras and rays."""

    map: MapData = field(repr=False)
    ground: Ground = field(repr=False)
    statics: Statics = field(repr=False)
    spawns: tuple[Pose, ...] = field(repr=False)  # where vehicles may start
    renderer: Renderer = field(repr=False)
    rays: RayCaster = field(repr=False)
    lamps: Lamps = field(repr=False)

    @property
    def name(self) -> str:
        """The map's name, as it was asked for."""
        return self.map.network.name

    def hide(self, hidden: np.ndarray) -> None:
        """Hide the scenery objects for which `hidden` (N,) bool is true from cameras, rays and cars, and show all others."""
        scene = self.renderer.scene
        scene.hide(hidden)
        self.statics.replace(scene.solids)
        self.renderer.refresh()
        self.rays.refresh()


def read_map(name: str, text: str) -> MapData:
    """Read a map from its OpenDRIVE text. Raises UserError for a map that cannot be used."""
    try:
        network = RoadNetwork.from_opendrive(name, text)
        return MapData(network, find_spawn_poses(network), MapSignals.from_network(network))
    except FOREIGN_ERRORS as cause:
        raise UserError(f"map {name} cannot be used: {type(cause).__name__} {cause}") from None


def build_level(map_data: MapData, ground: Ground | None, scenery_seed: int, randomise: bool) -> Level:
    """Build a level. `ground` is that of another level of the same map, None where there is none yet."""
    network = map_data.network
    if ground is None:
        ground = Ground.from_network(network)
    posts = make_signposts(map_data.signals, network, ground)
    scene = build_scene(network, ground, scenery_seed, SceneConfig(choose_scenery(network), randomise), posts)
    statics = Statics(np.asarray(scene.solids, np.float64).reshape(-1, BOX_WIDTH))
    return Level(map_data, ground, statics, keep_free_starts(map_data.starts, statics), Renderer(scene), RayCaster(scene), Lamps(posts))


def keep_free_starts(starts: list[Pose], statics: Statics) -> tuple[Pose, ...]:
    """Return those poses where the largest vehicle touches nothing: neither what stands there nor vehicles at the poses before.

    Returns all poses where none of them is free.
    """
    largest = max(MODELS, key=lambda model: model.length_m)
    half, offset = np.array(largest.body_half_m), np.array(largest.box.centre_m)
    parked, free = Fleet(), []
    for at in starts:
        row = place(at.x_m, at.y_m, at.z_m, at.pitch_rad, at.yaw_rad, at.roll_rad)
        if not parked.touches(row, half, offset, statics):
            parked.add(state=row, half=half, offset=offset)
            free.append(at)
    return tuple(free or starts)
