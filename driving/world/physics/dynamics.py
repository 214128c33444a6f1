"""How cars move: a dynamic single-track model with tyre saturation, over N cars at once, in sub-steps. Compiled by numba.

Left to others: the meaning of the parameters (`vehicle_physics`), the ground under the wheels (`ground/contact.py`), the springs (`suspension`),
contacts between bodies (`collisions`).
Axes: body x forward, y right, yaw clockwise (CARLA's left-handed frame, `driving.quantities`). SI units throughout.

Tyres. The slip angle is alpha = -atan2(v_lat, |v_long|) at each axle. The lateral force is mu F_z sin(atan(c alpha / mu)), with c the cornering
stiffness per load (1/rad), scaled by what the longitudinal force leaves of the friction circle. Slopes and banks enter through the ground's
slope; loads shift with longitudinal acceleration.
Stiffness at low speed is the difficulty of this model: explicit Euler is unstable below about 2 m/s. The lateral force is therefore taken as
-K v_lat with the secant stiffness K, and solved implicitly together with yaw (a 2x2 system per sub-step). This is stable at rest and in reverse.
Brakes and rolling resistance are Coulomb forces: they can stop a car but never push it, so a car stays on a slope.
The ground is read once per tick, at the end, under four wheels. The plane through them is the ground for the sub-steps of the next tick, and
what the body's springs stand on (`suspension`). Places and angles move by the mean of the rates before and after a sub-step, so that the rates
are those of the places.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from numba import njit

from driving.world.physics.suspension import bounce, tilt
from driving.world.physics.vehicle_physics import (
    AUTOBOX,
    BRAKE_FRONT,
    BRAKE_REAR,
    CG_HEIGHT,
    DAMP_FULL,
    DAMP_ZERO,
    DRAG,
    FINAL_RATIO,
    FRONT_ARM,
    GEAR_COUNT,
    GEAR_DOWN,
    GEAR_RATIO,
    GEAR_UP,
    GRAVITY,
    HALF_TRACK,
    HAND_BRAKE_REAR,
    LONG_OFFSET,
    MASS,
    MAX_RPM,
    MAX_STEER,
    MU_FRONT,
    MU_REAR,
    RADIUS,
    REAR_ARM,
    STEER_CURVE,
    STEER_CURVE_TOP_KMH,
    STEER_POINTS,
    STIFF_FRONT,
    STIFF_REAR,
    SWITCH_TIME,
    TORQUE,
    TORQUE_POINTS,
    YAW_INERTIA,
)

SUBSTEP_S = 0.005
STEER_RATE_RADPS = 3.0  # of the road wheel at full rate: lock to lock in 0.8 s
ROLLING_RESISTANCE = 0.012
# Stability control, as every road car has it: the front axle's side force stays below what the rear axle can balance. The rear axle's load falls
# as the turned front wheels slow the car. At its limit a car runs wide; without stability control it would spin.
STABLE_SHARE = 0.95
IDLE_RPM = 800.0
SLIP_SPEED_FLOOR_MPS = 0.5
# A car on its springs never stands exactly level. This matters: CARLA's agents take what lies at an angle of exactly 0 as not ahead of them, and in
# float32 a level car that is in line with a red light sees it at that angle.
RAKE_RAD = math.radians(0.05)

HIGHEST_STEP_M = 0.25  # how far a wheel climbs in one tick where the ground is above its plane
DEEPEST_UNDER_M = 1.0  # how far a wheel can be below the highest one; over deeper ground it hangs
NEAR_GROUND_M = 0.25  # a car that is put down no higher than this above the ground moves along it while it falls
STEEPEST = 1.0  # rise over distance between two wheels beyond which the body does not tilt
LEAP_MPS = 0.5  # an upward speed above this lifts a car off the road

# Columns of the state, one row per car.
(
    X,  # the origin of the car in the world (m)
    Y,
    Z,
    PITCH,  # rad
    YAW,
    ROLL,
    VX,  # velocity: forward and right in the car's frame, up in the world's (m/s)
    VY,
    VZ,
    PITCH_RATE,  # rad/s
    YAW_RATE,
    ROLL_RATE,
    STEER,  # angle of the front wheels (rad), right positive
    GEAR,  # -1 reverse, 0 neutral, 1 and more forward
    SHIFT_TIMER,  # how long the change of gears still takes (s)
    ON_GROUND,  # 1 on the ground, 0 in the air
    AX,  # acceleration over the last tick, without gravity, in the frame of the velocity (m/s^2)
    AY,
    AZ,
    RPM,  # of the engine
    GROUND_Z,  # the plane of the wheels: its height under the origin (m)
    GROUND_RATE,  # how fast that height rises (m/s)
    GRADE,  # its rise per metre forward
    BANK,  # its rise per metre to the right
    FRICTION,  # of the ground, 1 on dry asphalt
    PLACED,  # 1: put where it is from outside, so that the plane of its wheels is not known yet
    STATE_WIDTH,
) = range(27)
WHEELS = 4  # front left, front right, rear left, rear right
# Columns of the control, one row per car.
(
    C_STEER,  # -1 to 1, right positive
    C_THROTTLE,  # 0 to 1
    C_BRAKE,  # 0 to 1
    C_HAND_BRAKE,  # more than 0: on
    C_REVERSE,  # more than 0: on
    C_MANUAL,  # more than 0: the gear is C_GEAR
    C_GEAR,
    CONTROL_WIDTH,
) = range(8)
# Columns of what acts from outside, one row per car.
(
    E_FX,  # force in the world (N)
    E_FY,
    E_FZ,
    E_TORQUE,  # about the vertical axis (N m), clockwise positive
    E_GRAVITY,  # share of gravity: 1 on, 0 off
    E_SIMULATE,  # 1 moves, 0 stays
    E_FRICTION,  # factor on the ground's friction
    EXTERNAL_WIDTH,
) = range(8)


class GroundLike(Protocol):
    """What cars need to know of a ground."""

    def height(self, x: np.ndarray, y: np.ndarray, z_hint: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return height (N,) m and friction (N,) under N points; z_hint (N,) m tells bridges from the roads below."""
        ...


