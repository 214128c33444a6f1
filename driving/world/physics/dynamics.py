"""How cars move: a dynamic single-track model with tyre saturation over N cars at once, sub-stepped, compiled by numba.

Left to others: what the parameters mean (`vehicles`), the road under the wheels (`ground`), contacts between bodies.
Axes: body x forward, y right, yaw clockwise (CARLA's left-handed frame, `quantities`). SI units throughout.

Tyres. Slip angle alpha = -atan2(v_lat, |v_long|) at each axle; lateral force mu F_z sin(atan(c alpha / mu)) with c the
cornering stiffness per load (1/rad), scaled by what the longitudinal force leaves of the friction circle. Slopes and banks
enter through the ground's normal; loads shift with longitudinal acceleration.
Stiffness at low speed is the trap of this model: explicit Euler is unstable below about 2 m/s. The lateral force is
therefore taken as -K v_lat with the secant K and solved implicitly with yaw (a 2x2 system a sub-step), which is stable at
rest and in reverse. Brakes and rolling resistance are Coulomb forces: they can stop a car, never push it, so that it stays
on a slope.
The ground is read once a tick (a plane for the sub-steps: on a crest of 500 m radius this errs by 1.4 mm at 12 m/s and
0.1 s) and the height is set again from the ground at the tick's end.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from numba import njit

from driving.world.physics import vehicle_physics as p
from driving.world.physics.vehicle_physics import GRAVITY

SUBSTEP_S = 0.005
STEER_RATE_RADPS = 3.0  # of the road wheel at full rate: lock to lock in 0.8 s
ROLLING_RESISTANCE = 0.012
# Stability control, which every road car has: the front axle's side force stays below what the rear one can balance, whose load falls as the
# turned front wheels slow the car. At its limit a car ploughs wide; without this it would spin.
STABLE_SHARE = 0.95
IDLE_RPM = 800.0
SLIP_SPEED_FLOOR_MPS = 0.5
# A car on its springs never stands exactly level. It matters: CARLA's agents take what lies at an angle of exactly 0 for not ahead, and in
# float32 a level car that is in line with a red light sees it there.
RAKE_RAD = math.radians(0.05)

# Columns of the state, one row a car.
X, Y, Z, PITCH, YAW, ROLL, VX, VY, VZ, YAW_RATE, STEER, GEAR, SHIFT_TIMER, ON_GROUND, AX, AY, AZ, RPM, NX, NY, NZ, FRICTION, STATE_WIDTH = range(23)
# Columns of the control, one row a car.
C_STEER, C_THROTTLE, C_BRAKE, C_HAND_BRAKE, C_REVERSE, C_MANUAL, C_GEAR, CONTROL_WIDTH = range(8)
# Columns of what acts from outside, one row a car: force in the world frame (N), yaw torque (N m), gravity and simulation switches.
E_FX, E_FY, E_FZ, E_TORQUE, E_GRAVITY, E_SIMULATE, E_FRICTION, EXTERNAL_WIDTH = range(8)


class GroundLike(Protocol):
    """What cars need of a ground: height (m), unit normal and friction under N points."""

    def height(self, x: np.ndarray, y: np.ndarray, z_hint: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]: ...


def no_external(count: int) -> np.ndarray:
    """External influences (N, EXTERNAL_WIDTH) of undisturbed cars: no force, gravity and simulation on, friction scale 1."""
    external = np.zeros((count, EXTERNAL_WIDTH))
    external[:, [E_GRAVITY, E_SIMULATE, E_FRICTION]] = 1.0
    return external


def place(x_m: float, y_m: float, z_m: float, pitch_rad: float = 0.0, yaw_rad: float = 0.0, roll_rad: float = 0.0) -> np.ndarray:
    """The state row (STATE_WIDTH,) of a car at rest there."""
    row = np.zeros(STATE_WIDTH)
    row[[X, Y, Z, PITCH, YAW, ROLL]] = x_m, y_m, z_m, pitch_rad, yaw_rad, roll_rad
    row[GEAR], row[NZ], row[FRICTION] = 1.0, 1.0, 1.0
    return row


def step_vehicles(state: np.ndarray, parameters: np.ndarray, control: np.ndarray, external: np.ndarray, ground: GroundLike, dt_s: float) -> None:
    """Moves N cars by `dt_s` seconds, in place.

    state (N, STATE_WIDTH), parameters (N, vehicles.WIDTH), control (N, CONTROL_WIDTH), external (N, EXTERNAL_WIDTH).
    """
    if len(state) == 0 or dt_s <= 0.0:
        return
    before = state[:, [VX, VY, VZ, YAW]].copy()
    steps = max(1, math.ceil(dt_s / SUBSTEP_S - 1e-9))
    _advance(state, parameters, control, external, steps, dt_s / steps)
    height, normal, friction = ground.height(state[:, X].copy(), state[:, Y].copy(), state[:, Z].copy())
    _settle(state, external, height, normal, friction)
    _accelerations(state, before, dt_s)


def world_velocity(state: np.ndarray) -> np.ndarray:
    """Velocities (N, 3) in the world frame, m/s."""
    cos, sin = np.cos(state[:, YAW]), np.sin(state[:, YAW])
    vx, vy = state[:, VX], state[:, VY]
    return np.stack([cos * vx - sin * vy, sin * vx + cos * vy, state[:, VZ]], axis=1)


def set_world_velocity(row: np.ndarray, velocity: tuple[float, float, float]) -> None:
    """Sets one car's velocity from the world frame (m/s)."""
    cos, sin = math.cos(row[YAW]), math.sin(row[YAW])
    row[VX] = cos * velocity[0] + sin * velocity[1]
    row[VY] = -sin * velocity[0] + cos * velocity[1]
    row[VZ] = velocity[2]


