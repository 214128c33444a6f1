"""Which rays lidars and radars send out in a tick, and which answers reach them: directions, intensities, drop-off and noise.

As CARLA's: a lidar turns while it measures, so that its points of one tick cover rotation_hz * dt_s of its field of view; a radar draws its
rays at random from an elliptic cone. Shapes: C channels, P points a channel in one tick, N rays.
Directions are unit vectors in the sensor's frame: x forward, y right, z up; angles in rad, azimuth positive to the right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Lidar:
    """Beams from `upper_rad` down to `lower_rad` that sweep `fov_rad` from left to right, `rotation_hz` times a second."""

    channels: int = 32
    upper_rad: float = math.radians(10.0)
    lower_rad: float = math.radians(-30.0)
    fov_rad: float = 2.0 * math.pi
    rotation_hz: float = 10.0
    points_per_second: int = 56000

    def sweep(self, from_rad: float, dt_s: float) -> tuple[np.ndarray, float]:
        """The directions (C, P, 3) of a tick that begins `from_rad` (0 to fov_rad) right of the field's left edge, and where the next begins."""
        count = math.floor(self.points_per_second * dt_s / self.channels + 0.5)
        turn_rad = self.rotation_hz * self.fov_rad * dt_s
        azimuth = np.fmod(from_rad + turn_rad / max(count, 1) * np.arange(count), self.fov_rad) - self.fov_rad / 2.0
        pitch = np.linspace(self.upper_rad, self.lower_rad, self.channels)[:, None]
        flat = np.cos(pitch)
        directions = np.stack(np.broadcast_arrays(flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(pitch)), axis=-1)
        return directions, math.fmod(from_rad + turn_rad, self.fov_rad) if count else from_rad


@dataclass(frozen=True)
class Losses:
    """What a lidar loses: attenuation (1/m), a share of all rays, more of the dim points, and noise (m, standard deviation) along the ray."""

    attenuation_per_m: float = 0.004
    general_rate: float = 0.45
    intensity_limit: float = 0.8
    zero_intensity_rate: float = 0.4
    noise_m: float = 0.0

    def sent(self, count: int, random: np.random.Generator) -> np.ndarray:
        """Which of `count` rays are sent out at all (count,)."""
        return random.random(count) >= self.general_rate if self.general_rate > 0.0 else np.ones(count, bool)

    def intensities(self, distances_m: np.ndarray) -> np.ndarray:
        """exp(-a d), the share of light that comes back."""
        return np.exp(-self.attenuation_per_m * distances_m)

    def received(self, intensities: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Which points are kept: all above the limit, of the dimmer ones a share that falls linearly to 1 - zero_intensity_rate at none."""
        if self.intensity_limit <= 0.0:
            return np.ones(len(intensities), bool)
        kept = self.zero_intensity_rate * intensities / self.intensity_limit + 1.0 - self.zero_intensity_rate
        return (intensities > self.intensity_limit) | (random.random(len(intensities)) < kept)

    def noisy(self, distances_m: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Distances as measured."""
        return distances_m + random.normal(0.0, self.noise_m, len(distances_m)) if self.noise_m > 0.0 else distances_m


def radar_cone(fov_rad: tuple[float, float], count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Directions (N, 3) in a cone of a horizontal and a vertical angle, denser to its middle; and how long each is (N,) per metre ahead."""
    radius, angle = random.random(count), random.uniform(0.0, 2.0 * math.pi, count)
    across, up = (math.tan(fov / 2.0) * radius * share for fov, share in zip(fov_rad, (np.cos(angle), np.sin(angle)), strict=True))
    length = np.sqrt(1.0 + across**2 + up**2)
    return np.stack([np.ones(count), across, up], axis=1) / length[:, None], length


def azimuth_altitude(directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Angles (N,) of directions (N, 3): to the right of ahead, and up from level."""
    return np.arctan2(directions[:, 1], directions[:, 0]), np.arcsin(np.clip(directions[:, 2], -1.0, 1.0))
