"""CARLA's Ackermann controller: a steering angle, a speed and an acceleration become pedals, tick by tick.

The pedal is the one that the car's own torque and brakes need for the wanted acceleration (N = kg m/s^2), plus what the speed error
has built up; the settings' gains are kept for the client but only the speed's proportional gain is used.
"""

from __future__ import annotations

import math

from driving.standin.actors.kinds import Vehicle
from driving.world.physics import dynamics as d
from driving.world.physics import vehicle_physics as p
from driving.world.physics.fleet import Fleet

DEFAULT_ACCELERATION_MPS2 = 3.0
STANDING_MPS = 0.1
GAIN_PER_S = 2.0


def drive(vehicle: Vehicle, fleet: Fleet, dt_s: float) -> None:
    """Sets the control of an Ackermann-driven vehicle for the next `dt_s`."""
    assert vehicle.ackermann is not None
    steer, steer_speed, speed, acceleration, _ = vehicle.ackermann
    state, parameters, control = fleet.state[vehicle.row], fleet.parameters[vehicle.row], fleet.control[vehicle.row]
    lock = max(float(parameters[p.MAX_STEER]), 1e-3)
    wanted = max(-1.0, min(1.0, steer / lock))
    if steer_speed > 0.0:
        most = steer_speed * dt_s / lock
        wanted = float(control[d.C_STEER]) + max(-most, min(most, wanted - float(control[d.C_STEER])))
    backwards = speed < 0.0
    now = -float(state[d.VX]) if backwards else float(state[d.VX])
    error = abs(speed) - now
    limit = abs(acceleration) or DEFAULT_ACCELERATION_MPS2
    push = max(-limit, min(limit, GAIN_PER_S * error))
    if abs(speed) < STANDING_MPS and abs(now) < 2.0 * STANDING_MPS:
        throttle, brake = 0.0, 1.0
    else:
        throttle, brake = _pedals(parameters, push, now)
    gear = state[d.GEAR]
    control[:] = (wanted, throttle, brake, 0.0, float(backwards), 0.0, gear)


def _pedals(parameters: object, push_mps2: float, speed_mps: float) -> tuple[float, float]:
    q = parameters
    mass, radius = q[p.MASS], q[p.RADIUS]  # type: ignore[index]
    drag = q[p.DRAG] * speed_mps * abs(speed_mps) + d.ROLLING_RESISTANCE * mass * d.GRAVITY * math.copysign(1.0, speed_mps)  # type: ignore[index]
    force = mass * push_mps2 + (drag if speed_mps > STANDING_MPS else 0.0)
    if force >= 0.0:
        strongest = q[p.TORQUE] * q[p.GEAR_RATIO] * q[p.FINAL_RATIO] / radius  # type: ignore[index]
        return min(1.0, float(force / max(strongest, 1.0))), 0.0
    brakes = (q[p.BRAKE_FRONT] + q[p.BRAKE_REAR]) / radius  # type: ignore[index]
    return 0.0, min(1.0, float(-force / max(brakes, 1.0)))
