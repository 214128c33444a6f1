"""A semantic camera at the place of a driven car's own camera: what each pixel shows, as CARLA's semantic tags."""

from __future__ import annotations

import queue
from typing import Any

import numpy as np

from driving.quantities import CameraSpec
from driving.simulator.ego import EgoVehicle, transform_of
from driving.simulator.errors import SimulatorError
from driving.simulator.session import Session

RED = 2  # of a BGRA picture; it holds the tag


class LabelCamera:
    """A semantic camera. A context manager; the car's end removes it. It looks through the same lens as the car's own camera."""

    def __init__(self, session: Session, ego: EgoVehicle, camera: CameraSpec) -> None:
        """Attach the camera to the car. Raises the client's RuntimeError where that fails."""
        self._timeout_s = session.config.timeout_s
        self._pictures: queue.SimpleQueue[Any] = queue.SimpleQueue()
        lens = session.world.get_blueprint_library().find("sensor.camera.semantic_segmentation")
        for name, value in (("image_size_x", camera.width_px), ("image_size_y", camera.height_px), ("fov", camera.fov_deg)):
            lens.set_attribute(name, str(value))
        self._sensor = ego.attach(lens, transform_of(camera.mount))
        self._sensor.listen(self._pictures.put)

    def wait(self, frame: int) -> np.ndarray:
        """Return the tags (Y, X) uint8 of a frame. Earlier pictures are dropped. Raises SimulatorError where they do not arrive."""
        while True:
            try:
                picture = self._pictures.get(timeout=self._timeout_s)
            except queue.Empty:
                raise SimulatorError(f"the semantic camera gave nothing within {self._timeout_s:.0f} s, expected frame {frame}: try again") from None
            if picture.frame >= frame:
                break
        if picture.frame > frame:
            raise SimulatorError(f"the semantic camera gave frame {picture.frame}, expected frame {frame}: the server lost a frame, try again")
        return np.frombuffer(picture.raw_data, np.uint8).reshape(picture.height, picture.width, 4)[..., RED].copy()

    def __enter__(self) -> LabelCamera:
        return self

    def __exit__(self, *ended: object) -> None:
        if self._sensor.is_listening():
            self._sensor.stop()
