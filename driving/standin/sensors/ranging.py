"""What lidars and radars measure. `lidar_radar` decides where their rays go, and `rays` finds what the rays hit.

Rays pass through the body that carries the sensor. A lidar's beam turns only in the ticks in which the sensor measures.
Shapes: N rays of a lidar, K hits, C channels.
"""

from __future__ import annotations

import math

import numpy as np

from driving.quantities import Pose
from driving.standin.actors.kinds import Body, Sensor
from driving.standin.blueprints.description import Description
from driving.standin.sensors.tick import SensorTick
from driving.standin.wire import packets
from driving.standin.wire.packets import Message, Stamp
from driving.world.geometry.rotations import rotation_of
from driving.world.physics import dynamics
from driving.world.sensing.lidar_radar import Lidar, Losses, angles_of, draw_radar_rays
from driving.world.sensing.rays import Hits


def measure_lidar(sensor: Sensor, stamp: Stamp, tick: SensorTick) -> list[Message]:
    """Return the points of one tick. Points are lost and distances are noisy as the attributes say."""
    beams, losses = _make_beams(sensor.description), _make_losses(sensor.description)
    channels, directions = _sweep(sensor, beams, tick.delta_s)
    sent = losses.draw_sent(len(channels), sensor.random)
    channels, directions, hits = _cast_and_keep(sensor, stamp.at, tick, channels[sent], directions[sent])
    points, kept = _receive(hits, directions, losses, sensor.random)
    return [packets.pack_cloud(stamp, sensor.beam_rad, np.bincount(channels[kept], minlength=beams.channels), points)]


def measure_semantic_lidar(sensor: Sensor, stamp: Stamp, tick: SensorTick) -> list[Message]:
    """Return the points of one tick, all of them and exact, with the cosine of the incidence, the tag and the actor."""
    beams = _make_beams(sensor.description)
    channels, directions = _sweep(sensor, beams, tick.delta_s)
    channels, directions, hits = _cast_and_keep(sensor, stamp.at, tick, channels, directions)
    points = _tag(hits, directions, tick.world.bodies)
    return [packets.pack_cloud(stamp, sensor.beam_rad, np.bincount(channels, minlength=beams.channels), points)]


def measure_radar(sensor: Sensor, stamp: Stamp, tick: SensorTick) -> list[Message]:
    """Return the detections. As in CARLA, velocities away from the sensor are positive, so an approaching body has a negative one."""
    number, at = sensor.description.number, stamp.at
    fov_rad = math.radians(number("horizontal_fov")), math.radians(number("vertical_fov"))
    directions, lengths = draw_radar_rays(fov_rad, int(number("points_per_second") * tick.delta_s + 1e-6), sensor.random)
    hits = _cast(sensor, at, tick, directions, lengths * number("range"))
    met = np.isfinite(hits.distances_m)
    directions, rows = directions[met], hits.rows[met]
    velocities = np.concatenate(
        [dynamics.world_velocity(tick.world.fleet.state), np.zeros((1, 3))]
    )  # the last one is for static objects, whose row is -1
    along = directions @ rotation_of(at).T
    found = np.empty(len(directions), packets.RADAR_POINT)
    found["velocity"] = np.sum((velocities[rows] - _own_velocity(sensor, at, tick.world.fleet.state)) * along, axis=1)
    found["azimuth"], found["altitude"] = angles_of(directions)
    found["depth"] = hits.distances_m[met]
    return [packets.pack_detections(stamp, found)]


def _sweep(sensor: Sensor, beams: Lidar, dt_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Turn the beam for `dt_s` seconds; return the channel (N,) and the direction (N, 3), in the sensor's frame, of each ray."""
    directions, sensor.beam_rad = beams.sweep(sensor.beam_rad, dt_s)
    return np.repeat(np.arange(beams.channels), directions.shape[1]), directions.reshape(-1, 3)


def _cast_and_keep(sensor: Sensor, at: Pose, tick: SensorTick, channels: np.ndarray, directions: np.ndarray) -> tuple[np.ndarray, np.ndarray, Hits]:
    """Cast a lidar's rays; return the channels (K,), directions (K, 3) and hits (K,) of those that hit something."""
    hits = _cast(sensor, at, tick, directions, np.full(len(directions), sensor.description.number("range")))
    met = np.isfinite(hits.distances_m)
    return channels[met], directions[met], Hits(*(part[met] for part in hits))


def _cast(sensor: Sensor, at: Pose, tick: SensorTick, directions: np.ndarray, reach_m: np.ndarray) -> Hits:
    own = sensor.carrier
    return tick.world.rays.cast(at, directions, reach_m, tick.visible.boxes, -1 if own is None else own.row)


def _tag(hits: Hits, directions: np.ndarray, bodies: list[Body]) -> np.ndarray:
    """Return the points (K,) of packets.SEMANTIC_POINT."""
    points = np.empty(len(directions), packets.SEMANTIC_POINT)
    ids = np.array([*(body.id for body in bodies), 0])  # the last one is for static objects, whose row is -1
    points["xyz"], points["cosine"] = directions * hits.distances_m[:, None], hits.cosines
    points["actor"], points["tag"] = ids[hits.rows], hits.tags
    return points


def _receive(hits: Hits, directions: np.ndarray, losses: Losses, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the points of packets.LIDAR_POINT that are received, and which of the hits they are: a mask (K,)."""
    intensities, distances = losses.find_intensities(hits.distances_m), losses.add_noise(hits.distances_m, random)
    kept = losses.draw_received(intensities, random)
    points = np.empty(int(kept.sum()), packets.LIDAR_POINT)
    points["xyz"], points["intensity"] = (directions * distances[:, None])[kept], intensities[kept]
    return points, kept


def _own_velocity(sensor: Sensor, at: Pose, state: np.ndarray) -> np.ndarray:
    """Return the velocity (3,) of the sensor in the world (m/s): that of its mount on the carrier, 0 without a carrier."""
    own = sensor.carrier
    if own is None:
        return np.zeros(3)
    row = state[own.row]
    turning = row[dynamics.YAW_RATE] * np.array([row[dynamics.Y] - at.y_m, at.x_m - row[dynamics.X], 0.0])
    return np.asarray(dynamics.world_velocity(row[None])[0] + turning)


def _make_beams(wanted: Description) -> Lidar:
    return Lidar(
        channels=int(wanted.number("channels")),
        upper_rad=math.radians(wanted.number("upper_fov")),
        lower_rad=math.radians(wanted.number("lower_fov")),
        fov_rad=math.radians(wanted.number("horizontal_fov")),
        rotation_hz=wanted.number("rotation_frequency"),
        points_per_second=int(wanted.number("points_per_second")),
    )


def _make_losses(wanted: Description) -> Losses:
    return Losses(
        attenuation_per_m=wanted.number("atmosphere_attenuation_rate"),
        general_rate=wanted.number("dropoff_general_rate"),
        intensity_limit=wanted.number("dropoff_intensity_limit"),
        zero_intensity_rate=wanted.number("dropoff_zero_intensity"),
        noise_m=wanted.number("noise_stddev"),
    )
