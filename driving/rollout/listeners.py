"""Listeners of the loop that write files: the camera's movie and the driving log."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import cv2
import numpy as np

from driving.logs import keys
from driving.logs.episode import Episode
from driving.rollout.tick import Tick
from driving.video import VideoWriter
from policy.command import Command

CAMERA_MOVIE = "camera.mp4"


class CameraMovie:
    """A listener that writes the camera's images as they come. A context manager: after an error it leaves no file."""

    def __init__(self, path: Path, dt_s: float) -> None:
        self._path, self._fps = path, 1.0 / dt_s
        self._writer: VideoWriter | None = None

    def on_tick(self, tick: Tick) -> None:
        """Add the image. The first one decides the size."""
        image = tick.observation.image
        if self._writer is None:
            rows, columns, _ = image.shape
            self._writer = VideoWriter(self._path, rows, columns, self._fps)
        self._writer.write(image)

    def __enter__(self) -> CameraMovie:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._writer is not None:
            self._writer.__exit__(kind, error, trace)


class EpisodeRecorder:
    """A listener that adds each tick to an episode of a log: image, motion, lane, the expert's label, the disturbance; with `commands` also those.

    An image of another size than the log's is squeezed to it.
    """

    def __init__(self, episode: Episode, width_px: int, height_px: int, commands: bool = False) -> None:
        self._episode, self._size, self._commands = episode, (width_px, height_px), commands
        self._start_s: float | None = None

    def on_tick(self, tick: Tick) -> None:
        """Add one frame. Raises LogError where the episode refuses it."""
        observation, action = tick.observation, tick.action
        vehicle, lane = observation.vehicle, observation.lane
        self._start_s = vehicle.time_s if self._start_s is None else self._start_s
        label = action.label or action.control
        self._episode.add(
            vehicle.time_s - self._start_s,
            {
                keys.IMAGE: self._fit(observation.image),
                keys.STATE: np.array([vehicle.speed_mps, vehicle.yaw_rate_radps], np.float32),
                keys.LANE: np.array([lane.lateral_m, lane.heading_error_rad, lane.curvature_per_m], np.float32),
                keys.ACTION: np.array([label.steer, label.throttle, label.brake], np.float32),
                keys.DISTURBANCE: np.array([action.disturbance], np.float32),
            }
            | ({keys.COMMAND: np.eye(len(Command), dtype=np.float32)[observation.command]} if self._commands else {}),
        )

    def _fit(self, image: np.ndarray) -> np.ndarray:
        """Return an image in the log's size."""
        if image.shape[1::-1] == self._size:
            return image
        return np.asarray(cv2.resize(image, self._size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
