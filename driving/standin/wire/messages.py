"""CARLA's RPC arguments and results: decoders that check arguments, and encoders. Degrees become radians here and only here.

The functions have the names of the types that they read or write. Every decoder raises MalformedError for an argument of another shape, and
`rpc` turns that into an error reply. Numbers must be finite and below `LARGEST`, so that later arithmetic gives neither NaN nor overflow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from driving.quantities import LiquidLaneError, Pose
from driving.world.physics.vehicle_physics import Gear, Physics, Wheel

LARGEST = 1e9
Vector = tuple[float, float, float]


class MalformedError(LiquidLaneError):
    """An argument of a call that does not have the shape that the method takes. The message says what was expected and what was got."""

    def __init__(self, expected: str, got: Any) -> None:
        super().__init__(f"expected {expected}, got {str(got)[:40]!r}")


@dataclass(frozen=True, slots=True)
class Box:
    """A bounding box in the actor's frame."""

    centre_m: Vector = (0.0, 0.0, 0.0)
    half_m: Vector = (0.0, 0.0, 0.0)
    yaw_rad: float = 0.0


def real(item: Any) -> float:
    """Return a finite number."""
    if isinstance(item, bool) or not isinstance(item, (int, float)) or not abs(item) < LARGEST:
        raise MalformedError(f"a number below {LARGEST:.0e}", item)
    return float(item)


def natural(item: Any) -> int:
    """Return an integer in [0, 2^32): an id or a count."""
    if isinstance(item, bool) or not isinstance(item, int) or not 0 <= item < 1 << 32:
        raise MalformedError("an id or count", item)
    return item


def wide_natural(item: Any) -> int:
    """Return an integer in [0, 2^64): the id of an environment object."""
    if isinstance(item, bool) or not isinstance(item, int) or not 0 <= item < 1 << 64:
        raise MalformedError("an object's id", item)
    return item


def flag(item: Any) -> bool:
    """Return a bool; numbers are not accepted."""
    if not isinstance(item, bool):
        raise MalformedError("true or false", item)
    return item


def text(item: Any) -> str:
    """Return a string of valid Unicode."""
    if not isinstance(item, str):
        raise MalformedError("a string", item)
    try:
        item.encode()
    except UnicodeEncodeError:
        raise MalformedError("a string of valid Unicode", item) from None
    return item


def items(item: Any) -> list[Any]:
    """Return a list of any length."""
    if not isinstance(item, list):
        raise MalformedError("a list", item)
    return item


def fields(item: Any, count: int, and_more: bool = False) -> list[Any]:
    """Return the `count` fields of a record; with `and_more` the record may have others after them."""
    if not isinstance(item, list) or len(item) < count or (len(item) > count and not and_more):
        raise MalformedError(f"a list of {count} fields", item)
    return item[:count]


def optional(item: Any) -> Any:
    """Return the value of an optional<T>, or None."""
    has_value = flag(fields(item, 1, and_more=True)[0])
    return fields(item, 2)[1] if has_value else None


def vector(item: Any) -> Vector:
    """Return a Vector3D or Location, [x, y, z]."""
    x, y, z = fields(item, 3)
    return real(x), real(y), real(z)


def pose(item: Any) -> Pose:
    """Return a Transform, [[x, y, z], [pitch, yaw, roll] in degrees]."""
    location, rotation = fields(item, 2)
    (x, y, z), (pitch, yaw, roll) = vector(location), vector(rotation)
    return Pose(x, y, z, math.radians(pitch), math.radians(yaw), math.radians(roll))


def transform(at: Pose) -> list[Any]:
    """Return a pose as a Transform."""
    return [[at.x_m, at.y_m, at.z_m], [math.degrees(at.pitch_rad), math.degrees(at.yaw_rad), math.degrees(at.roll_rad)]]


def bounding_box(box: Box, actor_id: int = 0) -> list[Any]:
    """Return a box as a BoundingBox [location, extent, rotation, actor id]."""
    return [list(box.centre_m), list(box.half_m), [0.0, math.degrees(box.yaw_rad), 0.0], actor_id]


def vehicle_control(item: Any) -> tuple[float, ...]:
    """Return a VehicleControl in the order of `dynamics`' control columns: steer, throttle, brake, hand brake, reverse, manual, gear."""
    throttle, steer, brake, hand_brake, reverse, manual, gear = fields(item, 7, and_more=True)
    limited = (max(-1.0, min(1.0, real(steer))), max(0.0, min(1.0, real(throttle))), max(0.0, min(1.0, real(brake))))
    return (*limited, float(flag(hand_brake)), float(flag(reverse)), float(flag(manual)), float(int(real(gear))))