def no_external(count: int) -> np.ndarray:
    """Return external influences (N, EXTERNAL_WIDTH) of undisturbed cars: no force, gravity and simulation on, friction factor 1."""
    external = np.zeros((count, EXTERNAL_WIDTH))
    external[:, [E_GRAVITY, E_SIMULATE, E_FRICTION]] = 1.0
    return external


def place(x_m: float, y_m: float, z_m: float, pitch_rad: float = 0.0, yaw_rad: float = 0.0, roll_rad: float = 0.0) -> np.ndarray:
    """Return the state row (STATE_WIDTH,) of a car at rest at a pose."""
    row = np.zeros(STATE_WIDTH)
    row[[X, Y, Z, PITCH, YAW, ROLL]] = x_m, y_m, z_m, pitch_rad, yaw_rad, roll_rad
    row[[GEAR, FRICTION, PLACED]] = 1.0
    return row


def step_vehicles(state: np.ndarray, parameters: np.ndarray, control: np.ndarray, external: np.ndarray, ground: GroundLike, dt_s: float) -> None:
    """Move N cars by `dt_s` seconds, in place.

    state (N, STATE_WIDTH), parameters (N, vehicle_physics.PARAMETER_WIDTH), control (N, CONTROL_WIDTH), external (N, EXTERNAL_WIDTH).
    """
    if len(state) == 0 or dt_s <= 0.0:
        return
    placed = np.flatnonzero((state[:, PLACED] > 0.0) & (external[:, E_SIMULATE] > 0.0))
    if len(placed):
        rows = state[placed]
        _put_down(rows, parameters[placed], *ground.height(*_place_wheels(rows, parameters[placed], 0.0)))
        state[placed] = rows
    steps = max(1, math.ceil(dt_s / SUBSTEP_S - 1e-9))
    _advance(state, parameters, control, external, steps, dt_s / steps)
    wheels = _place_wheels(state, parameters, dt_s)
    _settle(state, parameters, external, wheels, ground.height(*wheels), steps, dt_s / steps)


