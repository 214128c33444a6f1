"""Disturbances between the driver's control and the wheels: a delay, a slow motor, a dead zone, another ratio, a policy that answers late.

They change the control that is sent to the server, so that any CARLA server can have them. Between two ticks a server holds one control. Where a
change falls between two ticks, the control of that tick is the mean over its time.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from driving.quantities import Control
from driving.rollout.disturbance import Disturbance

LOCK_TO_LOCK = 2.0  # from full left to full right


class SteeringRatio(Disturbance):
    """Wheels that turn further than the driver expects, or less far where negative."""

    kind, unit, lowest, highest = "steering_ratio", "% more wheel angle", -70.0, 150.0

    def change_control(self, control: Control, time_s: float) -> Control:
        """Scale the steer, up to full lock."""
        return replace(control, steer=max(-1.0, min(1.0, control.steer * (1.0 + self.severity / 100.0))))


class SteeringDeadZone(Disturbance):
    """Steering with play about the middle: within it nothing happens, beyond it the play is missing."""

    kind, unit, highest = "steering_dead_zone", "steer, of -1 to 1", 0.3

    def change_control(self, control: Control, time_s: float) -> Control:
        """Take the play out of the steer."""
        return replace(control, steer=math.copysign(max(0.0, abs(control.steer) - self.severity), control.steer))


class SteeringRate(Disturbance):
    """A slow steering motor."""

    kind, unit, highest = "slow_steering", "s from lock to lock", 60.0

    _steer = _before_s = 0.0

    def change_control(self, control: Control, time_s: float) -> Control:
        """Move the steer towards the driver's as fast as the motor can."""
        reach = LOCK_TO_LOCK / self.severity * (time_s - self._before_s)
        self._before_s = time_s
        self._steer += max(-reach, min(reach, control.steer - self._steer))
        return replace(control, steer=self._steer)


class _Delay(Disturbance):
    """Values (K,) that act later. At first they are zero."""

    def __init__(self, severity: float = 0.0, seed: int = 0) -> None:
        super().__init__(severity, seed)
        self._history: list[tuple[float, np.ndarray]] = []  # values and the times (s) from which on they were wanted

    def delay(self, values: np.ndarray, time_s: float) -> np.ndarray:
        """Return the mean of what acts during the coming tick. That is as long as the tick before."""
        step_s = time_s - self._history[-1][0] if self._history else 0.0
        self._history.append((time_s, values))
        begin_s = time_s - self.severity / 1000.0
        while len(self._history) > 1 and self._history[1][0] <= begin_s:
            self._history.pop(0)
        starts = [begin_s, *(max(begin_s, at) for at, _ in self._history), begin_s + step_s]
        spans = np.diff(np.minimum(starts, begin_s + step_s))
        acting = np.array([np.zeros_like(values), *(one for _, one in self._history)])
        return np.asarray(spans @ acting / step_s) if step_s > 0.0 else acting[0]


class SteeringDelay(_Delay):
    """Wheels that follow the driver's steer later."""

    kind, unit, highest = "steering_delay", "ms", 1000.0

    def change_control(self, control: Control, time_s: float) -> Control:
        """Return the control with an earlier steer."""
        return replace(control, steer=float(self.delay(np.array([control.steer]), time_s)[0]))


class Latency(_Delay):
    """A driver that answers late: steer and pedals act later. It keeps up with the camera: it sees each image."""

    kind, unit, highest = "latency", "ms", 300.0

    def change_control(self, control: Control, time_s: float) -> Control:
        """Return an earlier control."""
        steer, throttle, brake = self.delay(np.array([control.steer, control.throttle, control.brake]), time_s)
        return replace(control, steer=float(steer), throttle=float(throttle), brake=float(brake))
