"""What makes one car drive differently from another: CARLA's `VehiclePhysicsControl`, packed into arrays for `dynamics`.

The fields are CARLA's, so that `apply_physics_control` reaches the dynamics. This world reads them as follows.
The tyre friction coefficient mu is `tire_friction` times the ground's friction (1.0 on dry asphalt). Brakes are sized by mass for FULL_BRAKE_G: on
a road with enough grip a full brake stops in v^2 / (2 min(mu, FULL_BRAKE_G) g), and a tyre with grip to spare still steers while it brakes.
The cornering stiffness of an axle is `lat_stiff_value` times its load (1/rad). Engine damping (N m s/rad) is interpolated by throttle.
Lengths are metres here; the server converts them from the wire's centimetres.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

from driving.quantities import UserError

TORQUE_POINTS = 33  # samples of the torque curve over [0, max_rpm]
STEER_POINTS = 41  # samples of the steering curve over [0, STEER_CURVE_TOP_KMH]
STEER_CURVE_TOP_KMH = 200.0
GEARS = 8  # most forward gears
GRAVITY = 9.81
FULL_BRAKE_G = 1.0  # deceleration (g) of a full brake where the tyres hold; all four wheels lock at once at this mu
FRONT_BRAKE_SHARE = 0.65
LEAST_HALF_TRACK_M = 0.3  # a bicycle, whose wheels are in its middle, leans as the ground beside them does
HAND_BRAKE_G = 0.8  # deceleration (g) of the hand brake


@dataclass(frozen=True, slots=True)
class Wheel:
    """One wheel as CARLA describes it. The position is relative to the vehicle's origin; the first two wheels steer."""

    tire_friction: float = 1.0
    damping_rate: float = 0.25
    max_steer_angle_deg: float = 0.0
    radius_m: float = 0.355
    max_brake_torque_nm: float = 2000.0
    max_handbrake_torque_nm: float = 0.0
    lat_stiff_max_load: float = 2.0
    lat_stiff_value: float = 17.0
    long_stiff_value: float = 1000.0
    position_m: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Gear:
    """One forward gear: its ratio, and the shares of `max_rpm` below and above which the automatic gearbox shifts."""

    ratio: float = 1.0
    down_ratio: float = 0.3
    up_ratio: float = 0.9


def make_wheels(
    mass_kg: float, wheelbase_m: float, track_m: float, radius_m: float, steer_deg: float = 70.0, tire_friction: float = 1.0
) -> tuple[Wheel, ...]:
    """Return four wheels at the corners of wheelbase and track, the front ones steered, with brakes for a car of that mass."""
    half, side = wheelbase_m / 2.0, track_m / 2.0
    torque = mass_kg * GRAVITY * radius_m / 2.0  # on each wheel of an axle that is to slow the whole car by 1 g
    plain = Wheel(tire_friction=tire_friction, radius_m=radius_m)
    front = replace(plain, max_steer_angle_deg=steer_deg, max_brake_torque_nm=FULL_BRAKE_G * FRONT_BRAKE_SHARE * torque)
    rear = replace(plain, max_brake_torque_nm=FULL_BRAKE_G * (1.0 - FRONT_BRAKE_SHARE) * torque, max_handbrake_torque_nm=HAND_BRAKE_G * torque)
    return tuple(replace(wheel, position_m=(x, y, radius_m)) for wheel, x in ((front, half), (rear, -half)) for y in (-side, side))


