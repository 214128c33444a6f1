"""What a weather looks like: sun, sky, fog and wetness as one row of numbers for shading.

Colours are red, green and blue as shares of full white, as the eye sees them (no gamma follows). This is not a model of the atmosphere: the
pictures are plausible and differ as the presets' names say, and every one of the fourteen parameters changes the image.
"""

from __future__ import annotations

import math

import numpy as np

from driving.world.weather import Weather

# Columns of a light row.
SUN_X, SUN_Y, SUN_Z = 0, 1, 2  # unit vector to the sun in the world
SUN_R = 3  # 3 columns: light of the sun on a surface that faces it
AMBIENT_R = 6  # 3 columns: light from everywhere
ZENITH_R = 9  # 3 columns: colour of the sky overhead
HORIZON_R = 12  # 3 columns: colour of the sky at the horizon
FOG_R = 15  # 3 columns: colour of fog
CLOUD_R = 18  # 3 columns: colour of clouds
GLOW_R = 21  # 3 columns: glow of the sky around the sun
FOG_PER_M = 24  # fog's extinction (1/m)
FOG_FROM_M = 25  # distance at which fog begins
FOG_FALL = 26  # how fast fog thins with height
WET = 27  # how wet the road is (0 to 1)
PUDDLES = 28  # how much of the ground is under water (0 to 1)
CLOUDS = 29  # cloudiness (0 to 1)
SHADOW = 30  # share of the light that is left where the sun is hidden (0 to 1)
NIGHT = 31  # 0 by day, 1 by night
RAIN = 32  # strength of rain (0 to 1)
WIND = 33  # strength of wind (0 to 1)
DISC = 34  # brightness of the sun's disc (0 to 1)
LIGHT_WIDTH = 35

DAY_ZENITH, DAY_HORIZON = np.array([0.25, 0.47, 0.82]), np.array([0.70, 0.81, 0.92])
DUSK_HORIZON, DUSK_ZENITH = np.array([0.95, 0.60, 0.36]), np.array([0.30, 0.36, 0.60])
NIGHT_ZENITH, NIGHT_HORIZON = np.array([0.015, 0.02, 0.05]), np.array([0.05, 0.06, 0.10])
GREY, STORM = np.array([0.66, 0.69, 0.73]), np.array([0.72, 0.57, 0.36])
DAY_SUN, LOW_SUN = np.array([1.0, 0.97, 0.90]), np.array([1.0, 0.66, 0.38])


def light_row(weather: Weather) -> np.ndarray:
    """Return the light row (LIGHT_WIDTH,) of a weather."""
    row = np.zeros(LIGHT_WIDTH)
    azimuth, altitude = math.radians(weather.sun_azimuth_angle), math.radians(weather.sun_altitude_angle)
    row[SUN_X : SUN_Z + 1] = math.cos(altitude) * math.cos(azimuth), math.cos(altitude) * math.sin(azimuth), math.sin(altitude)
    day = _ramp(weather.sun_altitude_angle, -8.0, 6.0)
    high = _ramp(weather.sun_altitude_angle, 2.0, 30.0)
    clouds, dust = _share(weather.cloudiness), _share(weather.dust_storm)
    overcast = _ramp(clouds, 0.35, 0.95)
    sun = (LOW_SUN * (1 - high) + DAY_SUN * high) * (0.75 * day * (1 - 0.85 * overcast)) * max(0.0, 1 - 0.6 * dust)
    ambient = (np.array([0.40, 0.44, 0.50]) * (0.55 + 0.45 * high) + 0.16 * overcast) * day + np.array([0.045, 0.05, 0.075]) * (1 - day)
    blue = min(2.0, weather.rayleigh_scattering_scale / 0.0331)
    zenith = DAY_ZENITH * [1.0, 1.0, 0.8 + 0.2 * blue] * high + DUSK_ZENITH * (1 - high)
    horizon = DAY_HORIZON * high + DUSK_HORIZON * (1 - high)
    zenith = (zenith * (1 - 0.8 * overcast) + GREY * 0.85 * 0.8 * overcast) * day + NIGHT_ZENITH * (1 - day)
    horizon = (horizon * (1 - 0.85 * overcast) + GREY * 0.85 * overcast) * day + NIGHT_HORIZON * (1 - day)
    if dust > 0.0:
        zenith, horizon = (colour * (1 - 0.8 * dust) + STORM * (0.8 * dust * max(day, 0.1)) for colour in (zenith, horizon))
    glow = np.clip(weather.mie_scattering_scale / 0.03, 0.0, 3.0) * 0.30 * day * (1 - overcast)
    row[SUN_R : SUN_R + 3] = sun
    row[AMBIENT_R : AMBIENT_R + 3] = ambient
    row[ZENITH_R : ZENITH_R + 3] = np.clip(zenith, 0, 1)
    row[HORIZON_R : HORIZON_R + 3] = np.clip(horizon, 0, 1)
    haze = np.clip(weather.scattering_intensity, 0.0, 2.0)
    row[FOG_R : FOG_R + 3] = np.clip(horizon * (0.82 + 0.18 * haze), 0, 1)
    row[CLOUD_R : CLOUD_R + 3] = np.clip((0.62 + 0.33 * high - 0.30 * overcast) * day + 0.06, 0, 1) * np.array([1.0, 0.99, 0.98])
    row[GLOW_R : GLOW_R + 3] = (LOW_SUN * (1 - high) + DAY_SUN * high) * glow
    fog = _share(weather.fog_density)
    row[FOG_PER_M] = 0.0006 + 0.035 * fog**2.2 + 0.02 * dust + 0.004 * _share(weather.precipitation)
    row[FOG_FROM_M] = max(0.0, weather.fog_distance)
    row[FOG_FALL] = max(0.0, weather.fog_falloff)
    row[WET] = max(_share(weather.wetness), 0.6 * _share(weather.precipitation), 0.5 * _share(weather.precipitation_deposits))
    row[PUDDLES] = _share(weather.precipitation_deposits)
    row[CLOUDS] = clouds
    row[SHADOW] = float(ambient.sum() / (ambient + sun * max(0.0, row[SUN_Z])).sum())
    row[NIGHT] = 1.0 - day
    row[RAIN] = _share(weather.precipitation)
    row[WIND] = _share(weather.wind_intensity)
    row[DISC] = day * (1 - overcast)
    return row


def _share(per_cent: float) -> float:
    """Return a percentage as a share, limited to 0 to 1."""
    return min(1.0, max(0.0, per_cent / 100.0))


def _ramp(value: float, low: float, high: float) -> float:
    """Return a smooth step from 0 at `low` to 1 at `high`."""
    t = min(1.0, max(0.0, (value - low) / (high - low)))
    return t * t * (3 - 2 * t)