def world_velocity(state: np.ndarray) -> np.ndarray:
    """Return velocities (N, 3) in the world (m/s)."""
    cos, sin = np.cos(state[:, YAW]), np.sin(state[:, YAW])
    vx, vy = state[:, VX], state[:, VY]
    return np.stack([cos * vx - sin * vy, sin * vx + cos * vy, state[:, VZ]], axis=1)


def set_world_velocity(row: np.ndarray, velocity: tuple[float, float, float]) -> None:
    """Set the velocity in one car's state row (STATE_WIDTH,) from a velocity in the world (m/s).

    A car on the ground goes on along it, unless the velocity is upwards by more than LEAP_MPS.
    """
    cos, sin = math.cos(row[YAW]), math.sin(row[YAW])
    row[VX] = cos * velocity[0] + sin * velocity[1]
    row[VY] = -sin * velocity[0] + cos * velocity[1]
    row[VZ] = velocity[2]
    if row[ON_GROUND] > 0.0 and velocity[2] <= LEAP_MPS:
        row[VZ] = row[GROUND_RATE] = row[GRADE] * row[VX] + row[BANK] * row[VY]


def set_angular_velocity(row: np.ndarray, velocity_radps: tuple[float, float, float]) -> None:
    """Set the rates of the angles in one car's state row (STATE_WIDTH,) from an angular velocity in the world; see `poses.turning`."""
    cos, sin = math.cos(row[YAW]), math.sin(row[YAW])
    x, y, z = velocity_radps
    row[PITCH_RATE] = sin * x - cos * y
    row[ROLL_RATE] = -(cos * x + sin * y) / max(math.cos(row[PITCH]), 1e-3)
    row[YAW_RATE] = z + row[ROLL_RATE] * math.sin(row[PITCH])


@njit(cache=True, nogil=True)
def _advance(state, parameters, control, external, steps, dt_s):  # type: ignore[no-untyped-def]
    """Move cars by `steps` sub-steps of `dt_s`, in place; the arrays are those of `step_vehicles`."""
    for i in range(state.shape[0]):
        if external[i, E_SIMULATE] > 0.0:
            for _ in range(steps):
                _substep(state[i], parameters[i], control[i], external[i], dt_s)


@njit(cache=True, nogil=True)
def _substep(car, parameters, control, external, dt_s):  # type: ignore[no-untyped-def]
    """Move one car by a sub-step over the plane of its wheels, in place; all arguments but the last are its rows."""
    cos, sin = math.cos(car[YAW]), math.sin(car[YAW])
    _steer(car, parameters, control, dt_s)
    mass = parameters[MASS]
    fx_out = cos * external[E_FX] + sin * external[E_FY]
    fy_out = -sin * external[E_FX] + cos * external[E_FY]
    speed_x, speed_y, turn = cos * car[VX] - sin * car[VY], sin * car[VX] + cos * car[VY], car[YAW_RATE]
    if car[ON_GROUND] > 0.0:
        # gravity along the tangent plane, in body axes: g (n_z n - z) projected
        gravity = GRAVITY * external[E_GRAVITY] / (1.0 + car[GRADE] ** 2 + car[BANK] ** 2)
        _drive_on_ground(car, parameters, control, external, fx_out - mass * gravity * car[GRADE], fy_out - mass * gravity * car[BANK], dt_s)
    else:
        _shift(car, parameters, control, dt_s)
        car[YAW_RATE] += dt_s * external[E_TORQUE] / parameters[YAW_INERTIA]
        yaw = dt_s * (turn + car[YAW_RATE]) / 2.0  # the car turns, its velocity in the world does not
        vx, vy = car[VX] + dt_s * fx_out / mass, car[VY] + dt_s * fy_out / mass
        car[VX], car[VY] = math.cos(yaw) * vx + math.sin(yaw) * vy, math.cos(yaw) * vy - math.sin(yaw) * vx
    car[YAW] += dt_s * (turn + car[YAW_RATE]) / 2.0
    cos, sin = math.cos(car[YAW]), math.sin(car[YAW])
    car[X] += dt_s * (speed_x + cos * car[VX] - sin * car[VY]) / 2.0
    car[Y] += dt_s * (speed_y + sin * car[VX] + cos * car[VY]) / 2.0


