"""The expert: a privileged lane follower that sees the centre line and not the image. Its steer is the label of every recording.

It adds a feed-forward of the route's curvature a little ahead and a feedback of the lateral and heading error at the place where the car will
be. The feedback is that of a critically damped spring over the distance driven: e'' + 2 e' / L + e / L^2 = 0 for the lateral error e and the
spring's length L.
"""

from __future__ import annotations

import math
from typing import Any

from driving.drivers.driver import Action, DriveContext
from driving.drivers.speed import SpeedControl
from driving.quantities import Control, LaneState, Observation, VehicleState

SETTLING_M, SETTLING_S = 3.0, 0.35  # the spring's length is this distance plus this many seconds of driving; policies learn soft labels better
DELAY_S = 0.02  # the tyres' delay, added to half a tick. In town corners of 6 m radius the error is at most 0.25 m; with 0.18 s it is 0.7 m
# In a steady bend the car's body does not point along its path: at low speed because of the rear axle's distance, at high speed because of the
# tyres' slip. A fit on 6,434 steady ticks of a Model 3 on our server: heading error = (-1.18 m + 0.0058 s^2/m v^2) kappa, accurate to 2.7 mrad,
# without understeer.
REAR_SHARE, SLIP_S2PM = 0.41, 0.0058
# Larger corrections are rare, and as labels they outweigh the others: without this bound 1 % of the labels are beyond 0.09/m.
MAX_FEEDBACK_PER_M = 0.05


class Expert:
    """A driver that follows the route's centre line."""

    name = "expert"

    def reset(self, context: DriveContext) -> None:
        """Begin a drive along the context's route."""
        self._route, self._bicycle = context.route, context.bicycle
        self._speed = SpeedControl(context.route, context.max_speed_mps)
        self._dt_s = context.dt_s

    def act(self, observation: Observation) -> Action:
        """Return the expert's control, which is also its label."""
        control = self.control(observation.vehicle, observation.lane, observation.dt_s)
        return Action(control, label=control)

    def control(self, vehicle: VehicleState, lane: LaneState, dt_s: float) -> Control:
        """Return what the expert does, who does not need the image. Call it once per tick: its speed control remembers."""
        throttle, brake = self._speed.pedals(lane.s_m, vehicle.speed_mps, vehicle.pose.pitch_rad, dt_s)
        return Control(self.steer(lane.s_m, lane.lateral_m, lane.heading_error_rad, max(0.0, vehicle.speed_mps)), throttle, brake)

    def steer(self, s_m: float, lateral_m: float, heading_error_rad: float, speed_mps: float) -> float:
        """Return the steer in [-1, 1] for a place and a heading relative to the route (right positive)."""
        ahead = speed_mps * (DELAY_S + self._dt_s / 2.0)
        bend = float(self._route.curvature_at(s_m))
        course = math.sin(heading_error_rad - bend * (SLIP_S2PM * speed_mps**2 - REAR_SHARE * self._bicycle.wheelbase_m))
        lateral = lateral_m + course * ahead
        length = SETTLING_M + SETTLING_S * speed_mps
        feedback = -lateral / length**2 - 2.0 * course / length
        feedback = max(-MAX_FEEDBACK_PER_M, min(MAX_FEEDBACK_PER_M, feedback))
        return self._bicycle.steer(float(self._route.curvature_at(s_m + ahead)) + feedback, speed_mps)

    def neurons(self) -> dict[str, Any] | None:
        """Return None: the expert has no network."""

    def time_constants(self) -> None:
        """Return None: the expert has no network."""
