"""What stands in a level, as clients ask for it: environment objects, the bounding boxes of a kind of thing, and hiding things and showing them.

Ids are the things' numbers above FIRST_ID, which no actor reaches. A hidden thing is met by no camera, ray or car; a new episode shows all again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from driving.quantities import Pose
from driving.standin.episode.levels import Level
from driving.standin.sensors.visible_bodies import boxes_of
from driving.standin.wire.messages import Box, bounding_box, transform
from driving.world.physics.fleet import Fleet

ANY = 255
FIRST_ID = 1 << 32


class EnvironmentObjects:
    """The things of one level, for one episode."""

    def __init__(self, level: Level) -> None:
        self._level, self._objects = level, level.renderer.scene.objects
        kinds, which = np.unique(self._objects.kinds, return_inverse=True)
        number = np.zeros(len(which), np.int64)
        for kind in range(len(kinds)):
            number[which == kind] = np.arange((which == kind).sum())
        self.names = [f"{kind}_{n}" for kind, n in zip(self._objects.kinds.tolist(), number.tolist(), strict=True)]
        if level.renderer.scene.hidden.any():
            level.hide(np.zeros(len(self.names), bool))

    def list_objects(self, tag: int) -> list[Any]:
        """EnvironmentObjects [transform, bounding box in the world, id, name, tag] of a semantic tag (ANY: all)."""
        objects = self._objects
        wanted = np.flatnonzero((objects.tags == tag) | (tag == ANY)).tolist()
        places = [Pose(x, y, z, 0.0, float(objects.yaw[n])) for n, (x, y, z) in zip(wanted, objects.at[wanted].tolist(), strict=True)]
        return [
            [transform(place), bounding_box(self._box(n)), FIRST_ID + n, self.names[n], int(objects.tags[n])]
            for n, place in zip(wanted, places, strict=True)
        ]

    def list_boxes(self, tag: int, fleet: Fleet) -> list[Any]:
        """BoundingBoxes in the world of all that has a semantic tag (ANY: all) and is not hidden, bodies included."""
        shown = ~self._level.renderer.scene.hidden & ((self._objects.tags == tag) | (tag == ANY))
        centres = boxes_of(fleet).poses
        bodies = np.flatnonzero((fleet.tag == tag) | (tag == ANY))
        return [bounding_box(self._box(n)) for n in np.flatnonzero(shown).tolist()] + [
            [centres[n, :3].tolist(), fleet.half[n].tolist(), np.degrees(centres[n, 3:6]).tolist(), 0] for n in bodies.tolist()
        ]

    def show(self, ids: list[int], shown: bool) -> None:
        """Shows or hides things; ids that no thing has are passed over, as on CARLA's server."""
        hidden = self._level.renderer.scene.hidden
        known = [number for number in (one - FIRST_ID for one in ids) if 0 <= number < len(hidden)]
        hidden[known] = not shown
        self._level.hide(hidden)

    def _box(self, n: int) -> Box:
        objects = self._objects
        (x, y, z), (along, across, up) = objects.centres[n].tolist(), objects.halves[n].tolist()
        return Box((x, y, z), (along, across, up), float(objects.yaw[n]))
