"""The kinematic bicycle model: what a steer means as a curvature of the path, and the reverse.

A car with wheelbase L and largest wheel angle A allows a share c(v) of that angle at speed v. A steer s in [-1, 1] turns the wheels to

    delta = s A c(v),    and the path has the curvature    kappa = tan(delta) / L.

Steer, wheel angle and curvature are positive to the right. Labels and drivers both use this model, so that a predicted curvature becomes the
steer that it came from. `driving/simulator/ego.py` builds the model of the car that is driven from what the server reports.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import overload

import numpy as np

from driving.world.physics.vehicle_physics import Physics

KMH_PER_MPS = 3.6


@dataclass(frozen=True)
class Bicycle:
    """A car as a kinematic bicycle. The default is the car that recordings use, CARLA's Tesla Model 3.

    Args:
        wheelbase_m: the distance between the axles (m).
        max_steer_deg: the wheels' angle at steer 1 while the car stands (degrees).
        steering_curve: CARLA's `steering_curve`, points of (speed in km/h, share of the largest angle that the car allows at that speed).
    """

    wheelbase_m: float = 2.875
    max_steer_deg: float = 70.0
    steering_curve: tuple[tuple[float, float], ...] = Physics().steering_curve

    @overload
    def curvature_per_m(self, steer: float, speed_mps: float = 0.0) -> float: ...
    @overload
    def curvature_per_m(self, steer: np.ndarray, speed_mps: np.ndarray | float = 0.0) -> np.ndarray: ...
    def curvature_per_m(self, steer: np.ndarray | float, speed_mps: np.ndarray | float = 0.0) -> np.ndarray | float:
        """Return the curvature (1/m) of the path that a steer in [-1, 1] means at a speed (m/s)."""
        curvature = np.tan(steer * self._share(speed_mps) * math.radians(self.max_steer_deg)) / self.wheelbase_m
        return curvature if isinstance(curvature, np.ndarray) else float(curvature)

    @overload
    def steer(self, curvature_per_m: float, speed_mps: float = 0.0) -> float: ...
    @overload
    def steer(self, curvature_per_m: np.ndarray, speed_mps: np.ndarray | float = 0.0) -> np.ndarray: ...
    def steer(self, curvature_per_m: np.ndarray | float, speed_mps: np.ndarray | float = 0.0) -> np.ndarray | float:
        """Return the steer that makes the car follow a curvature (1/m) at a speed (m/s), clipped to [-1, 1]."""
        angle = np.arctan(self.wheelbase_m * curvature_per_m)
        steer = np.minimum(np.maximum(angle / (math.radians(self.max_steer_deg) * self._share(speed_mps)), -1.0), 1.0)  # np.clip is slow
        return steer if isinstance(steer, np.ndarray) else float(steer)

    def _share(self, speed_mps: np.ndarray | float) -> np.ndarray | float:
        """Return which share of the largest wheel angle the car allows at a speed (m/s)."""
        share: np.ndarray | float = np.interp(np.abs(speed_mps) * KMH_PER_MPS, *self._curve)
        return share

    @cached_property
    def _curve(self) -> np.ndarray:
        """The speeds (km/h) and the shares of the steering curve, (2, points). Turned into an array at each tick, they cost more than the rest."""
        return np.array(self.steering_curve, dtype=float).T
