"""The table of kinds: names, units and ranges, what is refused, and changes of roads and weather before a drive."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest

from driving.evaluation.disturbances.kinds import KINDS, check_disturbance, describe_disturbance, make_disturbance
from driving.quantities import UserError
from driving.rollout.disturbance import Disturbance
from driving.world.generated.families import generate_road
from driving.world.maps.map_text import read_opendrive
from driving.world.maps.opendrive import read_map
from driving.world.maps.roads import RoadNetwork
from driving.world.maps.routes import spread_routes
from driving.world.weather import PRESETS
from tests.shared_data import REPOSITORY, shared

ROAD = generate_road("track", 9001)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_a_range_with_its_unit_and_a_severity_of_zero_is_the_undisturbed_drive(kind: str) -> None:
    what = KINDS[kind]
    assert what.unit
    assert what.lowest < what.highest
    assert what.__doc__
    for severity in (what.lowest - 0.01, what.highest + 0.01, float("nan")):
        with pytest.raises(UserError, match=f"{kind}.*out of range: give {what.lowest:g} to {what.highest:g}"):
            check_disturbance(kind, severity)
    if what.lowest <= 0.0:
        assert type(make_disturbance(kind, 0.0, 0)) is Disturbance
    assert type(make_disturbance(kind, what.highest, 0)) is what


def test_an_unknown_kind_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(UserError, match=r"'camera_yaw_drft' is not a disturbance: did you mean 'camera_yaw_drift'\? give one of image_noise, "):
        make_disturbance("camera_yaw_drft", 1.0, 0)


def test_a_description_names_kind_severity_unit_and_seed() -> None:
    assert describe_disturbance("latency", 150.0, 3) == {"kind": "latency", "severity": 150.0, "unit": "ms", "seed": 3}
    assert describe_disturbance("none", 0.0, 3) == {"kind": "none", "severity": 0.0, "unit": "", "seed": 3}


def painted_m(text: str) -> float:
    """Return the length of all lines on a road (m)."""
    return sum(float(np.hypot(*np.diff(mark.xyz_m[:, :2], axis=0).T).sum()) for mark in RoadNetwork.from_opendrive("road", text).markings)


@pytest.mark.parametrize("kind", ["missing_paint", "worn_paint"])
def test_paint_disappears_by_the_share_that_it_says_and_more_of_it_takes_nothing_back(kind: str) -> None:
    whole = painted_m(ROAD)
    left = [painted_m(make_disturbance(kind, severity, 5).change_opendrive(ROAD)) for severity in (0.2, 0.5, 0.8, 1.0)]
    assert left == sorted(left, reverse=True)
    assert left[-1] == 0.0
    if kind == "worn_paint":
        assert left[:3] == pytest.approx([0.8 * whole, 0.5 * whole, 0.2 * whole], rel=0.08)
    one, two = (make_disturbance(kind, 0.5, 5).change_opendrive(ROAD) for _ in range(2))
    assert one == two
    assert make_disturbance(kind, 0.5, 7).change_opendrive(ROAD) != one


def test_lanes_become_wider_and_routes_follow_their_new_middle() -> None:
    roads = (ROAD, make_disturbance("lane_width", 20.0, 0).change_opendrive(ROAD))
    plain, wide = (spread_routes(read_map("road", text), 1, 300.0, 0)[0] for text in roads)
    assert wide.lane_width_m.mean() == pytest.approx(1.2 * plain.lane_width_m.mean(), rel=1e-3)


def test_a_town_of_carla_can_lose_its_paint_too() -> None:
    text = read_opendrive(shared("maps/Town02.xodr"))
    assert painted_m(make_disturbance("worn_paint", 0.5, 0).change_opendrive(text)) == pytest.approx(0.5 * painted_m(text), rel=0.1)


def test_weather_becomes_worse_where_the_disturbance_is_stronger_than_the_drive_s_own_weather() -> None:
    noon, storm = PRESETS["ClearNoon"], PRESETS["HardRainNoon"]
    rain = make_disturbance("rain", 50.0, 0)
    changed = {name for name, value in asdict(rain.change_weather(noon)).items() if value != getattr(noon, name)}
    assert changed == {"precipitation", "precipitation_deposits", "wetness", "cloudiness"}
    assert rain.change_weather(noon).precipitation == 50.0
    assert rain.change_weather(storm) == replace(storm, wetness=50.0)
    assert make_disturbance("fog", 40.0, 0).change_weather(noon).fog_density == 40.0
    assert make_disturbance("later_hour", 50.0, 0).change_weather(noon).sun_altitude_angle == -5.0


def test_the_documentation_lists_each_kind_with_its_unit_and_range() -> None:
    page = (REPOSITORY / "docs" / "disturbances.md").read_text()
    rows = [line.split(" | ")[:3] for line in page.splitlines() if line.startswith("| `")]
    assert rows == [[f"| `{kind}`", what.unit, f"{what.lowest:g} to {what.highest:g}"] for kind, what in KINDS.items()]
