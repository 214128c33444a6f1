"""CARLA's Ackermann controller: turns a steering angle, a speed and an acceleration into pedals, tick by tick.

The wanted acceleration is GAIN_PER_S times the speed error, limited to what the client allows. The pedal is the one with which the car's own
torque or brakes give that acceleration (N = kg m/s^2). A client can set and read the controller's gains, but they have no effect here.
"""

from __future__ import annotations

import math

import numpy as np

from driving.standin.actors.kinds import Vehicle
from driving.world.physics import dynamics, vehicle_physics
from driving.world.physics.fleet import Fleet

DEFAULT_ACCELERATION_MPS2 = 3.0  # the limit where the client gives none
STANDING_MPS = 0.1  # below this speed a car counts as standing
GAIN_PER_S = 2.0  # wanted acceleration per speed error
LEAST_LOCK_RAD = 1e-3  # keeps the division finite for wheels that do not steer


def control_by_ackermann(vehicle: Vehicle, fleet: Fleet, dt_s: float) -> None:
    """Set the control row of a vehicle under Ackermann control for the next `dt_s` seconds."""
    wanted = vehicle.ackermann
    assert wanted is not None
    state, parameters, control = fleet.state[vehicle.row], fleet.parameters[vehicle.row], fleet.control[vehicle.row]
    lock_rad = max(float(parameters[vehicle_physics.MAX_STEER]), LEAST_LOCK_RAD)
    steer = max(-1.0, min(1.0, wanted.steer_rad / lock_rad))
    if wanted.steer_speed_radps > 0.0:
        most = wanted.steer_speed_radps * dt_s / lock_rad
        steer = float(control[dynamics.C_STEER]) + max(-most, min(most, steer - float(control[dynamics.C_STEER])))
    backwards = wanted.speed_mps < 0.0
    speed_mps = -float(state[dynamics.VX]) if backwards else float(state[dynamics.VX])
    limit_mps2 = abs(wanted.acceleration_mps2) or DEFAULT_ACCELERATION_MPS2
    push_mps2 = max(-limit_mps2, min(limit_mps2, GAIN_PER_S * (abs(wanted.speed_mps) - speed_mps)))
    if abs(wanted.speed_mps) < STANDING_MPS and abs(speed_mps) < 2.0 * STANDING_MPS:
        throttle, brake = 0.0, 1.0
    else:
        throttle, brake = _choose_pedals(parameters, push_mps2, speed_mps)
    control[:] = 0.0
    control[dynamics.C_STEER], control[dynamics.C_THROTTLE], control[dynamics.C_BRAKE] = steer, throttle, brake
    control[dynamics.C_REVERSE], control[dynamics.C_GEAR] = float(backwards), state[dynamics.GEAR]


def _choose_pedals(parameters: np.ndarray, push_mps2: float, speed_mps: float) -> tuple[float, float]:
    """Return throttle and brake in [0, 1] for an acceleration at a speed; `parameters` is one row of the fleet's."""
    mass_kg, radius_m = parameters[vehicle_physics.MASS], parameters[vehicle_physics.RADIUS]
    rolling_n = dynamics.ROLLING_RESISTANCE * mass_kg * vehicle_physics.GRAVITY * math.copysign(1.0, speed_mps)
    drag_n = parameters[vehicle_physics.DRAG] * speed_mps * abs(speed_mps) + rolling_n
    force_n = mass_kg * push_mps2 + (drag_n if speed_mps > STANDING_MPS else 0.0)
    if force_n >= 0.0:
        ratio = parameters[vehicle_physics.GEAR_RATIO]
        strongest_n = parameters[vehicle_physics.TORQUE] * ratio * parameters[vehicle_physics.FINAL_RATIO] / radius_m
        return min(1.0, float(force_n / max(strongest_n, 1.0))), 0.0
    brakes_n = (parameters[vehicle_physics.BRAKE_FRONT] + parameters[vehicle_physics.BRAKE_REAR]) / radius_m
    return 0.0, min(1.0, float(-force_n / max(brakes_n, 1.0)))
