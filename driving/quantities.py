"""The quantities that all packages of `driving` share, and the one page on frames and signs.

World frame: CARLA's, left-handed, in metres: x forward (east), y right (south), z up. Yaw turns clockwise seen from above.
One rule for signs follows from it: **right is positive**. Steer, curvature, yaw rate, lateral offset and heading error
are all positive to the right. Pitch is positive nose up; roll is positive right side down.
Code uses radians. CARLA's wire uses degrees, which `simulator/` and `standin/` convert.
Time is simulation time in seconds. Images are uint8, RGB, rows top-down, shape (Y, X, 3).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from policy.command import Command


class LiquidLaneError(Exception):
    """The base of our own errors. The message says all that a user needs; commands print it as one line and end with exit status 2."""


class UserError(LiquidLaneError):
    """A mistake that the user can mend. The message says what is wrong, what was got, what was expected, and the remedy."""


def wrap_angle(angle_rad: float) -> float:
    """Return the same direction (rad) in [-pi, pi)."""
    return (angle_rad + math.pi) % (2.0 * math.pi) - math.pi


@dataclass(frozen=True)  # no slots: part of configurations, whose parser reads __dict__
class Pose:
    """A position (m) and an orientation (rad) in the world frame."""

    x_m: float = 0.0
    y_m: float = 0.0
    z_m: float = 0.0
    pitch_rad: float = 0.0
    yaw_rad: float = 0.0
    roll_rad: float = 0.0


@dataclass(frozen=True, slots=True)
class Control:
    """The controls of a car: steer in [-1, 1], right positive; throttle and brake in [0, 1]."""

    steer: float = 0.0
    throttle: float = 0.0
    brake: float = 0.0
    hand_brake: bool = False
    reverse: bool = False


@dataclass(frozen=True)  # no slots: part of configurations, whose parser reads __dict__
class CameraSpec:
    """A pinhole camera: image size in pixels, horizontal field of view in degrees, mounting pose on the car.

    The mounting pose is relative to the actor's origin. A vehicle's origin is on the ground, at the centre of its bounding box's base.
    """

    width_px: int = 320
    height_px: int = 180
    fov_deg: float = 90.0
    mount: Pose = Pose(x_m=1.2, z_m=1.6, pitch_rad=math.radians(-6.0))

    @property
    def focal_px(self) -> float:
        """The focal length (px), the same in both directions."""
        return self.width_px / (2.0 * math.tan(math.radians(self.fov_deg) / 2.0))


@dataclass(frozen=True, slots=True)
class LaneState:
    """A car's place relative to the centre line that it follows, right positive."""

    s_m: float  # distance along the route
    lateral_m: float  # offset from the centre line
    heading_error_rad: float  # the car's heading less the route's
    curvature_per_m: float  # of the route at the car
    lane_width_m: float


@dataclass(frozen=True, slots=True)
class VehicleState:
    """A car's motion in one frame; `frame` and `time_s` are the simulator's."""

    frame: int
    time_s: float
    pose: Pose
    speed_mps: float
    yaw_rate_radps: float


@dataclass(frozen=True, slots=True)
class Observation:
    """What a driver gets in one tick."""

    vehicle: VehicleState
    dt_s: float  # since the tick before
    image: np.ndarray  # (Y, X, 3) uint8 RGB
    lane: LaneState  # privileged: experts and speed control use it, learned steering does not
    command: Command = Command.FOLLOW  # what the route does next, for policies that take navigation commands
