"""How a network's prediction becomes the car's control, for every driver with a network.

The bicycle model of the driven car turns a predicted curvature into a steer at the current speed. The speed control uses the pedals.
"""

from __future__ import annotations

from driving.drivers.driver import DriveContext
from driving.drivers.speed import SpeedControl
from driving.quantities import Control, Observation


class PredictionControl:
    """Controls one drive from predictions of `target`: "steer" in [-1, 1] or "curvature" in 1/m, both right positive."""

    def __init__(self, context: DriveContext, target: str) -> None:
        self._bicycle, self._target = context.bicycle, target
        self._speed = SpeedControl(context.route, context.max_speed_mps)

    def control(self, predicted: float, observation: Observation) -> Control:
        """Return the control for this tick. A steer beyond full lock becomes full lock."""
        vehicle = observation.vehicle
        steer = self._bicycle.steer(predicted, vehicle.speed_mps) if self._target == "curvature" else predicted
        throttle, brake = self._speed.pedals(observation.lane.s_m, vehicle.speed_mps, vehicle.pose.pitch_rad, observation.dt_s)
        return Control(max(-1.0, min(1.0, steer)), throttle, brake)
