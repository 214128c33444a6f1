"""Who is there to be seen in a tick, as boxes for cameras and rays; worked out once a tick, when the first sensor asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from driving.standin.actors.kinds import Sensor
from driving.world.rendering.boxes import NO_BOXES, Boxes, boxes_of

if TYPE_CHECKING:
    from driving.standin.episode.state import Episode


class Sights:
    """The bodies of the episode of the moment, as boxes in the order of the fleet's rows."""

    episode: Episode

    def __init__(self) -> None:
        self._boxes: Boxes | None = None

    def begin(self, episode: Episode) -> None:
        """A new tick."""
        self.episode, self._boxes = episode, None

    def all(self) -> Boxes:
        """Every body."""
        if self._boxes is None:
            self._boxes = boxes_of(self.episode.fleet)
        return self._boxes

    def without_carrier(self, sensor: Sensor) -> Boxes:
        """Every body but the one that carries a sensor."""
        boxes, own = self.all(), sensor.carrier
        if own is None:
            return boxes
        if len(boxes.tags) == 1:
            return NO_BOXES
        return boxes.select(np.arange(len(boxes.tags)) != own.row)

    def ids(self, sensor: Sensor) -> list[int]:
        """The actors' ids of the boxes without the carrier."""
        own = sensor.carrier
        return [body.id for body in self.episode.bodies if body is not own]