@njit(cache=True, nogil=True)
def _advance(state, parameters, control, external, steps, h):  # type: ignore[no-untyped-def]
    for i in range(state.shape[0]):
        if external[i, E_SIMULATE] > 0.0:
            for _ in range(steps):
                _substep(state[i], parameters[i], control[i], external[i], h)


@njit(cache=True, nogil=True)
def _substep(v, q, c, e, h):  # type: ignore[no-untyped-def]
    cos, sin = math.cos(v[YAW]), math.sin(v[YAW])
    _steer(v, q, c, h)
    mass = q[p.MASS]
    fx_out = cos * e[E_FX] + sin * e[E_FY]
    fy_out = -sin * e[E_FX] + cos * e[E_FY]
    if v[ON_GROUND] > 0.0:
        # gravity along the tangent plane, in body axes: g (n_z n - z) projected
        gravity = GRAVITY * e[E_GRAVITY] * v[NZ]
        fx_out += mass * gravity * (cos * v[NX] + sin * v[NY])
        fy_out += mass * gravity * (-sin * v[NX] + cos * v[NY])
        _roll(v, q, c, e, fx_out, fy_out, h)
    else:
        _shift(v, q, c, h)
        v[VX] += h * (fx_out / mass + v[VY] * v[YAW_RATE])
        v[VY] += h * (fy_out / mass - v[VX] * v[YAW_RATE])
        v[VZ] += h * (e[E_FZ] / mass - GRAVITY * e[E_GRAVITY])
        v[YAW_RATE] += h * e[E_TORQUE] / q[p.YAW_INERTIA]
        v[Z] += h * v[VZ]
    v[X] += h * (cos * v[VX] - sin * v[VY])
    v[Y] += h * (sin * v[VX] + cos * v[VY])
    v[YAW] += h * v[YAW_RATE]
    if v[ON_GROUND] > 0.0:
        # follow the plane: n . velocity = 0
        slope = -(v[NX] * (cos * v[VX] - sin * v[VY]) + v[NY] * (sin * v[VX] + cos * v[VY])) / v[NZ]
        v[VZ] = slope
        v[Z] += h * slope


@njit(cache=True, nogil=True)
def _steer(v, q, c, h):  # type: ignore[no-untyped-def]
    place = min(math.sqrt(v[VX] ** 2 + v[VY] ** 2) * 3.6 / p.STEER_CURVE_TOP_KMH, 1.0) * (p.STEER_POINTS - 1)
    low = min(int(place), p.STEER_POINTS - 2)
    share = place - low
    factor = q[p.STEER_CURVE + low] * (1.0 - share) + q[p.STEER_CURVE + low + 1] * share
    wanted = min(max(c[C_STEER], -1.0), 1.0) * q[p.MAX_STEER] * factor
    limit = STEER_RATE_RADPS * h
    v[STEER] += min(max(wanted - v[STEER], -limit), limit)


