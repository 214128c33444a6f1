"""The expert: a privileged lane follower that sees the centre line and not the image. Its steer is the label of every recording.

It adds a feed-forward of the route's curvature a little ahead and a feedback of the lateral and heading error at the place where the car will
be. The feedback is that of a critically damped spring over the distance driven: e'' + 2 e' / L + e / L^2 = 0 for the lateral error e and the
spring's length L.

On a junction without paint it holds its direction and leaves the lateral error alone until the next paint is near enough to be seen. No picture
tells there which of several lanes is the car's, so a label with the feedback would ask for what nobody can know. Of 16 departures in CARLA's towns 15
were on such junctions. This label alone did not clearly lower their number (docs/measurements.md).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from driving.drivers.driver import Action, DriveContext
from driving.drivers.speed import SpeedControl
from driving.quantities import Control, LaneState, Observation, VehicleState
from driving.world.maps.route import Route

SETTLING_M, SETTLING_S = 3.0, 0.35  # the spring's length is this distance plus this many seconds of driving; policies learn soft labels better
DELAY_S = 0.02  # the tyres' delay, added to half a tick. In town corners of 6 m radius the error is at most 0.25 m; with 0.18 s it is 0.7 m
# In a steady bend the car's body does not point along its path: at low speed because of the rear axle's distance, at high speed because of the
# tyres' slip. A fit on 6,434 steady ticks of a Model 3 on our server: heading error = (-1.18 m + 0.0058 s^2/m v^2) kappa, accurate to 2.7 mrad,
# without understeer.
REAR_SHARE, SLIP_S2PM = 0.41, 0.0058
# Larger corrections are rare, and as labels they outweigh the others: without this bound 1 % of the labels are beyond 0.09/m.
MAX_FEEDBACK_PER_M = 0.05
CLEAR_M, FAINT_M = 8.0, 14.0  # how far ahead the lane can be told from paint, and how far it can no longer: at 20 m a line is a third of a pixel wide
HIDDEN_M = 3.0  # how much of the road ahead the camera does not see
STRAIGHT_PER_M = 1.0 / 60.0  # a way that bends more than this has an edge of the asphalt beside it, which leads through the junction


class Expert:
    """A driver that follows the route's centre line."""

    name = "expert"

    def reset(self, context: DriveContext) -> None:
        """Begin a drive along the context's route."""
        self._route, self._bicycle = context.route, context.bicycle
        self._speed = SpeedControl(context.route, context.max_speed_mps)
        self._dt_s = context.dt_s
        self._guidance = find_guidance(context.route)

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
        guidance = float(self._route.interpolate(self._guidance, s_m))
        feedback = -guidance * lateral / length**2 - 2.0 * course / length
        feedback = max(-MAX_FEEDBACK_PER_M, min(MAX_FEEDBACK_PER_M, feedback))
        return self._bicycle.steer(float(self._route.curvature_at(s_m + ahead)) + feedback, speed_mps)

    def neurons(self) -> dict[str, Any] | None:
        """Return None: the expert has no network."""

    def time_constants(self) -> None:
        """Return None: the expert has no network."""


def find_guidance(route: Route) -> np.ndarray:
    """Return how well a driver can tell its lane at each point of a route (N,): 1 where paint or an edge leads it, 0 on junctions that have none."""
    leads = ~route.in_junction | route.painted | (np.abs(route.curvature_per_m) > STRAIGHT_PER_M)
    leading_m = route.s_m[leads]
    if not len(leading_m):
        return np.zeros(len(route.s_m))
    seen_from = route.s_m + HIDDEN_M
    if route.closed:
        leading_m = np.concatenate([leading_m, leading_m + route.length_m])
    else:
        leading_m = np.append(leading_m, seen_from[-1] if leads[-1] else np.inf)
    nearest_m = leading_m[np.minimum(np.searchsorted(leading_m, seen_from), len(leading_m) - 1)] - route.s_m
    return np.clip((FAINT_M - nearest_m) / (FAINT_M - CLEAR_M), 0.0, 1.0)
