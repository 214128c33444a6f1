"""What a camera of an episode sees: the renderer's picture without the camera's own car, in CARLA's encodings."""

from __future__ import annotations

import numpy as np

from driving.quantities import Pose
from driving.standin import packets
from driving.standin.actors import Sensor
from driving.standin.sights import Sights
from driving.world.weather import Weather

WANTED = {packets.RGB: "rgb", packets.DEPTH: "depth", packets.SEMANTIC: "semantic"}


class Cameras:
    """Renders for all cameras of a tick."""

    def __init__(self, sights: Sights) -> None:
        self._sights = sights

    def picture(self, sensor: Sensor, kind: int, at: Pose, weather: Weather, time_s: float) -> np.ndarray:
        """The image (Y, X, 4) BGRA uint8."""
        wanted = sensor.description
        width, height = int(wanted.number("image_size_x")), int(wanted.number("image_size_y"))
        boxes = self._sights.without_carrier(sensor)
        renderer = self._sights.episode.level.renderer
        picture = renderer.render(at, width, height, wanted.number("fov"), weather, boxes, time_s, want=WANTED[kind])
        if kind == packets.DEPTH:
            return packets.depth_image(picture)
        if kind == packets.SEMANTIC:
            return packets.semantic_image(picture)
        return picture