@njit(cache=True, nogil=True)
def _shift(v, q, c, h):  # type: ignore[no-untyped-def]
    gear = int(v[GEAR])
    count = int(q[p.GEAR_COUNT])
    if v[SHIFT_TIMER] > 0.0:
        v[SHIFT_TIMER] -= h
    wanted = gear
    if c[C_MANUAL] > 0.0:
        wanted = min(max(int(c[C_GEAR]), -1), count)
    elif c[C_REVERSE] > 0.0:
        wanted = -1
    elif gear < 1:
        wanted = 1
    elif q[p.AUTOBOX] > 0.0 and v[SHIFT_TIMER] <= 0.0:
        share = v[RPM] / q[p.MAX_RPM]
        if share > q[p.GEAR_UP + gear - 1] and gear < count:
            wanted = gear + 1
        elif gear > 1 and share < q[p.GEAR_DOWN + gear - 1]:
            wanted = gear - 1
    if wanted != gear:
        v[GEAR] = wanted
        v[SHIFT_TIMER] = q[p.SWITCH_TIME]
    ratio = _ratio(v, q)
    v[RPM] = min(max(abs(v[VX]) / q[p.RADIUS] * abs(ratio) * 30.0 / math.pi, IDLE_RPM), q[p.MAX_RPM])


@njit(cache=True, nogil=True)
def _ratio(v, q):  # type: ignore[no-untyped-def]
    gear = int(v[GEAR])
    if gear == 0:
        return 0.0
    if gear < 0:
        return -q[p.GEAR_RATIO] * q[p.FINAL_RATIO]
    return q[p.GEAR_RATIO + gear - 1] * q[p.FINAL_RATIO]


@njit(cache=True, nogil=True)
def _drive_force(v, q, c):  # type: ignore[no-untyped-def]
    ratio = _ratio(v, q)
    throttle = min(max(c[C_THROTTLE], 0.0), 1.0)
    spin = abs(v[VX]) / q[p.RADIUS] * abs(ratio) * 30.0 / math.pi
    force = 0.0
    if ratio != 0.0 and v[SHIFT_TIMER] <= 0.0 and spin < q[p.MAX_RPM]:
        place = v[RPM] / q[p.MAX_RPM] * (p.TORQUE_POINTS - 1)
        low = min(int(place), p.TORQUE_POINTS - 2)
        share = place - low
        torque = q[p.TORQUE + low] * (1.0 - share) + q[p.TORQUE + low + 1] * share
        force = throttle * torque * ratio / q[p.RADIUS]
    damping = q[p.DAMP_FULL] * throttle + q[p.DAMP_ZERO] * (1.0 - throttle)
    return force - damping * v[VX] * (ratio / q[p.RADIUS]) ** 2


@njit(cache=True, nogil=True)
def _side_stiffness(v_long, v_lat, load, mu, stiffness, fx):  # type: ignore[no-untyped-def]
    """Secant stiffness K (N s/m) of an axle: its lateral force is -K v_lat."""
    if load <= 0.0:
        return 0.0
    grip = math.sqrt(max(1.0 - (fx / max(mu * load, 1e-6)) ** 2, 0.01))
    forward = max(abs(v_long), SLIP_SPEED_FLOOR_MPS)
    slip = math.atan(abs(v_lat) / forward)
    if slip < 1e-4:
        return stiffness * load * grip / forward
    return mu * load * grip * math.sin(math.atan(stiffness * slip / max(mu, 1e-6))) / abs(v_lat)


