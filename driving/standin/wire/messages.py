"""The shapes of CARLA's RPC arguments and results, checked on the way in: degrees become radians here, and only here.

Every decoder raises ValueError (or TypeError, IndexError from a wrong structure) and leaves nothing half done; the caller turns
that into an error reply. Numbers must be finite and below `LARGEST`, so that no later arithmetic meets nan or overflow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from driving.quantities import Pose
from driving.world.physics.vehicle_physics import Gear, Physics, Wheel

LARGEST = 1e9
Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A bounding box: its centre and rotation in the actor's frame, and its half sizes (m)."""

    centre_m: Vector = (0.0, 0.0, 0.0)
    half_m: Vector = (0.0, 0.0, 0.0)
    yaw_rad: float = 0.0


def real(item: Any) -> float:
    """A finite number."""
    if isinstance(item, bool) or not isinstance(item, (int, float)) or not abs(item) < LARGEST:
        raise ValueError(f"expected a number below {LARGEST:.0e}, got {str(item)[:40]!r}")
    return float(item)


def natural(item: Any) -> int:
    """An integer in [0, 2^32)."""
    if isinstance(item, bool) or not isinstance(item, int) or not 0 <= item < 1 << 32:
        raise ValueError(f"expected an id or count, got {str(item)[:40]!r}")
    return item


def wide(item: Any) -> int:
    """An integer in [0, 2^64)."""
    if isinstance(item, bool) or not isinstance(item, int) or not 0 <= item < 1 << 64:
        raise ValueError(f"expected an object's id, got {str(item)[:40]!r}")
    return item


def flag(item: Any) -> bool:
    """A bool, strictly."""
    if not isinstance(item, bool):
        raise ValueError(f"expected true or false, got {str(item)[:40]!r}")
    return item


def text(item: Any) -> str:
    """A string that is valid Unicode."""
    if not isinstance(item, str):
        raise ValueError(f"expected a string, got {str(item)[:40]!r}")
    item.encode()
    return item


def vector(item: Any) -> Vector:
    """Vector3D or Location, [x, y, z]."""
    x, y, z = item
    return real(x), real(y), real(z)


def pose(item: Any) -> Pose:
    """Transform, [[x, y, z], [pitch, yaw, roll] in degrees]."""
    (x, y, z), (pitch, yaw, roll) = item
    return Pose(real(x), real(y), real(z), math.radians(real(pitch)), math.radians(real(yaw)), math.radians(real(roll)))


def transform(at: Pose) -> list[Any]:
    """A pose as Transform."""
    return [[at.x_m, at.y_m, at.z_m], [math.degrees(at.pitch_rad), math.degrees(at.yaw_rad), math.degrees(at.roll_rad)]]


def bounding_box(box: Box, actor_id: int = 0) -> list[Any]:
    """A box as BoundingBox [location, extent, rotation, actor id]."""
    return [list(box.centre_m), list(box.half_m), [0.0, math.degrees(box.yaw_rad), 0.0], actor_id]


def optional(item: Any) -> Any:
    """optional<T>: None or the value."""
    if not isinstance(item, list) or not item or not isinstance(item[0], bool):
        raise ValueError("expected an optional")
    return item[1] if item[0] else None


def vehicle_control(item: Any) -> tuple[float, ...]:
    """VehicleControl in the order of `dynamics`' control columns: steer, throttle, brake, hand brake, reverse, manual, gear."""
    throttle, steer, brake, hand_brake, reverse, manual, gear = item[:7]
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
    """VehicleAckermannControl, its first five fields."""
    return AckermannControl(*(real(part) for part in item[:5]))


def physics_control(item: Any, before: Physics) -> Physics:
    """VehiclePhysicsControl; wheel positions are those of `before`, because clients send the world positions that they read."""
    if len(item) < 17 or len(item[15]) != len(before.wheels):
        raise ValueError(f"expected 17 fields and {len(before.wheels)} wheels")
    curve = tuple((real(x), real(y)) for x, y in item[0])
    gears = tuple(Gear(real(ratio), real(down), real(up)) for ratio, down, up in item[10])
    steering = tuple((real(x), real(y)) for x, y in item[14])
    wheels = []
    for wheel, known in zip(item[15], before.wheels, strict=True):
        friction, damping, steer_deg, radius_cm, brake, hand, max_load, lateral, longitudinal = (real(part) for part in wheel[:9])
        wheels.append(Wheel(friction, damping, steer_deg, radius_cm / 100.0, brake, hand, max_load, lateral, longitudinal, known.position_m))
    plain = [real(item[k]) for k in (1, 2, 3, 4, 5)]
    return Physics(
        torque_curve=curve,
        max_rpm=plain[0],
        moi=plain[1],
        damping_full_throttle=plain[2],
        damping_zero_throttle_clutch_engaged=plain[3],
        damping_zero_throttle_clutch_disengaged=plain[4],
        use_gear_autobox=flag(item[6]),
        gear_switch_time_s=real(item[7]),
        clutch_strength=real(item[8]),
        final_ratio=real(item[9]),
        forward_gears=gears,
        mass_kg=real(item[11]),
        drag_coefficient=real(item[12]),
        center_of_mass_m=vector(item[13]),
        steering_curve=steering,
        wheels=tuple(wheels),
        use_sweep_wheel_collision=flag(item[16]),
        frontal_area_m2=before.frontal_area_m2,
    )


def physics_message(physics: Physics, wheels_world_m: list[Vector]) -> list[Any]:
    """VehiclePhysicsControl; radii and world wheel positions in centimetres, as the real server has them."""
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
