"""How fast to drive: a target speed that falls before curves, and throttle and brake that follow it. It reads the route, which is privileged.

A learned policy only steers. The same speed control uses the pedals for all drivers, so that they drive a suite equally fast.
"""

from __future__ import annotations

import math

import numpy as np

from driving.world.maps.route import Route

LATERAL_MPS2 = 2.5  # the lateral acceleration in bends that is comfortable for passengers
BRAKING_MPS2 = 2.0  # the deceleration before bends
SLOWEST_MPS = 3.0
PREVIEW_M = np.arange(0.0, 61.0, 2.0)  # the distances ahead whose curvature counts
THROTTLE_PER_MPS, THROTTLE_PER_M, BRAKE_PER_MPS = 0.22, 0.05, 0.18
MAX_THROTTLE = 0.8
COASTING_MPS = 0.6  # the car coasts, and does not brake, while it is too fast by up to this


class SpeedControl:
    """A PI controller of the speed along a route."""

    def __init__(self, route: Route, max_speed_mps: float) -> None:
        self._route, self._max_speed_mps = route, max_speed_mps
        self._integral = 0.0

    def target_mps(self, s_m: float) -> float:
        """Return the largest speed (m/s) from which the car can slow down in time for every bend ahead of `s_m`."""
        bends = np.abs(self._route.curvature_at(s_m + PREVIEW_M))
        limit = np.sqrt(LATERAL_MPS2 / np.maximum(bends, LATERAL_MPS2 / self._max_speed_mps**2))
        now = np.sqrt(limit**2 + 2.0 * BRAKING_MPS2 * PREVIEW_M)
        return max(SLOWEST_MPS, float(now.min()))

    def pedals(self, s_m: float, speed_mps: float, pitch_rad: float, dt_s: float) -> tuple[float, float]:
        """Return throttle and brake, both in [0, 1], for a place, a speed (m/s), the road's pitch (nose up) and the time step (s)."""
        error = self.target_mps(s_m) - speed_mps
        if abs(error) < 3.0:
            self._integral = min(6.0, max(-2.0, self._integral + error * dt_s))
        wish = THROTTLE_PER_MPS * error + THROTTLE_PER_M * self._integral + 0.12 + 1.5 * math.sin(pitch_rad)
        if error < -COASTING_MPS:
            return 0.0, min(1.0, BRAKE_PER_MPS * (-error - COASTING_MPS))
        return min(MAX_THROTTLE, max(0.0, wish)), 0.0