@njit(cache=True, nogil=True)
def _roll(v, q, c, e, fx_out, fy_out, h):  # type: ignore[no-untyped-def]
    """One sub-step on the ground: drive, brake and side forces, then velocities."""
    mass, front, rear = q[p.MASS], q[p.FRONT_ARM], q[p.REAR_ARM]
    base = front + rear
    _shift(v, q, c, h)
    weight = max(mass * GRAVITY * e[E_GRAVITY] * v[NZ] - e[E_FZ], 0.0)
    transfer = mass * v[AX] * q[p.CG_HEIGHT] / base
    load_front = min(max(weight * rear / base - transfer, 0.0), weight)
    load_rear = weight - load_front
    friction = v[FRICTION] * e[E_FRICTION]
    mu_front, mu_rear = q[p.MU_FRONT] * friction, q[p.MU_REAR] * friction

    drive = _drive_force(v, q, c)
    top = mu_front * load_front + mu_rear * load_rear
    drive = min(max(drive, -top), top)
    share_front = load_front / max(weight, 1e-6)
    brake = min(max(c[C_BRAKE], 0.0), 1.0)
    brake_front = min(brake * q[p.BRAKE_FRONT] / q[p.RADIUS], mu_front * load_front)
    hand = q[p.HAND_BRAKE_REAR] if c[C_HAND_BRAKE] > 0.0 else 0.0
    brake_rear = min((brake * q[p.BRAKE_REAR] + hand) / q[p.RADIUS], mu_rear * load_rear)
    resist = brake_front + brake_rear + min(ROLLING_RESISTANCE * weight, top)  # wheels without grip roll on

    cos, sin = math.cos(v[STEER]), math.sin(v[STEER])
    side_front = v[VY] + front * v[YAW_RATE]
    lat_front = -v[VX] * sin + side_front * cos
    sign = 1.0 if v[VX] > 0.0 else -1.0
    fx_front = drive * share_front - sign * brake_front
    fx_rear = drive * (1.0 - share_front) - sign * brake_rear
    moving = 1.0 if abs(v[VX]) > 0.05 else 0.0
    mu_side = min(mu_front, STABLE_SHARE * mu_rear * load_rear * rear / max(front * load_front, 1e-6))
    k_front = _side_stiffness(v[VX] * cos + side_front * sin, lat_front, load_front, mu_side, q[p.STIFF_FRONT], fx_front * moving)
    k_rear = _side_stiffness(v[VX], v[VY] - rear * v[YAW_RATE], load_rear, mu_rear, q[p.STIFF_REAR], fx_rear * moving)

    # implicit in (vy', r'): A (vy', r') = b
    kf = k_front * cos * cos
    push = k_front * cos * sin * v[VX] + drive * share_front * sin
    inertia = q[p.YAW_INERTIA]
    a11 = mass / h + kf + k_rear
    a12 = kf * front - k_rear * rear + mass * v[VX]
    a21 = kf * front - k_rear * rear
    a22 = inertia / h + kf * front * front + k_rear * rear * rear
    b1 = mass / h * v[VY] + push + fy_out
    b2 = inertia / h * v[YAW_RATE] + front * push + e[E_TORQUE]
    det = a11 * a22 - a12 * a21
    vy = (b1 * a22 - b2 * a12) / det
    turn = (a11 * b2 - a21 * b1) / det

    side = -k_front * (-v[VX] * sin + (vy + front * turn) * cos)
    pull = drive * share_front * cos + drive * (1.0 - share_front) - side * sin - q[p.DRAG] * v[VX] * abs(v[VX]) + fx_out
    speed = v[VX] + h * (pull / mass + vy * turn)
    slow = h * resist / mass
    speed = 0.0 if abs(speed) <= slow else speed - math.copysign(slow, speed)
    if speed == 0.0 and abs(vy) < 0.05 and abs(turn) < 0.05 and abs(fy_out) < 0.5 * top:
        vy, turn = 0.0, 0.0
    v[VX], v[VY], v[YAW_RATE] = speed, vy, turn


@njit(cache=True, nogil=True)
def _settle(state, external, height, normal, friction):  # type: ignore[no-untyped-def]
    for i in range(state.shape[0]):
        v = state[i]
        v[FRICTION] = friction[i]
        if external[i, E_SIMULATE] <= 0.0:
            continue
        gap = v[Z] - height[i]
        grounded = v[ON_GROUND] > 0.0
        # a car on the ground leaves it only where the ground falls away faster than it can fall in a tick
        if gap <= 0.0 or (grounded and gap < 0.15 and external[i, E_GRAVITY] > 0.0):
            if not grounded and v[VZ] < 0.0:
                v[VZ] = 0.0
            v[Z], v[ON_GROUND] = height[i], 1.0
            v[NX], v[NY], v[NZ] = normal[i, 0], normal[i, 1], normal[i, 2]
            cos, sin = math.cos(v[YAW]), math.sin(v[YAW])
            along = (v[NX] * cos + v[NY] * sin) / v[NZ]
            across = (-v[NX] * sin + v[NY] * cos) / v[NZ]
            v[PITCH], v[ROLL] = -math.atan(along) - RAKE_RAD, math.atan(across)
        else:
            v[ON_GROUND] = 0.0
        v[YAW] = (v[YAW] + math.pi) % (2.0 * math.pi) - math.pi


@njit(cache=True, nogil=True)
def _accelerations(state, before, dt):  # type: ignore[no-untyped-def]
    """Body-frame acceleration over the tick (m/s^2), without gravity."""
    for i in range(state.shape[0]):
        v = state[i]
        turn = v[YAW] - before[i, 3]
        cos, sin = math.cos(turn), math.sin(turn)
        old_x = cos * before[i, 0] + sin * before[i, 1]
        old_y = -sin * before[i, 0] + cos * before[i, 1]
        v[AX], v[AY], v[AZ] = (v[VX] - old_x) / dt, (v[VY] - old_y) / dt, (v[VZ] - before[i, 2]) / dt
