"""Maps on offer and maps loaded: names as CARLA gives them, and what a loaded map holds. Reading a map is `world`'s affair."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from driving.quantities import Pose, UserError
from driving.standin.blueprints.vehicle_models import MODELS
from driving.standin.traffic.lamps import Lamps, signposts
from driving.standin.wire.rpc import RefusedError
from driving.world.ground.contact import Ground
from driving.world.maps.roads import RoadNetwork
from driving.world.maps.spawn_points import spawn_poses
from driving.world.maps.tracks import generate_track
from driving.world.physics.collisions import BOX_WIDTH
from driving.world.physics.dynamics import place
from driving.world.physics.fleet import Fleet
from driving.world.physics.static_boxes import Statics
from driving.world.rendering.renderer import Renderer
from driving.world.rendering.scene import SceneConfig, build_scene
from driving.world.scenery.planting import choose_scenery
from driving.world.sensing.rays import RayCaster

PREFIX, SHORT_PREFIX = "/Game/Carla/Maps/", "Carla/Maps/"
GENERATED = "OpenDriveMap"
KEPT_LEVELS = 3
SEEDS_APART = 1_000_003  # so that episodes of one seed are not those of the next
_TRACK = re.compile(r"track_(\d{1,9})")


@dataclass(frozen=True)
class Level:
    """A map, loaded: its roads, ground, static boxes, spawn points, and what shows its scene to cameras and to rays."""

    name: str
    network: RoadNetwork = field(repr=False)
    ground: Ground = field(repr=False)
    statics: Statics = field(repr=False)
    spawns: tuple[Pose, ...] = field(repr=False)
    renderer: Renderer = field(repr=False)
    rays: RayCaster = field(repr=False)
    lamps: Lamps = field(repr=False)

    def hide(self, hidden: np.ndarray) -> None:
        """Hides things (N,) bool of the scene and shows all others: to cameras, rays and cars."""
        scene = self.renderer.scene
        scene.hide(hidden)
        self.statics.replace(scene.solids)
        self.renderer.refresh()
        self.rays.refresh()


class Catalogue:
    """Where the maps come from: a folder, a file, a seed, or a client's text; the last few loaded are kept."""

    def __init__(self, seed: int, file: Path | None = None, folder: Path | None = None, track: int | None = None, randomise: bool = False) -> None:
        """With `randomise` the scenery and colours are others at each load. Raises UserError where there is no map to offer."""
        self.seed, self.randomise = seed, randomise
        self._files: dict[str, Path] = {}
        self._texts: dict[str, str] = {}
        self._kept: OrderedDict[tuple[str, str, int], Level] = OrderedDict()
        if folder is not None:
            self._files.update({path.stem: path for path in sorted(folder.glob("*.xodr"))})
            if not self._files:
                raise UserError(f"--maps {folder} holds no .xodr file: give a folder of OpenDRIVE maps")
        if file is not None:
            if not file.is_file():
                raise UserError(f"--map {file} is no file: give an OpenDRIVE map (.xodr)")
            self._files = {file.stem: file, **{name: path for name, path in self._files.items() if name != file.stem}}
        if track is not None or not self._files:
            self._texts = {f"track_{track or 0}": generate_track(track or 0)}

    @property
    def names(self) -> list[str]:
        """Short names of all maps on offer; the first is the one that the server starts on."""
        return [*self._texts, *(name for name in self._files if name not in self._texts)]

    def add_generated(self, text: str) -> None:
        """Takes a client's OpenDRIVE text as the generated map."""
        self._texts[GENERATED] = text

    def find(self, asked: str) -> tuple[str, str]:
        """The name and OpenDRIVE text of a map by any of its names. Raises RefusedError for a map that is not on offer."""
        name = asked.rsplit("/", 1)[-1]
        plain = name.removesuffix("_Opt")
        if name in self._texts:
            return name, self._texts[name]
        if plain in self._files:
            try:
                return name, self._files[plain].read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as cause:
                raise RefusedError(f"map {plain} cannot be read: {cause}") from None
        seed = _TRACK.fullmatch(name)
        if seed:
            return name, generate_track(int(seed.group(1)))
        raise RefusedError(f"map '{asked[:80]}' not found: this server offers {', '.join(self.names[:30])} and track_<seed>")

    def load(self, asked: str, number: int = 0) -> Level:
        """Loads a map, or takes it from the last few; `number` counts the loads. Raises RefusedError or UserError."""
        name, text = self.find(asked)
        key = (name, text, number if self.randomise else 0)
        level = self._kept.get(key)
        if level is None:
            known = next((other for other in self._kept.values() if (other.name, other.network.text) == (name, text)), None)
            level = self._read(name, text, key[-1], known)
            self._kept[key] = level
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT_LEVELS:
            self._kept.popitem(last=False)
        return level

    def _read(self, name: str, text: str, number: int, known: Level | None) -> Level:
        """A level anew; its roads from `known`, the same map with other scenery, if there is one."""
        try:
            network = RoadNetwork.from_opendrive(name, text) if known is None else known.network
            ground = Ground.from_network(network) if known is None else known.ground
            posts = signposts(network, ground)
            scene = build_scene(network, ground, self.seed + number * SEEDS_APART, SceneConfig(choose_scenery(network), self.randomise), posts)
            statics = Statics(np.asarray(scene.solids, np.float64).reshape(-1, BOX_WIDTH))
            spawns = with_room(spawn_poses(network), statics)
        except (ValueError, ArithmeticError, IndexError, KeyError) as cause:
            raise UserError(f"map {name} cannot be used: {type(cause).__name__} {cause}") from None
        return Level(name, network, ground, statics, spawns, Renderer(scene), RayCaster(scene), Lamps(posts))


def with_room(spawns: list[Pose], statics: Statics) -> tuple[Pose, ...]:
    """Those poses where the largest vehicle has room: free of what stands there, and of the poses kept before."""
    largest = max(MODELS, key=lambda model: model.length_m)
    half, offset = np.array(largest.body_half_m), np.array(largest.box.centre_m)
    room, kept = Fleet(), []
    for at in spawns:
        row = place(at.x_m, at.y_m, at.z_m, at.pitch_rad, at.yaw_rad, at.roll_rad)
        if not room.touches(row, half, offset, statics):
            room.add(state=row, half=half, offset=offset)
            kept.append(at)
    return tuple(kept or spawns)
