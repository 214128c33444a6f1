"""The maps on offer, by the names that CARLA gives them. `levels` reads a map and builds it."""

from __future__ import annotations

import re
from collections import OrderedDict
from pathlib import Path

from driving.quantities import UserError
from driving.standin.episode.levels import Level, build_level, read_map
from driving.standin.wire.rpc import RefusedError
from driving.world.generated.families import FAMILIES, generate_road
from driving.world.maps.map_text import mend_opendrive, read_opendrive

PREFIX, SHORT_PREFIX = "/Game/Carla/Maps/", "Carla/Maps/"
GENERATED = "OpenDriveMap"  # CARLA's name for a map whose text a client has sent
KEPT_LEVELS = 3
SEEDS_APART = 1_000_003  # between the scenery seeds of two loads, so that the second load with seed 0 differs from the first one with seed 1
LONGEST_NAME, MOST_NAMES = 80, 30  # in an error message
_ROAD = re.compile(rf"({'|'.join(FAMILIES)})_(\d{{1,9}})")


class Catalogue:
    """Maps from a folder, a file, a track's seed, or a client's text. The last few loaded levels are kept."""

    def __init__(self, seed: int, file: Path | None = None, folder: Path | None = None, track: int | None = None, randomise: bool = False) -> None:
        """List the maps. `seed` draws the scenery; with `randomise` scenery and colours change at each load.

        Raises UserError where `file` does not exist or `folder` has no map.
        """
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
                raise UserError(f"--map {file} is not a file: give an OpenDRIVE map (.xodr)")
            self._files = {file.stem: file, **{name: path for name, path in self._files.items() if name != file.stem}}
        if track is not None or not self._files:
            self._texts = {f"track_{track or 0}": generate_road("track", track or 0)}

    @property
    def names(self) -> list[str]:
        """Short names of all maps on offer; the first one is the map on which the server starts."""
        return [*self._texts, *(name for name in self._files if name not in self._texts)]

    def add_generated(self, text: str) -> None:
        """Offer a client's OpenDRIVE text as the generated map."""
        self._texts[GENERATED] = mend_opendrive(text)

    def find(self, asked: str) -> tuple[str, str]:
        """Return the name and OpenDRIVE text of a map by any of its names.

        Raises RefusedError for a map that is not on offer, UserError for a file that cannot be read.
        """
        name = asked.rsplit("/", 1)[-1]
        plain = name.removesuffix("_Opt")
        if name in self._texts:
            return name, self._texts[name]
        if plain in self._files:
            return name, read_opendrive(self._files[plain])
        road = _ROAD.fullmatch(name)
        if road:
            return name, generate_road(road.group(1), int(road.group(2)))
        offered = ", ".join([*self.names[:MOST_NAMES], *(f"{family}_<seed>" for family in FAMILIES)])
        raise RefusedError(
            f"map '{asked[:LONGEST_NAME]}' not found: this server offers {offered}, and FAMILY_<seed> with a family of {', '.join(FAMILIES)}"
        )

    def load(self, asked: str, load_number: int = 0) -> Level:
        """Return a level by any name of its map. `load_number` counts the loads of the server.

        Raises RefusedError for a map that is not on offer, UserError for one that cannot be used.
        """
        name, text = self.find(asked)
        drawn = load_number if self.randomise else 0
        key = (name, text, drawn)
        level = self._kept.get(key)
        if level is None:
            same_map = next((other for other in self._kept.values() if (other.name, other.map.network.text) == (name, text)), None)
            map_data = read_map(name, text) if same_map is None else same_map.map
            level = build_level(map_data, None if same_map is None else same_map.ground, self.seed + drawn * SEEDS_APART, self.randomise)
            self._kept[key] = level
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT_LEVELS:
            self._kept.popitem(last=False)
        return level
