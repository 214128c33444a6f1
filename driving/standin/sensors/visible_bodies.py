"""The bodies that can be seen in a tick, as boxes for cameras and rays. No sensor sees the body that carries it."""

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
        """Every body."""
        return boxes_of(self._fleet)

    def list_boxes(self, sensor: Sensor) -> Boxes:
        """Return every body except the one that carries `sensor`."""
        boxes, own = self.boxes, sensor.carrier
        return boxes if own is None else boxes.select(np.arange(len(boxes.tags)) != own.row)

    def list_ids(self, sensor: Sensor) -> list[int]:
        """Return the actors' ids of `list_boxes`, in its order."""
        own = sensor.carrier
        return [body.id for body in self._bodies if body is not own]
