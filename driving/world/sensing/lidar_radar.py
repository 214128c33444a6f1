"""The rays that lidars and radars send out in a tick, and the returns that reach them: directions, intensities, dropoff and noise.

As in CARLA, a lidar turns while it measures: its points of one tick cover rotation_hz * dt_s of its field of view. A radar draws its rays at
random from an elliptic cone. Shapes: C channels, P points per channel in one tick, N rays.
Directions are unit vectors in the sensor's frame: x forward, y right, z up. Angles are in rad, azimuth positive to the right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Lidar:
    """Beams from `upper_rad` down to `lower_rad` that sweep `fov_rad` from left to right, `rotation_hz` times per second."""

    channels: int = 32
    upper_rad: float = math.radians(10.0)
    lower_rad: float = math.radians(-30.0)
    fov_rad: float = 2.0 * math.pi
    rotation_hz: float = 10.0
    points_per_second: int = 56000

    def sweep(self, from_rad: float, dt_s: float) -> tuple[np.ndarray, float]:
        """Return the directions (C, P, 3) of a tick, and where the next tick begins (rad).

        from_rad: where this tick begins, from the left edge of the field of view (0 to fov_rad).
        """
        count = math.floor(self.points_per_second * dt_s / self.channels + 0.5)
        turn_rad = self.rotation_hz * self.fov_rad * dt_s
        azimuth = np.fmod(from_rad + turn_rad / max(count, 1) * np.arange(count), self.fov_rad) - self.fov_rad / 2.0
        pitch = np.linspace(self.upper_rad, self.lower_rad, self.channels)[:, None]
        flat = np.cos(pitch)
        directions = np.stack(np.broadcast_arrays(flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(pitch)), axis=-1)
        return directions, math.fmod(from_rad + turn_rad, self.fov_rad) if count else from_rad


@dataclass(frozen=True)
class Losses:
    """What a lidar loses."""

    attenuation_per_m: float = 0.004  # of the light
    general_rate: float = 0.45  # dropoff: share of all rays
    intensity_limit: float = 0.8  # points above this intensity are kept
    zero_intensity_rate: float = 0.4  # dropoff: share of the points of intensity 0
    noise_m: float = 0.0  # standard deviation along the ray

    def draw_sent(self, count: int, random: np.random.Generator) -> np.ndarray:
        """Draw which of `count` rays are sent out at all, a mask (count,)."""
        return random.random(count) >= self.general_rate if self.general_rate > 0.0 else np.ones(count, bool)

    def find_intensities(self, distances_m: np.ndarray) -> np.ndarray:
        """Return exp(-a d), the share of light that comes back, (N,)."""
        return np.exp(-self.attenuation_per_m * distances_m)

    def draw_received(self, intensities: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Draw which points are kept, a mask (N,): all above the limit; of the others a share that falls linearly to 1 - zero_intensity_rate at 0."""
        if self.intensity_limit <= 0.0:
            return np.ones(len(intensities), bool)
        kept = self.zero_intensity_rate * intensities / self.intensity_limit + 1.0 - self.zero_intensity_rate
        return (intensities > self.intensity_limit) | (random.random(len(intensities)) < kept)

    def add_noise(self, distances_m: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Return distances (N,) as measured (m)."""
        return distances_m + random.normal(0.0, self.noise_m, len(distances_m)) if self.noise_m > 0.0 else distances_m


def draw_radar_rays(fov_rad: tuple[float, float], count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw directions (N, 3) in a cone of a horizontal and a vertical angle, denser to its middle; also return their lengths (N,) per metre ahead."""
    radius, angle = random.random(count), random.uniform(0.0, 2.0 * math.pi, count)
    across, up = (math.tan(fov / 2.0) * radius * share for fov, share in zip(fov_rad, (np.cos(angle), np.sin(angle)), strict=True))
    length = np.sqrt(1.0 + across**2 + up**2)
    return np.stack([np.ones(count), across, up], axis=1) / length[:, None], length


def angles_of(directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the azimuth (N,) and the altitude (N,) of directions (N, 3)."""
    return np.arctan2(directions[:, 1], directions[:, 0]), np.arcsin(np.clip(directions[:, 2], -1.0, 1.0))
