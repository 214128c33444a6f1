"""What steering does: from a curvature to a steer and back, by the kinematic single-track (bicycle) model.

delta = atan(wheelbase * curvature); steer = delta / (max_steer * share(speed)), where `share` is CARLA's steering curve. Right positive.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import carla
import numpy as np


@dataclass(frozen=True)
class CarGeometry:
    """A car's wheelbase (m), largest road wheel angle (rad), and steering curve: (speed km/h, share of that angle) points."""

    wheelbase_m: float
    max_steer_rad: float
    steering_curve: tuple[tuple[float, float], ...] = ((0.0, 1.0),)

    @staticmethod
    def of_physics(physics: carla.VehiclePhysicsControl) -> CarGeometry:
        """From what the server says of the car."""
        wheels = [(wheel.position.x, wheel.position.y) for wheel in physics.wheels]
        front, rear = wheels[0], wheels[-1]
        wheelbase = math.hypot(wheels[0][0] - wheels[2][0], wheels[0][1] - wheels[2][1]) if len(wheels) == 4 else math.dist(front, rear)
        curve = tuple((point.x, point.y) for point in physics.steering_curve) or ((0.0, 1.0),)
        return CarGeometry(wheelbase / 100.0, math.radians(max(wheel.max_steer_angle for wheel in physics.wheels)), curve)

    def share(self, speed_mps: float) -> float:
        """How much of the largest angle the car allows at a speed."""
        speeds, shares = zip(*self.steering_curve, strict=True)
        return float(np.interp(abs(speed_mps) * 3.6, speeds, shares))

    def steer_of(self, curvature_per_m: float, speed_mps: float) -> float:
        """The steer in [-1, 1] that makes the car follow a curvature (1/m) at a speed."""
        angle = math.atan(self.wheelbase_m * curvature_per_m)
        return max(-1.0, min(1.0, angle / (self.max_steer_rad * self.share(speed_mps))))

    def curvature_of(self, steer: float, speed_mps: float) -> float:
        """The curvature (1/m) that a steer stands for at a speed."""
        return math.tan(steer * self.max_steer_rad * self.share(speed_mps)) / self.wheelbase_m
