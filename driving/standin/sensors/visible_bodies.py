"""The bodies that cameras and rays can see in one tick, as boxes. A sensor does not see the body that carries it."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from driving.standin.actors.kinds import Body, Sensor
from driving.world.physics.fleet import Fleet
from driving.world.rendering.boxes import Boxes, boxes_of


class VisibleBodies:
    """The bodies of one tick, as boxes in the order of the fleet's rows."""

    def __init__(self, fleet: Fleet, bodies: list[Body]) -> None:
        self._fleet, self._bodies = fleet, bodies

    @cached_property
    def boxes(self) -> Boxes:
        """All bodies."""
        return boxes_of(self._fleet)

    def list_boxes(self, sensor: Sensor) -> Boxes:
        """Return all bodies except the carrier of `sensor`."""
        boxes, own = self.boxes, sensor.carrier
        return boxes if own is None else boxes.select(np.arange(len(boxes.tags)) != own.row)

    def list_ids(self, sensor: Sensor) -> list[int]:
        """Return the ids of the actors in `list_boxes`, in the same order."""
        own = sensor.carrier
        return [body.id for body in self._bodies if body is not own]
