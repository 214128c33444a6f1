"""What a camera of an episode sees: the renderer's picture without the camera's own car, in CARLA's encodings."""

from __future__ import annotations

import numpy as np

from driving.quantities import Pose
from driving.standin import packets, poses
from driving.standin.actors import Sensor
from driving.standin.episode import Episode
from driving.world.renderer import Boxes
from driving.world.weather import Weather

WANTED = {packets.RGB: "rgb", packets.DEPTH: "depth", packets.SEMANTIC: "semantic"}


class Cameras:
    """Renders for all cameras of a tick; the boxes of the cars are worked out once a tick, when the first camera asks."""

    def __init__(self) -> None:
        self._episode: Episode | None = None
        self._boxes: Boxes | None = None

    def begin(self, episode: Episode) -> None:
        """A new tick."""
        self._episode, self._boxes = episode, None

    def picture(self, sensor: Sensor, kind: int, at: Pose, weather: Weather, time_s: float) -> np.ndarray:
        """The image (Y, X, 4) BGRA uint8."""
        assert self._episode is not None
        wanted = sensor.description
        width, height = int(wanted.number("image_size_x")), int(wanted.number("image_size_y"))
        boxes = self._seen_from(sensor, self._episode)
        renderer = self._episode.level.renderer
        picture = renderer.render(at, width, height, wanted.number("fov"), weather, boxes, time_s, want=WANTED[kind])
        if kind == packets.DEPTH:
            return packets.depth_image(picture)
        if kind == packets.SEMANTIC:
            return packets.semantic_image(picture)
        return picture

    def _seen_from(self, sensor: Sensor, episode: Episode) -> Boxes:
        fleet = episode.fleet
        if self._boxes is None:
            centres = np.empty((fleet.count, 6))
            poses.box_centres(fleet.state, fleet.offset, centres)
            self._boxes = Boxes(centres, fleet.half, fleet.colour, fleet.tag, fleet.lights)
        own = sensor.carrier
        if own is None:
            return self._boxes
        keep = np.arange(fleet.count) != own.row
        boxes = self._boxes
        return Boxes(boxes.poses[keep], boxes.half_sizes[keep], boxes.colours[keep], boxes.tags[keep], boxes.lights[keep])