@njit(cache=True, nogil=True)
def _steer(car, parameters, control, dt_s):  # type: ignore[no-untyped-def]
    """Turn the front wheels towards the wanted angle, which the steering curve reduces with speed."""
    place = min(math.sqrt(car[VX] ** 2 + car[VY] ** 2) * 3.6 / STEER_CURVE_TOP_KMH, 1.0) * (STEER_POINTS - 1)
    low = min(int(place), STEER_POINTS - 2)
    share = place - low
    factor = parameters[STEER_CURVE + low] * (1.0 - share) + parameters[STEER_CURVE + low + 1] * share
    wanted = min(max(control[C_STEER], -1.0), 1.0) * parameters[MAX_STEER] * factor
    limit = STEER_RATE_RADPS * dt_s
    car[STEER] += min(max(wanted - car[STEER], -limit), limit)


@njit(cache=True, nogil=True)
def _shift(car, parameters, control, dt_s):  # type: ignore[no-untyped-def]
    """Choose the gear and update the engine's speed."""
    gear = int(car[GEAR])
    count = int(parameters[GEAR_COUNT])
    if car[SHIFT_TIMER] > 0.0:
        car[SHIFT_TIMER] -= dt_s
    wanted = gear
    if control[C_MANUAL] > 0.0:
        wanted = min(max(int(control[C_GEAR]), -1), count)
    elif control[C_REVERSE] > 0.0:
        wanted = -1
    elif gear < 1:
        wanted = 1
    elif parameters[AUTOBOX] > 0.0 and car[SHIFT_TIMER] <= 0.0:
        share = car[RPM] / parameters[MAX_RPM]
        if share > parameters[GEAR_UP + gear - 1] and gear < count:
            wanted = gear + 1
        elif gear > 1 and share < parameters[GEAR_DOWN + gear - 1]:
            wanted = gear - 1
    if wanted != gear:
        car[GEAR] = wanted
        car[SHIFT_TIMER] = parameters[SWITCH_TIME]
    ratio = _find_gear_ratio(car, parameters)
    car[RPM] = min(max(abs(car[VX]) / parameters[RADIUS] * abs(ratio) * 30.0 / math.pi, IDLE_RPM), parameters[MAX_RPM])


@njit(cache=True, nogil=True)
def _find_gear_ratio(car, parameters):  # type: ignore[no-untyped-def]
    """Return the ratio of engine to wheel speed, negative in reverse, 0 in neutral."""
    gear = int(car[GEAR])
    if gear == 0:
        return 0.0
    if gear < 0:
        return -parameters[GEAR_RATIO] * parameters[FINAL_RATIO]
    return parameters[GEAR_RATIO + gear - 1] * parameters[FINAL_RATIO]


@njit(cache=True, nogil=True)
def _find_drive_force(car, parameters, control):  # type: ignore[no-untyped-def]
    """Return the engine's force on the road, drag of the engine included (N, forward positive)."""
    ratio = _find_gear_ratio(car, parameters)
    throttle = min(max(control[C_THROTTLE], 0.0), 1.0)
    spin = abs(car[VX]) / parameters[RADIUS] * abs(ratio) * 30.0 / math.pi
    force = 0.0
    if ratio != 0.0 and car[SHIFT_TIMER] <= 0.0 and spin < parameters[MAX_RPM]:
        place = car[RPM] / parameters[MAX_RPM] * (TORQUE_POINTS - 1)
        low = min(int(place), TORQUE_POINTS - 2)
        share = place - low
        torque = parameters[TORQUE + low] * (1.0 - share) + parameters[TORQUE + low + 1] * share
        force = throttle * torque * ratio / parameters[RADIUS]
    damping = parameters[DAMP_FULL] * throttle + parameters[DAMP_ZERO] * (1.0 - throttle)
    return force - damping * car[VX] * (ratio / parameters[RADIUS]) ** 2


