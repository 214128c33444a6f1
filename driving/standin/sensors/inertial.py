"""IMU and GNSS: what they measure, with the noise that their blueprints ask for."""

from __future__ import annotations

import math

import numpy as np

from driving.standin.actors.kinds import Sensor
from driving.standin.sensors.tick import SensorTick
from driving.standin.wire.packets import Message, Stamp, pack_values
from driving.world.geometry.rotations import rotation_of
from driving.world.maps.geodesy import geolocate
from driving.world.physics import dynamics


def measure_imu(sensor: Sensor, stamp: Stamp, tick: SensorTick) -> list[Message]:
    """Return [accelerometer (m/s^2), gyroscope (rad/s), compass (rad from north)]; the accelerometer feels gravity.

    Both vectors are in the sensor's frame: x forward, y right, z up.
    """
    at = stamp.at
    turn = rotation_of(at)
    acceleration, gyro = np.array([0.0, 0.0, dynamics.GRAVITY]), np.zeros(3)
    carrier = sensor.carrier
    if carrier is not None:
        row = tick.world.fleet.state[carrier.row]
        ax, ay = row[dynamics.AX], row[dynamics.AY]
        cos, sin = math.cos(row[dynamics.YAW]), math.sin(row[dynamics.YAW])
        acceleration += (cos * ax - sin * ay, sin * ax + cos * ay, row[dynamics.AZ])
        gyro[2] = row[dynamics.YAW_RATE]
    number = sensor.description.number
    noise = sensor.random.standard_normal(6)
    felt, turned = acceleration @ turn, gyro @ turn
    for k, axis in enumerate("xyz"):
        felt[k] += noise[k] * number(f"noise_accel_stddev_{axis}")
        turned[k] += number(f"noise_gyro_bias_{axis}") + noise[3 + k] * number(f"noise_gyro_stddev_{axis}")
    compass = (at.yaw_rad + math.pi / 2.0) % (2.0 * math.pi)
    return [pack_values(stamp, [felt.tolist(), turned.tolist(), compass])]


def measure_gnss(sensor: Sensor, stamp: Stamp, tick: SensorTick) -> list[Message]:
    """Return latitude and longitude (degrees) and altitude (m) by the map's georeference."""
    noise = sensor.random.standard_normal(3)
    place = geolocate(tick.world.network, stamp.at)
    number = sensor.description.number
    measured = [
        part + number(f"noise_{name}_bias") + noise[k] * number(f"noise_{name}_stddev")
        for k, (part, name) in enumerate(zip(place, ("lat", "lon", "alt"), strict=True))
    ]
    return [pack_values(stamp, measured)]
