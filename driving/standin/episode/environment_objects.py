"""CARLA's environment objects: the scenery of a level, its bounding boxes by semantic tag, and hiding parts of it.

The id of an object is FIRST_ID plus its number in the scene; no actor has such an id. Cameras, rays and cars do not meet hidden objects.
A new episode shows all objects again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from driving.quantities import Pose
from driving.standin.episode.levels import Level
from driving.standin.wire.messages import Box, bounding_box, transform
from driving.world.physics.fleet import Fleet
from driving.world.rendering.boxes import boxes_of

ANY = 255  # CARLA's CityObjectLabel.Any
FIRST_ID = 1 << 32


class EnvironmentObjects:
    """The scenery objects of one level, for one episode."""

    def __init__(self, level: Level) -> None:
        self._level, self._objects = level, level.renderer.scene.objects
        kinds, kind_of = np.unique(self._objects.kinds, return_inverse=True)
        number = np.zeros(len(kind_of), np.int64)
        for kind in range(len(kinds)):
            number[kind_of == kind] = np.arange((kind_of == kind).sum())
        self.names = [f"{kind}_{n}" for kind, n in zip(self._objects.kinds.tolist(), number.tolist(), strict=True)]
        if level.renderer.scene.hidden.any():
            level.hide(np.zeros(len(self.names), bool))

    def list_objects(self, tag: int) -> list[Any]:
        """Return the EnvironmentObjects [transform, bounding box in the world, id, name, tag] with a semantic tag; ANY returns all."""
        objects = self._objects
        wanted = np.flatnonzero((objects.tags == tag) | (tag == ANY)).tolist()
        places = [Pose(x, y, z, 0.0, float(objects.yaw[n])) for n, (x, y, z) in zip(wanted, objects.at[wanted].tolist(), strict=True)]
        return [
            [transform(place), bounding_box(self._make_box(n)), FIRST_ID + n, self.names[n], int(objects.tags[n])]
            for n, place in zip(wanted, places, strict=True)
        ]

    def list_boxes(self, tag: int, fleet: Fleet) -> list[Any]:
        """Return the BoundingBoxes in the world of all visible objects and bodies with a semantic tag; ANY returns all."""
        shown = ~self._level.renderer.scene.hidden & ((self._objects.tags == tag) | (tag == ANY))
        centres = boxes_of(fleet).poses
        bodies = np.flatnonzero((fleet.tag == tag) | (tag == ANY))
        return [bounding_box(self._make_box(n)) for n in np.flatnonzero(shown).tolist()] + [
            [centres[n, :3].tolist(), fleet.half[n].tolist(), np.degrees(centres[n, 3:]).tolist(), 0] for n in bodies.tolist()
        ]

    def show(self, ids: list[int], shown: bool) -> None:
        """Show or hide objects by their ids. Unknown ids are ignored, as on CARLA's server."""
        hidden = self._level.renderer.scene.hidden
        known = [number for number in (object_id - FIRST_ID for object_id in ids) if 0 <= number < len(hidden)]
        hidden[known] = not shown
        self._level.hide(hidden)

    def _make_box(self, n: int) -> Box:
        objects = self._objects
        (x, y, z), (along, across, up) = objects.centres[n].tolist(), objects.halves[n].tolist()
        return Box((x, y, z), (along, across, up), float(objects.yaw[n]))