class AckermannControl(NamedTuple):
    """What a client asks of CARLA's Ackermann controller."""

    steer_rad: float  # right positive
    steer_speed_radps: float  # how fast the steering may turn; 0 for at once
    speed_mps: float  # negative drives backwards
    acceleration_mps2: float  # the limit of speeding up and slowing down; 0 for the default
    jerk_mps3: float  # not used


def ackermann_control(item: Any) -> AckermannControl:
    """Return the first five fields of a VehicleAckermannControl."""
    return AckermannControl(*(real(part) for part in fields(item, 5, and_more=True)))


def physics_control(item: Any, before: Physics) -> Physics:
    """Return a VehiclePhysicsControl; wheels keep the positions that they have in `before`, because clients send back world positions."""
    (
        torque_curve,
        max_rpm,
        moi,
        full_throttle,
        clutch_engaged,
        clutch_disengaged,
        autobox,
        switch_time,
        clutch_strength,
        final_ratio,
        gears,
        mass,
        drag,
        center_of_mass,
        steering_curve,
        wheels,
        sweep,
    ) = fields(item, 17, and_more=True)
    known = before.wheels
    return Physics(
        torque_curve=_curve(torque_curve),
        max_rpm=real(max_rpm),
        moi=real(moi),
        damping_full_throttle=real(full_throttle),
        damping_zero_throttle_clutch_engaged=real(clutch_engaged),
        damping_zero_throttle_clutch_disengaged=real(clutch_disengaged),
        use_gear_autobox=flag(autobox),
        gear_switch_time_s=real(switch_time),
        clutch_strength=real(clutch_strength),
        final_ratio=real(final_ratio),
        forward_gears=tuple(Gear(*(real(ratio) for ratio in fields(gear, 3))) for gear in items(gears)),
        mass_kg=real(mass),
        drag_coefficient=real(drag),
        center_of_mass_m=vector(center_of_mass),
        steering_curve=_curve(steering_curve),
        wheels=tuple(_wheel(wheel, one.position_m) for wheel, one in zip(fields(wheels, len(known)), known, strict=True)),
        use_sweep_wheel_collision=flag(sweep),
        frontal_area_m2=before.frontal_area_m2,
    )


def _curve(item: Any) -> tuple[tuple[float, float], ...]:
    """Return a curve [[x, y], ...]."""
    return tuple((real(x), real(y)) for x, y in (fields(point, 2) for point in items(item)))


def _wheel(item: Any, position_m: Vector) -> Wheel:
    """Return a WheelPhysicsControl at a position (m) in the vehicle's frame; the position in `item` is not used."""
    numbers = [real(part) for part in fields(item, 9, and_more=True)]
    friction, damping, steer_deg, radius_cm, brake, hand_brake, max_load, lateral, longitudinal = numbers
    return Wheel(friction, damping, steer_deg, radius_cm / 100.0, brake, hand_brake, max_load, lateral, longitudinal, position_m)


def physics_message(physics: Physics, wheels_world_m: list[Vector]) -> list[Any]:
    """Return a VehiclePhysicsControl; radii and world positions of wheels are in centimetres, as on CARLA's server."""
    wheels = [
        [
            wheel.tire_friction,
            wheel.damping_rate,
            wheel.max_steer_angle_deg,
            wheel.radius_m * 100.0,
            wheel.max_brake_torque_nm,
            wheel.max_handbrake_torque_nm,
            wheel.lat_stiff_max_load,
            wheel.lat_stiff_value,
            wheel.long_stiff_value,
            [100.0 * part for part in place],
        ]
        for wheel, place in zip(physics.wheels, wheels_world_m, strict=True)
    ]
    return [
        [list(point) for point in physics.torque_curve],
        physics.max_rpm,
        physics.moi,
        physics.damping_full_throttle,
        physics.damping_zero_throttle_clutch_engaged,
        physics.damping_zero_throttle_clutch_disengaged,
        physics.use_gear_autobox,
        physics.gear_switch_time_s,
        physics.clutch_strength,
        physics.final_ratio,
        [[gear.ratio, gear.down_ratio, gear.up_ratio] for gear in physics.forward_gears],
        physics.mass_kg,
        physics.drag_coefficient,
        list(physics.center_of_mass_m),
        [list(point) for point in physics.steering_curve],
        wheels,
        physics.use_sweep_wheel_collision,
    ]
