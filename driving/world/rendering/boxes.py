"""Moving bodies as oriented boxes, as cameras and rays see them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from driving.world.physics import poses
from driving.world.physics.fleet import Fleet

# Bits of CARLA's light state.
LOW_BEAM, HIGH_BEAM, BRAKE_LIGHT = 0x2, 0x4, 0x8


class Boxes(NamedTuple):
    """N boxes: vehicles, pedestrians, props, lit lamps."""

    poses: np.ndarray = np.zeros((0, 6))  # (N, 6) of each centre: x, y, z (m), pitch, yaw, roll (rad)
    half_sizes: np.ndarray = np.zeros((0, 3))  # (N, 3) m, along the box's forward, right and up axes
    colours: np.ndarray = np.zeros((0, 3), np.uint8)  # (N, 3) uint8 RGB
    tags: np.ndarray = np.zeros(0, np.uint8)  # (N,) uint8 CARLA's semantic tags
    lights: np.ndarray = np.zeros(0, np.uint32)  # (N,) uint32 CARLA's light states

    def select(self, rows: np.ndarray | slice) -> Boxes:
        """Return the boxes of these rows: indices, a mask (N,) or a slice."""
        return Boxes(*(part[rows] for part in self))


NO_BOXES = Boxes()


def boxes_of(fleet: Fleet) -> Boxes:
    """Return the boxes of all bodies, in the order of the fleet's rows. All but the poses are views of the fleet."""
    centres = np.empty((fleet.count, 6))
    poses.box_centres(fleet.state, fleet.offset, centres)
    return Boxes(centres, fleet.half, fleet.colour, fleet.tag, fleet.lights)