@njit(cache=True, nogil=True)
def _find_side_stiffness(v_long, v_lat, load, mu, stiffness, fx):  # type: ignore[no-untyped-def]
    """Return the secant stiffness K (N s/m) of an axle, whose lateral force is -K v_lat.

    v_long, v_lat: its velocity (m/s); load (N); mu: friction; stiffness per load (1/rad); fx: its longitudinal force (N).
    """
    if load <= 0.0:
        return 0.0
    grip = math.sqrt(max(1.0 - (fx / max(mu * load, 1e-6)) ** 2, 0.01))
    forward = max(abs(v_long), SLIP_SPEED_FLOOR_MPS)
    slip = math.atan(abs(v_lat) / forward)
    if slip < 1e-4:
        return stiffness * load * grip / forward
    return mu * load * grip * math.sin(math.atan(stiffness * slip / max(mu, 1e-6))) / abs(v_lat)


@njit(cache=True, nogil=True)
def _drive_on_ground(car, parameters, control, external, fx_out, fy_out, dt_s):  # type: ignore[no-untyped-def]
    """Update velocities by a sub-step on the ground, from drive, brake and side forces; fx_out, fy_out: outside forces in the car's frame (N)."""
    mass, front, rear = parameters[MASS], parameters[FRONT_ARM], parameters[REAR_ARM]
    base = front + rear
    _shift(car, parameters, control, dt_s)
    weight = max(mass * GRAVITY * external[E_GRAVITY] / math.sqrt(1.0 + car[GRADE] ** 2 + car[BANK] ** 2) - external[E_FZ], 0.0)
    transfer = mass * car[AX] * parameters[CG_HEIGHT] / base
    load_front = min(max(weight * rear / base - transfer, 0.0), weight)
    load_rear = weight - load_front
    friction = car[FRICTION] * external[E_FRICTION]
    mu_front, mu_rear = parameters[MU_FRONT] * friction, parameters[MU_REAR] * friction

    drive = _find_drive_force(car, parameters, control)
    top = mu_front * load_front + mu_rear * load_rear
    drive = min(max(drive, -top), top)
    share_front = load_front / max(weight, 1e-6)
    brake = min(max(control[C_BRAKE], 0.0), 1.0)
    brake_front = min(brake * parameters[BRAKE_FRONT] / parameters[RADIUS], mu_front * load_front)
    hand = parameters[HAND_BRAKE_REAR] if control[C_HAND_BRAKE] > 0.0 else 0.0
    brake_rear = min((brake * parameters[BRAKE_REAR] + hand) / parameters[RADIUS], mu_rear * load_rear)
    resist = brake_front + brake_rear + min(ROLLING_RESISTANCE * weight, top)  # wheels without grip roll on

    cos, sin = math.cos(car[STEER]), math.sin(car[STEER])
    side_front = car[VY] + front * car[YAW_RATE]
    lat_front = -car[VX] * sin + side_front * cos
    sign = 1.0 if car[VX] > 0.0 else -1.0
    fx_front = drive * share_front - sign * brake_front
    fx_rear = drive * (1.0 - share_front) - sign * brake_rear
    moving = 1.0 if abs(car[VX]) > 0.05 else 0.0
    mu_side = min(mu_front, STABLE_SHARE * mu_rear * load_rear * rear / max(front * load_front, 1e-6))
    k_front = _find_side_stiffness(car[VX] * cos + side_front * sin, lat_front, load_front, mu_side, parameters[STIFF_FRONT], fx_front * moving)
    k_rear = _find_side_stiffness(car[VX], car[VY] - rear * car[YAW_RATE], load_rear, mu_rear, parameters[STIFF_REAR], fx_rear * moving)

    # implicit in (vy', r'): A (vy', r') = b
    kf = k_front * cos * cos
    push = k_front * cos * sin * car[VX] + drive * share_front * sin
    inertia = parameters[YAW_INERTIA]
    a11 = mass / dt_s + kf + k_rear
    a12 = kf * front - k_rear * rear + mass * car[VX]
    a21 = kf * front - k_rear * rear
    a22 = inertia / dt_s + kf * front * front + k_rear * rear * rear
    b1 = mass / dt_s * car[VY] + push + fy_out
    b2 = inertia / dt_s * car[YAW_RATE] + front * push + external[E_TORQUE]
    det = a11 * a22 - a12 * a21
    vy = (b1 * a22 - b2 * a12) / det
    turn = (a11 * b2 - a21 * b1) / det

    side = -k_front * (-car[VX] * sin + (vy + front * turn) * cos)
    pull = drive * share_front * cos + drive * (1.0 - share_front) - side * sin - parameters[DRAG] * car[VX] * abs(car[VX]) + fx_out
    speed = car[VX] + dt_s * (pull / mass + vy * turn)
    slow = dt_s * resist / mass
    speed = 0.0 if abs(speed) <= slow else speed - math.copysign(slow, speed)
    if speed == 0.0 and abs(vy) < 0.05 and abs(turn) < 0.05 and abs(fy_out) < 0.5 * top:
        vy, turn = 0.0, 0.0
    car[VX], car[VY], car[YAW_RATE] = speed, vy, turn


