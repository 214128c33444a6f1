"""Weather as CARLA describes it: fourteen numbers, in the order of the wire. Left to others: what they look like (`rendering.light`)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace

import numpy as np


@dataclass(frozen=True, slots=True)
class Weather:
    """CARLA's weather parameters. Those without a comment are percentages."""

    cloudiness: float = 5.0
    precipitation: float = 0.0
    precipitation_deposits: float = 0.0
    wind_intensity: float = 10.0
    sun_azimuth_angle: float = 0.0  # degrees
    sun_altitude_angle: float = 45.0  # degrees, negative at night
    fog_density: float = 2.0
    fog_distance: float = 0.75  # m, where fog begins
    fog_falloff: float = 0.1  # how fast fog thins with height, 1/(100 m)
    wetness: float = 0.0
    scattering_intensity: float = 1.0  # factor on the light in fog
    mie_scattering_scale: float = 0.03  # haze around the sun
    rayleigh_scattering_scale: float = 0.0331  # blue of the sky
    dust_storm: float = 0.0

    def as_list(self) -> list[float]:
        """Return the fourteen values in the wire's order."""
        return list(asdict(self).values())

    @staticmethod
    def from_list(values: list[float]) -> Weather:
        """Return the weather of values in the wire's order; values missing at the end keep their defaults."""
        return Weather(*(float(value) for value in values[: len(NAMES)]))


NAMES = tuple(one.name for one in fields(Weather))

# CARLA's presets as its client 0.9.16 has them: the parameters in which they differ. The sun's azimuth is -1 in all of them. A table of our own
# lets training and suites name a weather without `carla`; a test compares it with the client's.
_VARIED = [
    "cloudiness",
    "precipitation",
    "precipitation_deposits",
    "wind_intensity",
    "sun_altitude_angle",
    "fog_density",
    "fog_distance",
    "fog_falloff",
    "wetness",
    "dust_storm",
]
_TABLE = """
    ClearNight           5      0      0     10    -90     60     75      1      0      0
    ClearNoon            5      0      0     10     45      2   0.75    0.1      0      0
    ClearSunset          5      0      0     10     15      2   0.75    0.1      0      0
    CloudyNight         60      0      0     10    -90     60   0.75    0.1      0      0
    CloudyNoon          60      0      0     10     45      3   0.75    0.1      0      0
    CloudySunset        60      0      0     10     15      3   0.75    0.1      0      0
    DustStorm          100      0      0    100     45      2   0.75    0.1      0    100
    HardRainNight      100    100     90    100    -90    100   0.75    0.1    100      0
    HardRainNoon       100    100     90    100     45      7   0.75    0.1      0      0
    HardRainSunset     100    100     90    100     15      7   0.75    0.1      0      0
    MidRainSunset       60     60     60     60     15      3   0.75    0.1      0      0
    MidRainyNight       80     60     60     60    -90     60   0.75    0.1     80      0
    MidRainyNoon        60     60     60     60     45      3   0.75    0.1      0      0
    SoftRainNight       60     30     50     30    -90     60   0.75    0.1     60      0
    SoftRainNoon        20     30     50     30     45      3   0.75    0.1      0      0
    SoftRainSunset      20     30     50     30     15      2   0.75    0.1      0      0
    WetCloudyNight      60      0     50     10    -90     60   0.75    0.1     60      0
    WetCloudyNoon       60      0     50     10     45      3   0.75    0.1      0      0
    WetCloudySunset     60      0     50     10     15      2   0.75    0.1      0      0
    WetNight             5      0     50     10    -90     60     75      1     60      0
    WetNoon              5      0     50     10     45      3   0.75    0.1      0      0
    WetSunset            5      0     50     10     15      2   0.75    0.1      0      0
"""


def _read_presets() -> dict[str, Weather]:
    """Return the presets by name, each value rounded to float32 as the client holds it."""
    base = Weather(sun_azimuth_angle=-1.0)
    presets = {}
    for name, *values in map(str.split, _TABLE.strip().splitlines()):
        weather = replace(base, **dict(zip(_VARIED, map(float, values), strict=True)))
        presets[name] = Weather(*np.array(weather.as_list(), np.float32).tolist())
    return presets


PRESETS: dict[str, Weather] = _read_presets()


def random_weather(random: np.random.Generator, low_sun_share: float = 0.0) -> Weather:
    """Draw a daylight weather at random: any cloudiness, sun from 4 to 85 degrees, dry or wet, with standing water, rain or fog.

    Rain is more frequent than in reality, because policies drove worst on wet roads. `low_sun_share` of the weathers have the sun below 18 degrees,
    in addition to those that draw it there anyway.
    """
    highest = 18.0 if low_sun_share > 0.0 and random.random() < low_sun_share else 85.0
    rain = float(random.uniform(10.0, 100.0)) if random.random() < 0.45 else 0.0
    wet = float(random.uniform(0.0, 100.0)) if rain or random.random() < 0.3 else 0.0
    water = float(random.uniform(0.0, 100.0)) if rain or random.random() < 0.35 else 0.0
    return Weather(
        cloudiness=float(random.uniform(0.0, 100.0)) if rain == 0.0 else float(random.uniform(40.0, 100.0)),
        precipitation=rain,
        precipitation_deposits=water,
        wind_intensity=float(random.uniform(0.0, 100.0)),
        sun_azimuth_angle=float(random.uniform(0.0, 360.0)),
        sun_altitude_angle=float(random.uniform(4.0, highest)),
        fog_density=float(random.uniform(10.0, 60.0)) if random.random() < 0.2 else float(random.uniform(0.0, 8.0)),
        fog_distance=float(random.uniform(0.0, 30.0)),
        wetness=wet,
    )
