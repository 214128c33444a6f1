"""Disturbances of the weather and of the time of day. They start from the weather of the drive and make it worse.

They reach a real CARLA server as they reach ours: as weather parameters.
"""

from __future__ import annotations

from dataclasses import replace

from driving.rollout.disturbance import Disturbance
from driving.world.weather import Weather


class Rain(Disturbance):
    """Rain with clouds, wet roads and puddles; all four are at least as strong as the severity."""

    kind, unit, highest = "rain", "%", 100.0

    def change_weather(self, weather: Weather) -> Weather:
        """Let it rain."""
        names = ("precipitation", "precipitation_deposits", "wetness", "cloudiness")
        return replace(weather, **{name: max(getattr(weather, name), self.severity) for name in names})


class Fog(Disturbance):
    """Fog that begins at the camera and is at least as dense as the severity."""

    kind, unit, highest = "fog", "%", 100.0

    def change_weather(self, weather: Weather) -> Weather:
        """Let fog come up."""
        return replace(weather, fog_density=max(weather.fog_density, self.severity), fog_distance=0.0)


class LaterHour(Disturbance):
    """A later time of day: the sun stands lower than in the drive's weather, down to night. The car drives without lights."""

    kind, unit, highest = "later_hour", "degrees that the sun has sunk", 135.0

    def change_weather(self, weather: Weather) -> Weather:
        """Lower the sun, to straight below at most."""
        return replace(weather, sun_altitude_angle=max(-90.0, weather.sun_altitude_angle - self.severity))
