"""Disturbances of the camera that grow slowly: it turns or shifts on its mount, or its exposure and colours change.

Each grows evenly from nothing to the severity during the first GROWN_S of a drive, and then stays. The camera is really moved on the server, a
real CARLA server included. Exposure and colours are changed in the image.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from driving.evaluation.disturbances.image import LEVELS, look_up
from driving.rollout.disturbance import Disturbance

if TYPE_CHECKING:  # training reads suites, and so the kinds, without the simulator's client
    from driving.simulator.ego import EgoVehicle

GROWN_S = 60.0
GAMMA = 2.2  # of the images' encoding
RED_GREEN_BLUE = np.array([1.0, 0.0, -1.0], np.float32)  # which way a drift to warm colours goes


class _Drift(Disturbance):
    """Something that grows from 0 to the severity."""

    def grown(self, time_s: float) -> float:
        """Return how large it is (in the severity's unit) at a time of the drive."""
        return self.severity * min(1.0, time_s / GROWN_S)


class CameraYawDrift(_Drift):
    """The camera turns on its mount, to the right where positive."""

    kind, unit, lowest, highest = "camera_yaw_drift", "degrees", -20.0, 20.0

    def before_tick(self, ego: EgoVehicle, time_s: float) -> None:
        """Turn the camera."""
        ego.move_camera(replace(ego.mount, yaw_rad=ego.mount.yaw_rad + math.radians(self.grown(time_s))))


class CameraPitchDrift(_Drift):
    """The camera tilts on its mount, upwards where positive."""

    kind, unit, lowest, highest = "camera_pitch_drift", "degrees", -15.0, 15.0

    def before_tick(self, ego: EgoVehicle, time_s: float) -> None:
        """Tilt the camera."""
        ego.move_camera(replace(ego.mount, pitch_rad=ego.mount.pitch_rad + math.radians(self.grown(time_s))))


class CameraLateralDrift(_Drift):
    """The camera shifts sideways, to the right where positive."""

    kind, unit, lowest, highest = "camera_lateral_drift", "m", -1.0, 1.0

    def before_tick(self, ego: EgoVehicle, time_s: float) -> None:
        """Shift the camera across the car."""
        ego.move_camera(replace(ego.mount, y_m=ego.mount.y_m + self.grown(time_s)))


class CameraHeightDrift(_Drift):
    """The camera rises on its mount, or sinks where negative."""

    kind, unit, lowest, highest = "camera_height_drift", "m", -1.0, 2.0

    def before_tick(self, ego: EgoVehicle, time_s: float) -> None:
        """Raise the camera."""
        ego.move_camera(replace(ego.mount, z_m=ego.mount.z_m + self.grown(time_s)))


class ExposureDrift(_Drift):
    """The exposure grows, or falls where negative. A stop is a factor of two in the light."""

    kind, unit, lowest, highest = "exposure_drift", "stops", -6.0, 6.0

    def change_image(self, image: np.ndarray, time_s: float) -> np.ndarray:
        """Scale the light."""
        return look_up(image, LEVELS * 2.0 ** (self.grown(time_s) / GAMMA))


class ColourDrift(_Drift):
    """The white balance becomes warmer: red grows and blue falls by this share; the other way where negative."""

    kind, unit, lowest, highest = "colour_drift", "share of red and blue", -1.0, 1.0

    def change_image(self, image: np.ndarray, time_s: float) -> np.ndarray:
        """Scale red and blue."""
        return look_up(image, LEVELS[:, None] * (1.0 + self.grown(time_s) * RED_GREEN_BLUE))
