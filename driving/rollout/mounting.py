"""How the camera is mounted in an episode of a recording: near its nominal place, or elsewhere, as on another car."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from driving.quantities import CameraSpec, UserError


@dataclass
class MountingConfig:
    """How mountings differ. The first four hold for every episode, as for two cars of one model; the others for the share of other mountings.

    Args:
        shift_m: the largest shift of the camera, sideways and in height (m).
        turn_rad: the largest turn of the camera, in pitch and yaw (rad).
        other_share: the share of episodes with another mounting and lens.
        other_fov_deg: the range of the field of view (degrees).
        other_aspect: the range of the image's width divided by its height, with as many pixels as the nominal camera's. The log's images have one
            size, so such an image is squeezed to it, as the camera-to-model transform would squeeze it when driving with that camera.
        other_forward_m: the range of the place ahead of the car's middle (m).
        other_height_m: the range of the height above the road (m).
        other_aside_m: the largest distance from the car's middle line (m).
        other_pitch_rad: the range of the pitch (rad).
        other_roll_rad: the largest roll (rad).
    """

    shift_m: float = 0.08
    turn_rad: float = 0.015
    other_share: float = 0.0
    other_fov_deg: tuple[float, float] = (65.0, 110.0)
    other_aspect: tuple[float, float] = (1.0, 2.4)
    other_forward_m: tuple[float, float] = (0.0, 2.0)
    other_height_m: tuple[float, float] = (1.2, 2.4)
    other_aside_m: float = 0.3
    other_pitch_rad: tuple[float, float] = (-0.18, 0.02)
    other_roll_rad: float = 0.02

    def __post_init__(self) -> None:
        """Check share and aspect. Raises UserError for values that no camera has."""
        if not 0.0 <= self.other_share <= 1.0:
            raise UserError(f"mounting.other_share is {self.other_share}: give a share from 0 to 1")
        if not 0.2 <= self.other_aspect[0] <= self.other_aspect[1] <= 5.0:
            raise UserError(f"mounting.other_aspect is {self.other_aspect}: give the lowest and the highest ratio of width to height, from 0.2 to 5")


def draw_camera(camera: CameraSpec, config: MountingConfig, random: np.random.Generator) -> CameraSpec:
    """Draw the camera of an episode near its nominal mounting, or a share of them elsewhere."""
    aside, up, pitch, yaw = random.uniform(-1, 1, 4)
    own = random.spawn(1)[0]  # so that the other draws of a recording do not depend on the share
    if own.random() < config.other_share:
        mount = replace(
            camera.mount,
            x_m=float(own.uniform(*config.other_forward_m)),
            y_m=float(own.uniform(-1, 1)) * config.other_aside_m,
            z_m=float(own.uniform(*config.other_height_m)),
            pitch_rad=float(own.uniform(*config.other_pitch_rad)),
            roll_rad=float(own.uniform(-1, 1)) * config.other_roll_rad,
        )
        fov_deg, aspect = float(own.uniform(*config.other_fov_deg)), float(own.uniform(*config.other_aspect))
        height_px = round(math.sqrt(camera.width_px * camera.height_px / aspect))
        camera = replace(camera, width_px=round(height_px * aspect), height_px=height_px, fov_deg=fov_deg, mount=mount)
    moved = replace(
        camera.mount,
        y_m=camera.mount.y_m + aside * config.shift_m,
        z_m=camera.mount.z_m + up * config.shift_m,
        pitch_rad=camera.mount.pitch_rad + pitch * config.turn_rad,
        yaw_rad=camera.mount.yaw_rad + yaw * config.turn_rad,
    )
    return replace(camera, mount=moved)
