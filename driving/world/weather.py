"""Weather as CARLA describes it: fourteen numbers, in the order of the wire. What they look like is left to `light`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

import carla
import numpy as np


@dataclass(frozen=True, slots=True)
class Weather:
    """CARLA's weather parameters: per cents where nothing else is said, angles in degrees, fog distance in metres."""

    cloudiness: float = 5.0
    precipitation: float = 0.0
    precipitation_deposits: float = 0.0
    wind_intensity: float = 10.0
    sun_azimuth_angle: float = 0.0
    sun_altitude_angle: float = 45.0
    fog_density: float = 2.0
    fog_distance: float = 0.75
    fog_falloff: float = 0.1
    wetness: float = 0.0
    scattering_intensity: float = 1.0
    mie_scattering_scale: float = 0.03
    rayleigh_scattering_scale: float = 0.0331
    dust_storm: float = 0.0

    def as_list(self) -> list[float]:
        """The fourteen values in the wire's order."""
        return list(asdict(self).values())

    @staticmethod
    def from_list(values: list[float]) -> Weather:
        """From the wire's order; values missing at the end keep their defaults."""
        return Weather(*(float(value) for value in values[: len(NAMES)]))


NAMES = tuple(one.name for one in fields(Weather))
PRESETS: dict[str, Weather] = {
    name: Weather(*(getattr(preset, key) for key in NAMES))
    for name, preset in sorted(vars(carla.WeatherParameters).items())
    if isinstance(preset, carla.WeatherParameters) and name != "Default"
}


def random_weather(random: np.random.Generator) -> Weather:
    """A daylight weather drawn at random: any cloudiness, sun from 4 to 85 degrees, dry or wet, with standing water, rain or fog.

    Rain is more frequent than fair: on wet roads policies drove worst.
    """
    rain = float(random.uniform(10.0, 100.0)) if random.random() < 0.45 else 0.0
    wet = float(random.uniform(0.0, 100.0)) if rain or random.random() < 0.3 else 0.0
    water = float(random.uniform(0.0, 100.0)) if rain or random.random() < 0.35 else 0.0
    return Weather(
        cloudiness=float(random.uniform(0.0, 100.0)) if rain == 0.0 else float(random.uniform(40.0, 100.0)),
        precipitation=rain,
        precipitation_deposits=water,
        wind_intensity=float(random.uniform(0.0, 100.0)),
        sun_azimuth_angle=float(random.uniform(0.0, 360.0)),
        sun_altitude_angle=float(random.uniform(4.0, 85.0)),
        fog_density=float(random.uniform(10.0, 60.0)) if random.random() < 0.2 else float(random.uniform(0.0, 8.0)),
        fog_distance=float(random.uniform(0.0, 30.0)),
        wetness=wet,
    )
