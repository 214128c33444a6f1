"""Weather: the presets are CARLA's, and the wire's order holds all parameters."""

import carla
import numpy as np
import pytest

from driving.quantities import UserError
from driving.rollout.record_config import RecordConfig
from driving.world.weather import NAMES, PRESETS, Weather, random_weather


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


def test_random_weathers_have_a_low_sun_as_often_as_asked_for() -> None:
    random = np.random.default_rng(5)
    few, many, every = (sum(random_weather(random, share).sun_altitude_angle < 18.0 for _ in range(1000)) for share in (0.0, 0.3, 1.0))
    assert (few, many) == (pytest.approx(173, abs=40), pytest.approx(421, abs=50))
    assert every == 1000
    with pytest.raises(UserError, match=r"low_sun_share is 1.5: give a share from 0 to 1"):
        RecordConfig(low_sun_share=1.5)
