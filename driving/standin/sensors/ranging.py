"""What lidars and radars measure in a tick. Where their rays go and what these meet is the world's affair (`beams`, `rays`).

Their own carrier is not in their way, as it is not in a camera's. A beam turns with the time of the ticks in which its sensor measures.
"""

from __future__ import annotations

import math

import numpy as np

from driving.quantities import Pose
from driving.standin.actors.kinds import Sensor
from driving.standin.blueprints.library import Description
from driving.standin.sensors.visible_bodies import Sights
from driving.standin.wire import packets
from driving.world.geometry.rotations import rotation_of
from driving.world.physics import dynamics as d
from driving.world.sensing.lidar_radar import Lidar, Losses, azimuth_altitude, radar_cone
from driving.world.sensing.rays import Hits


class Ranging:
    """Casts the rays of all sensors of a tick."""

    def __init__(self, sights: Sights) -> None:
        self._sights = sights

    def lidar(self, sensor: Sensor, kind: int, at: Pose, dt_s: float, random: np.random.Generator) -> tuple[float, np.ndarray, np.ndarray]:
        """Where the beam stands after the tick (rad), points per channel (C,), points (K,) of packets.LIDAR_POINT or SEMANTIC_POINT."""
        beams, losses = _beams(sensor.description), _losses(sensor.description) if kind == packets.LIDAR else None
        directions, sensor.beam_rad = beams.sweep(sensor.beam_rad, dt_s)
        channels = np.repeat(np.arange(beams.channels), directions.shape[1])
        directions = directions.reshape(-1, 3)
        if losses is not None:
            sent = losses.sent(len(channels), random)
            channels, directions = channels[sent], directions[sent]
        hits = self._cast(sensor, at, directions, np.full(len(directions), sensor.description.number("range")))
        met = np.isfinite(hits.distances_m)
        channels, directions, hits = channels[met], directions[met], Hits(*(part[met] for part in hits))
        if losses is None:
            points = self._semantic(hits, directions)
        else:
            points, kept = _plain(hits, directions, losses, random)
            channels = channels[kept]
        return sensor.beam_rad, np.bincount(channels, minlength=beams.channels), points

    def radar(self, sensor: Sensor, at: Pose, dt_s: float, random: np.random.Generator) -> np.ndarray:
        """Detections (K,) of packets.RADAR_POINT; a velocity is that away from the sensor, as CARLA's: what comes nearer has a negative one."""
        number, fleet = sensor.description.number, self._sights.episode.fleet
        fov_rad = math.radians(number("horizontal_fov")), math.radians(number("vertical_fov"))
        directions, lengths = radar_cone(fov_rad, int(number("points_per_second") * dt_s + 1e-6), random)
        hits = self._cast(sensor, at, directions, lengths * number("range"))
        met = np.isfinite(hits.distances_m)
        directions, rows = directions[met], hits.rows[met]
        velocities = np.concatenate([_velocities(fleet.state), np.zeros((1, 3))])  # the last, row -1, is what stands still
        along = directions @ rotation_of(at).T
        found = np.empty(len(directions), packets.RADAR_POINT)
        found["velocity"] = np.sum((velocities[rows] - self._own_velocity(sensor, at)) * along, axis=1)
        found["azimuth"], found["altitude"] = azimuth_altitude(directions)
        found["depth"] = hits.distances_m[met]
        return found

    def _cast(self, sensor: Sensor, at: Pose, directions: np.ndarray, reach_m: np.ndarray) -> Hits:
        own = sensor.carrier
        return self._sights.episode.level.rays.cast(at, directions, reach_m, self._sights.all(), -1 if own is None else own.row)

    def _semantic(self, hits: Hits, directions: np.ndarray) -> np.ndarray:
        points = np.empty(len(directions), packets.SEMANTIC_POINT)
        ids = np.array([*(body.id for body in self._sights.episode.bodies), 0])  # the last, row -1, is what stands still
        points["xyz"], points["cosine"] = directions * hits.distances_m[:, None], hits.cosines
        points["actor"], points["tag"] = ids[hits.rows], hits.tags
        return points

    def _own_velocity(self, sensor: Sensor, at: Pose) -> np.ndarray:
        """The velocity (3,) of the place on its carrier where a sensor is."""
        own = sensor.carrier
        if own is None:
            return np.zeros(3)
        row = self._sights.episode.fleet.state[own.row]
        turning = row[d.YAW_RATE] * np.array([row[d.Y] - at.y_m, at.x_m - row[d.X], 0.0])
        return np.asarray(_velocities(row[None])[0] + turning)


def _plain(hits: Hits, directions: np.ndarray, losses: Losses, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The points that are received, and which of all hits they are."""
    intensities, distances = losses.intensities(hits.distances_m), losses.noisy(hits.distances_m, random)
    kept = losses.received(intensities, random)
    points = np.empty(int(kept.sum()), packets.LIDAR_POINT)
    points["xyz"], points["intensity"] = (directions * distances[:, None])[kept], intensities[kept]
    return points, kept


def _velocities(state: np.ndarray) -> np.ndarray:
    cos, sin = np.cos(state[:, d.YAW]), np.sin(state[:, d.YAW])
    return np.column_stack([cos * state[:, d.VX] - sin * state[:, d.VY], sin * state[:, d.VX] + cos * state[:, d.VY], state[:, d.VZ]])


def _beams(wanted: Description) -> Lidar:
    upper, lower, fov = (math.radians(wanted.number(key)) for key in ("upper_fov", "lower_fov", "horizontal_fov"))
    channels, rate = int(wanted.number("channels")), int(wanted.number("points_per_second"))
    return Lidar(channels, upper, lower, fov, wanted.number("rotation_frequency"), rate)


def _losses(wanted: Description) -> Losses:
    names = ("atmosphere_attenuation_rate", "dropoff_general_rate", "dropoff_intensity_limit", "dropoff_zero_intensity", "noise_stddev")
    return Losses(*(wanted.number(name) for name in names))
