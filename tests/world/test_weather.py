"""Weather: the presets are CARLA's, and the wire's order holds all parameters."""

import carla

from driving.world.weather import NAMES, PRESETS, Weather


def test_the_presets_are_those_of_the_carla_client() -> None:
    theirs = {
        name: Weather(*(getattr(preset, key) for key in NAMES))
        for name, preset in vars(carla.WeatherParameters).items()
        if isinstance(preset, carla.WeatherParameters) and name != "Default"
    }
    assert theirs == PRESETS
    assert list(PRESETS) == sorted(theirs)


def test_a_weather_survives_the_way_over_the_wire() -> None:
    weather = PRESETS["HardRainNoon"]
    assert Weather.from_list(weather.as_list()) == weather
