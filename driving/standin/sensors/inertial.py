"""IMU and GNSS: what they measure, with the noise that their blueprints ask for. Units: m/s^2, rad/s, rad from north; degrees, m."""

from __future__ import annotations

import math

import numpy as np

from driving.quantities import Pose
from driving.standin.actors.kinds import Sensor
from driving.standin.episode.state import Episode
from driving.world.geometry.rotations import rotation_of
from driving.world.maps.geodesy import geolocation
from driving.world.physics import dynamics as d


def imu_body(sensor: Sensor, at: Pose, episode: Episode, random: np.random.Generator) -> list[object]:
    """[accelerometer xyz with gravity, gyroscope xyz, compass] in the sensor's frame (x forward, y right, z up)."""
    turn = rotation_of(at)
    acceleration, gyro = np.array([0.0, 0.0, d.GRAVITY]), np.zeros(3)
    vehicle = sensor.carrier
    if vehicle is not None:
        row = episode.fleet.state[vehicle.row]
        cos, sin = math.cos(row[d.YAW]), math.sin(row[d.YAW])
        acceleration += (cos * row[d.AX] - sin * row[d.AY], sin * row[d.AX] + cos * row[d.AY], row[d.AZ])
        gyro[2] = row[d.YAW_RATE]
    number = sensor.description.number
    noise = random.standard_normal(6)
    felt, turned = acceleration @ turn, gyro @ turn
    for k, axis in enumerate("xyz"):
        felt[k] += noise[k] * number(f"noise_accel_stddev_{axis}")
        turned[k] += number(f"noise_gyro_bias_{axis}") + noise[3 + k] * number(f"noise_gyro_stddev_{axis}")
    compass = (at.yaw_rad + math.pi / 2.0) % (2.0 * math.pi)
    return [felt.tolist(), turned.tolist(), compass]


def gnss_body(sensor: Sensor, at: Pose, episode: Episode, random: np.random.Generator) -> list[object]:
    """[latitude, longitude, altitude] by the map's georeference."""
    noise = random.standard_normal(3)
    place = geolocation(episode.level.map.network, at)
    number = sensor.description.number
    return [
        part + number(f"noise_{name}_bias") + noise[k] * number(f"noise_{name}_stddev")
        for k, (part, name) in enumerate(zip(place, ("lat", "lon", "alt"), strict=True))
    ]
