"""A seed always gives the same track. CARLA's reader accepts it, and its road is as configured."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET

import carla
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driving.quantities import UserError
from driving.world.generated.tracks import KEEP_APART_M, TrackConfig, generate_track
from driving.world.maps.roads import RoadNetwork
from driving.world.maps.routes import follow_lane
from tests.shared_data import REPOSITORY

SHORT = TrackConfig(length_m=300.0)


def test_the_same_seed_gives_the_same_text_in_any_process() -> None:
    program = "from driving.world.generated.tracks import generate_track; import sys; sys.stdout.write(generate_track(11))"
    environment = {**os.environ, "PYTHONHASHSEED": "77", "PYTHONPATH": str(REPOSITORY)}
    other = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=True)
    assert other.stdout == generate_track(11) == generate_track(11)


def test_other_seeds_give_other_roads() -> None:
    plans = {ET.tostring(ET.fromstring(generate_track(seed, SHORT)).find("road/planView")) for seed in range(8)}
    assert len(plans) == 8


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_any_track_can_be_driven_from_end_to_end(seed: int) -> None:
    carla_map = carla.Map("track", generate_track(seed))
    route = follow_lane(carla_map, carla_map.get_waypoint_xodr(0, -1, 1.0), 5000.0)
    low, high = TrackConfig().lane_width_m
    assert route.length_m > 1000.0
    assert low - 0.01 <= route.lane_width_m.min() <= route.lane_width_m.max() <= high + 0.01
    assert np.abs(np.gradient(route.z_m, route.s_m)).max() < TrackConfig().max_grade * 1.3  # lanes inside a bend are shorter
    assert np.abs(np.diff(route.curvature_per_m)).max() < 0.03
    assert np.abs(route.curvature_per_m).max() < 1.0 / 14.0
    far = np.abs(route.s_m[:, None] - route.s_m) > 4.0 * KEEP_APART_M
    apart = np.hypot(route.x_m[:, None] - route.x_m, route.y_m[:, None] - route.y_m)
    assert apart[far].min() > 0.4 * KEEP_APART_M


def test_every_track_has_paint_to_keep_a_lane_by() -> None:
    for seed in range(12):
        assert RoadNetwork.from_opendrive(f"track_{seed}", generate_track(seed, SHORT)).markings


def test_the_configuration_is_what_comes_out() -> None:
    asked = TrackConfig(length_m=400.0, lane_width_m=(3.3, 3.3), lanes_each_way=(2, 2), hilly_share=0.0)
    carla_map = carla.Map("asked", generate_track(2, asked))
    lanes = [carla_map.get_waypoint_xodr(0, lane, 20.0) for lane in (-3, -2, -1, 1, 2, 3)]
    assert [str(lane.lane_type) for lane in lanes] == ["Shoulder", "Driving", "Driving", "Driving", "Driving", "Shoulder"]
    assert [lane.lane_width for lane in lanes[1:5]] == pytest.approx([3.3] * 4, abs=1e-4)
    assert all(point.transform.location.z == 0.0 for point in carla_map.generate_waypoints(5.0))
    hilly = carla.Map("hilly", generate_track(2, TrackConfig(length_m=400.0, hilly_share=1.0)))
    assert max(abs(point.transform.location.z) for point in hilly.generate_waypoints(5.0)) > 0.2


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"radius_m": (50.0, 20.0)}, r"track.radius_m is \(50.0, 20.0\)"),
        ({"lanes_each_way": (0, 1)}, "track.lanes_each_way"),
        ({"radius_m": (5.0, 20.0)}, "too small: at least 6 m"),
        ({"length_m": 50.0}, "too small"),
    ],
)
def test_roads_that_cannot_be_are_refused(wrong: dict[str, tuple[float, float]], message: str) -> None:
    with pytest.raises(UserError, match=message):
        TrackConfig(**wrong)


def test_a_track_that_must_cross_itself_is_refused_with_the_remedy() -> None:
    circling = TrackConfig(length_m=1500.0, radius_m=(20.0, 22.0), turn_deg=(170.0, 180.0), straight_m=(10.0, 11.0))
    with pytest.raises(UserError, match=r"crossed itself in 200 draws: lower track.length_m"):
        generate_track(0, circling)