@dataclass(frozen=True, slots=True)
class Physics:
    """A vehicle's physics, field by field as in CARLA's `VehiclePhysicsControl`; the default is near a Tesla Model 3."""

    torque_curve: tuple[tuple[float, float], ...] = ((0.0, 350.0), (6000.0, 350.0), (9000.0, 230.0), (16000.0, 125.0))
    max_rpm: float = 16000.0
    moi: float = 1.0
    damping_full_throttle: float = 0.01
    damping_zero_throttle_clutch_engaged: float = 0.05
    damping_zero_throttle_clutch_disengaged: float = 0.02
    use_gear_autobox: bool = True
    gear_switch_time_s: float = 0.0
    clutch_strength: float = 10.0
    final_ratio: float = 9.0
    forward_gears: tuple[Gear, ...] = (Gear(),)
    mass_kg: float = 1845.0
    drag_coefficient: float = 0.23
    center_of_mass_m: tuple[float, float, float] = (0.0, 0.0, 0.45)
    steering_curve: tuple[tuple[float, float], ...] = ((0.0, 1.0), (20.0, 0.9), (60.0, 0.8), (120.0, 0.7))
    wheels: tuple[Wheel, ...] = field(default_factory=lambda: make_wheels(1845.0, 2.875, 1.58, 0.355))
    use_sweep_wheel_collision: bool = False
    frontal_area_m2: float = 2.2

    @staticmethod
    def of_car(mass_kg: float, wheels: tuple[Wheel, ...], torque_scale: float = 1.0) -> Physics:
        """Return a car of another size and power than the default. A weaker engine also drags less, or bicycles would stop at once."""
        base = Physics()
        return Physics(
            torque_curve=tuple((rpm, torque * torque_scale) for rpm, torque in base.torque_curve),
            damping_full_throttle=base.damping_full_throttle * torque_scale,
            damping_zero_throttle_clutch_engaged=base.damping_zero_throttle_clutch_engaged * torque_scale,
            damping_zero_throttle_clutch_disengaged=base.damping_zero_throttle_clutch_disengaged * torque_scale,
            mass_kg=mass_kg,
            wheels=wheels,
        )


# Columns of the packed parameters, one row per car.
(
    MASS,  # kg
    YAW_INERTIA,  # kg m^2
    FRONT_ARM,  # from the centre of mass to the front axle (m)
    REAR_ARM,  # from the centre of mass to the rear axle (m)
    CG_HEIGHT,  # of the centre of mass (m)
    RADIUS,  # of the wheels (m)
    MU_FRONT,  # friction of the front tyres
    MU_REAR,
    STIFF_FRONT,  # cornering stiffness per load (1/rad)
    STIFF_REAR,
    BRAKE_FRONT,  # torque of a full brake on the axle (N m)
    BRAKE_REAR,
    HAND_BRAKE_REAR,  # torque of the hand brake (N m)
    MAX_STEER,  # largest angle of the front wheels (rad)
    MAX_RPM,  # of the engine
    FINAL_RATIO,  # of the axle
    SWITCH_TIME,  # of a change of gears (s)
    AUTOBOX,  # 1: the gearbox is automatic
    GEAR_COUNT,  # forward gears
    DRAG,  # force per speed squared (N s^2/m^2)
    DAMP_FULL,  # damping of the engine at full throttle (N m s/rad)
    DAMP_ZERO,  # at zero throttle
    LONG_OFFSET,  # of the centre of mass from the origin, forward (m)
    HALF_TRACK,  # from the middle to the wheels of a side (m)
    SCALARS,
) = range(25)
GEAR_RATIO = SCALARS  # GEARS columns: ratio of each forward gear
GEAR_DOWN = GEAR_RATIO + GEARS  # GEARS columns: share of MAX_RPM below which it shifts down
GEAR_UP = GEAR_DOWN + GEARS  # GEARS columns: share of MAX_RPM above which it shifts up
TORQUE = GEAR_UP + GEARS  # TORQUE_POINTS columns: torque over the engine's speed (N m)
STEER_CURVE = TORQUE + TORQUE_POINTS  # STEER_POINTS columns: share of MAX_STEER over the car's speed
PARAMETER_WIDTH = STEER_CURVE + STEER_POINTS

AIR_DENSITY = 1.225  # kg/m^3


