"""The expert: a privileged lane follower that sees the centre line, not the picture. Its steer is the label of every recording.

Feed-forward of the curvature a little ahead, and feedback of the lateral and heading error where the car will be: linear in the error
dynamics e'' = v^2 (kappa - kappa_route), with the gains of a critically damped spring whose length is a distance, not a time.
"""

from __future__ import annotations

import math
from typing import Any

from driving.drivers.driver import Action, DriveContext
from driving.drivers.speed import SpeedControl
from driving.quantities import Control, Observation

SETTLING_M, SETTLING_S = 3.0, 0.35  # the spring's length: this far, and this many seconds of driving; softer labels were learnt better
DELAY_S = 0.02  # on top of half a step: the tyres' answer; with 0.02 the error in town corners of 6 m radius is 0.25 m at most, with 0.18 0.7 m
# In a steady bend the body does not point along its path: by the rear axle's distance at a crawl, by the tyres' slip at speed. Fitted on
# 6,434 steady ticks of a Model 3 on our server: heading error = (-1.18 m + 0.0058 s^2/m v^2) kappa, to 2.7 mrad; no understeer was found.
REAR_SHARE, SLIP_S2PM = 0.41, 0.0058
# Corrections beyond this are rare and violent, and as labels they drown the rest: without the bound 1 % of the labels lay beyond 0.09/m.
MOST_FEEDBACK_PER_M = 0.05


class Expert:
    """Follows the route's centre line."""

    name = "expert"

    def reset(self, context: DriveContext) -> None:
        """Begin a drive along the context's route."""
        self._route, self._bicycle = context.route, context.bicycle
        self._speed = SpeedControl(context.route, context.max_speed_mps)
        self._dt_s = context.dt_s

    def act(self, observation: Observation) -> Action:
        """The expert's control; it is its own label."""
        lane, speed = observation.lane, max(0.0, observation.vehicle.speed_mps)
        throttle, brake = self._speed.pedals(lane.s_m, observation.vehicle.speed_mps, observation.vehicle.pose.pitch_rad, observation.dt_s)
        control = Control(self.steer(lane.s_m, lane.lateral_m, lane.heading_error_rad, speed), throttle, brake)
        return Action(control, label=control)

    def steer(self, s_m: float, lateral_m: float, heading_error_rad: float, speed_mps: float) -> float:
        """The steer in [-1, 1] for a place and heading relative to the route (right positive)."""
        ahead = speed_mps * (DELAY_S + self._dt_s / 2.0)
        bend = float(self._route.curvature_at(s_m))
        course = math.sin(heading_error_rad - bend * (SLIP_S2PM * speed_mps**2 - REAR_SHARE * self._bicycle.wheelbase_m))
        lateral = lateral_m + course * ahead
        length = SETTLING_M + SETTLING_S * speed_mps
        # critically damped: e'' + 2 e' / L + e / L^2 = 0 over the distance driven
        feedback = -lateral / length**2 - 2.0 * course / length
        feedback = max(-MOST_FEEDBACK_PER_M, min(MOST_FEEDBACK_PER_M, feedback))
        return self._bicycle.steer(float(self._route.curvature_at(s_m + ahead)) + feedback, speed_mps)

    def neurons(self) -> dict[str, Any] | None:
        """None: the expert has no neurons."""
        return None