@njit(cache=True, nogil=True)
def _place_wheels(state, parameters, dt_s):  # type: ignore[no-untyped-def]
    """Return where all wheels are, each (WHEELS N,): x, y (m), and the height z (m) that their plane leads to in `dt_s`."""
    count = state.shape[0]
    x, y, z = np.empty(WHEELS * count), np.empty(WHEELS * count), np.empty(WHEELS * count)
    for i in range(count):
        car = state[i]
        cos, sin = math.cos(car[YAW]), math.sin(car[YAW])
        for k in range(WHEELS):
            forward = parameters[i, LONG_OFFSET] + (parameters[i, FRONT_ARM] if k < 2 else -parameters[i, REAR_ARM])
            right = parameters[i, HALF_TRACK] * (1.0 if k % 2 else -1.0)
            n = WHEELS * i + k
            x[n], y[n] = car[X] + cos * forward - sin * right, car[Y] + sin * forward + cos * right
            z[n] = car[Z] + car[GROUND_RATE] * dt_s + car[GRADE] * forward + car[BANK] * right
    return x, y, z


@njit(cache=True, nogil=True)
def _fit_plane(car, parameters, under):  # type: ignore[no-untyped-def]
    """Set the plane of one car's wheels from the heights (WHEELS,) of the ground under them (m)."""
    under = np.maximum(under, under.max() - DEEPEST_UNDER_M)
    front, rear = (under[0] + under[1]) / 2.0, (under[2] + under[3]) / 2.0
    grade = (front - rear) / (parameters[FRONT_ARM] + parameters[REAR_ARM])
    car[GROUND_Z] = rear + grade * (parameters[REAR_ARM] - parameters[LONG_OFFSET])
    car[GRADE] = min(max(grade, -STEEPEST), STEEPEST)
    car[BANK] = min(max((under[1] + under[3] - under[0] - under[2]) / (4.0 * parameters[HALF_TRACK]), -STEEPEST), STEEPEST)
    car[GROUND_RATE] = car[GRADE] * car[VX] + car[BANK] * car[VY]