def pack(physics: Physics) -> np.ndarray:
    """Return one car's parameters as a row (PARAMETER_WIDTH,) for `dynamics.step_vehicles`.

    Raises UserError: when the physics cannot drive, with fewer than two axles, no gear, or a mass, radius or rpm that is not positive.
    """
    wheels = physics.wheels
    if len(wheels) < 2 or not physics.forward_gears or len(physics.forward_gears) > GEARS:
        raise UserError(f"physics needs at least 2 wheels and 1 to {GEARS} gears, got {len(wheels)} and {len(physics.forward_gears)}")
    if min(physics.mass_kg, physics.max_rpm, *(wheel.radius_m for wheel in wheels)) <= 0.0:
        raise UserError(f"mass, max_rpm and wheel radii must be positive, got {physics.mass_kg}, {physics.max_rpm}, {[w.radius_m for w in wheels]}")
    half = max(1, len(wheels) // 2)
    front, rear = wheels[:half], wheels[half:]
    front_x = float(np.mean([wheel.position_m[0] for wheel in front]))
    rear_x = float(np.mean([wheel.position_m[0] for wheel in rear]))
    cg_x, _, cg_z = physics.center_of_mass_m
    if front_x - cg_x <= 0.1 or cg_x - rear_x <= 0.1:
        cg_x = (front_x + rear_x) / 2.0
    row = np.zeros(PARAMETER_WIDTH)
    row[MASS] = physics.mass_kg
    row[FRONT_ARM], row[REAR_ARM] = front_x - cg_x, cg_x - rear_x
    row[YAW_INERTIA] = physics.mass_kg * row[FRONT_ARM] * row[REAR_ARM] * 1.1
    row[CG_HEIGHT], row[LONG_OFFSET] = max(0.0, cg_z), cg_x
    row[HALF_TRACK] = max(float(np.mean([abs(wheel.position_m[1]) for wheel in wheels])), LEAST_HALF_TRACK_M)
    row[RADIUS] = np.mean([wheel.radius_m for wheel in wheels])
    row[MU_FRONT], row[MU_REAR] = (np.mean([wheel.tire_friction for wheel in axle]) for axle in (front, rear))
    row[STIFF_FRONT], row[STIFF_REAR] = (np.mean([wheel.lat_stiff_value for wheel in axle]) for axle in (front, rear))
    row[BRAKE_FRONT], row[BRAKE_REAR] = (sum(wheel.max_brake_torque_nm for wheel in axle) for axle in (front, rear))
    row[HAND_BRAKE_REAR] = sum(wheel.max_handbrake_torque_nm for wheel in rear)
    row[MAX_STEER] = math.radians(max(wheel.max_steer_angle_deg for wheel in wheels))
    row[MAX_RPM], row[FINAL_RATIO] = physics.max_rpm, physics.final_ratio
    row[SWITCH_TIME], row[AUTOBOX] = physics.gear_switch_time_s, physics.use_gear_autobox
    row[DRAG] = 0.5 * AIR_DENSITY * physics.drag_coefficient * physics.frontal_area_m2
    row[DAMP_FULL], row[DAMP_ZERO] = physics.damping_full_throttle, physics.damping_zero_throttle_clutch_engaged
    row[GEAR_COUNT] = len(physics.forward_gears)
    for index, gear in enumerate(physics.forward_gears):
        row[GEAR_RATIO + index], row[GEAR_DOWN + index], row[GEAR_UP + index] = gear.ratio, gear.down_ratio, gear.up_ratio
    row[TORQUE:STEER_CURVE] = _sample(physics.torque_curve, physics.max_rpm, TORQUE_POINTS, 0.0)
    row[STEER_CURVE:PARAMETER_WIDTH] = _sample(physics.steering_curve, STEER_CURVE_TOP_KMH, STEER_POINTS, 1.0)
    return row


def _sample(curve: tuple[tuple[float, float], ...], top: float, points: int, default: float) -> np.ndarray:
    """Return a curve of (x, y) points at `points` places from 0 to `top`; `default` everywhere for an empty curve."""
    if not curve:
        return np.full(points, default)
    xs, ys = zip(*sorted(curve), strict=True)
    return np.interp(np.linspace(0.0, top, points), xs, ys)
