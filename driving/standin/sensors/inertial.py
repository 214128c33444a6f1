"""IMU and GNSS: what they measure, with the noise that their blueprints ask for.

As on CARLA's server, the accelerometer feels the second difference of the sensor's own places, one tick late, and the gyroscope the angular
velocity of the body that carries the sensor.
"""

from __future__ import annotations

import math

import numpy as np

from driving.standin.actors.kinds import Sensor
from driving.standin.sensors.tick import SensorTick
from driving.standin.wire.packets import Message, Stamp, pack_values
from driving.world.geometry.rotations import rotation_of
from driving.world.maps.geodesy import geolocate
from driving.world.physics import dynamics, poses


def measure_imu(sensor: Sensor, stamp: Stamp, tick: SensorTick) -> list[Message]:
    """Return [accelerometer (m/s^2), gyroscope (rad/s), compass (rad from north)]; the accelerometer feels gravity.

    Both vectors are in the sensor's frame: x forward, y right, z up.
    """
    at = stamp.at
    turn = rotation_of(at)
    number = sensor.description.number
    noise = sensor.random.standard_normal(6)
    felt = (tick.world.others.measure_acceleration(sensor) + np.array([0.0, 0.0, dynamics.GRAVITY])) @ turn
    turned = _find_turning(sensor, tick) @ turn
    for k, axis in enumerate("xyz"):
        felt[k] += noise[k] * number(f"noise_accel_stddev_{axis}")
        turned[k] += number(f"noise_gyro_bias_{axis}") + noise[3 + k] * number(f"noise_gyro_stddev_{axis}")
    compass = (at.yaw_rad + math.pi / 2.0) % (2.0 * math.pi)
    return [pack_values(stamp, [felt.tolist(), turned.tolist(), compass])]


def _find_turning(sensor: Sensor, tick: SensorTick) -> np.ndarray:
    """Return a sensor's angular velocity (3,) in the world (rad/s). A spring arm passes on only what is about the vertical axis."""
    if sensor.carrier is None:
        return np.zeros(3)
    turning = np.array(poses.turning(tick.world.fleet.state[sensor.carrier.row]))
    return turning if tick.world.others.kinds[sensor.row] == poses.RIGID else turning * (0.0, 0.0, 1.0)


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