@njit(cache=True, nogil=True)
def _find_tilt(car):  # type: ignore[no-untyped-def]
    """Return the pitch and the roll (rad) of one car that stands on the plane of its wheels."""
    pitch = math.atan(car[GRADE])
    return pitch - RAKE_RAD, -math.atan(car[BANK] * math.cos(pitch))


@njit(cache=True, nogil=True)
def _put_down(state, parameters, height, friction):  # type: ignore[no-untyped-def]
    """Find the plane under the wheels of cars that were put in their places, and lift those that are below it onto it."""
    for i in range(state.shape[0]):
        car, own = state[i], slice(WHEELS * i, WHEELS * (i + 1))
        _fit_plane(car, parameters[i], height[own])
        car[FRICTION], car[PLACED], car[ON_GROUND] = friction[own].mean(), 0.0, 0.0
        car[PITCH_RATE], car[ROLL_RATE] = 0.0, 0.0
        if car[Z] < car[GROUND_Z] + NEAR_GROUND_M and car[VZ] <= LEAP_MPS:
            car[VZ] = car[GROUND_RATE]
        if car[Z] <= car[GROUND_Z]:
            car[Z], car[ON_GROUND] = car[GROUND_Z], 1.0
            car[PITCH], car[ROLL] = _find_tilt(car)


@njit(cache=True, nogil=True)
def _settle(state, parameters, external, wheels, under, steps, dt_s):  # type: ignore[no-untyped-def]
    """Move cars up and down, and tilt them, by `steps` sub-steps of `dt_s` on the ground that their wheels have reached.

    wheels: the places of `_place_wheels`; under: height and friction, each (WHEELS N,), of the ground under them.
    """
    height, friction = under
    for i in range(state.shape[0]):
        car, own = state[i], slice(WHEELS * i, WHEELS * (i + 1))
        if external[i, E_SIMULATE] <= 0.0:
            car[PLACED] = 1.0
            continue
        start = (car[GROUND_Z], car[GROUND_RATE])
        low_pitch, low_roll = _find_tilt(car)
        _fit_plane(car, parameters[i], np.minimum(height[own], wheels[2][own] + HIGHEST_STEP_M))
        car[FRICTION] = friction[own].mean()
        weight = GRAVITY * external[i, E_GRAVITY] - external[i, E_FZ] / parameters[i, MASS]
        car[Z], car[VZ], touches = bounce((car[Z], car[VZ]), start, (car[GROUND_Z], car[GROUND_RATE]), weight, steps, dt_s)
        car[ON_GROUND] = 1.0 if touches else 0.0
        high_pitch, high_roll = _find_tilt(car)
        if not touches:  # no spring turns a car in the air
            low_pitch, high_pitch, low_roll, high_roll = car[PITCH], car[PITCH], car[ROLL], car[ROLL]
        car[PITCH], car[PITCH_RATE] = tilt(car[PITCH], car[PITCH_RATE], low_pitch, high_pitch, steps, dt_s)
        car[ROLL], car[ROLL_RATE] = tilt(car[ROLL], car[ROLL_RATE], low_roll, high_roll, steps, dt_s)
        car[YAW] = (car[YAW] + math.pi) % (2.0 * math.pi) - math.pi


@njit(cache=True, nogil=True)
def set_accelerations(state, velocity, dt_s):  # type: ignore[no-untyped-def]
    """Set AX, AY and AZ of cars from their velocities (N, 3) in the world a tick earlier, and put the present ones in their place."""
    for i in range(state.shape[0]):
        car = state[i]
        cos, sin = math.cos(car[YAW]), math.sin(car[YAW])
        x, y, z = cos * car[VX] - sin * car[VY], sin * car[VX] + cos * car[VY], car[VZ]
        ax, ay = (x - velocity[i, 0]) / dt_s, (y - velocity[i, 1]) / dt_s
        car[AX], car[AY], car[AZ] = cos * ax + sin * ay, -sin * ax + cos * ay, (z - velocity[i, 2]) / dt_s
        velocity[i, 0], velocity[i, 1], velocity[i, 2] = x, y, z
