"""The client's traffic manager drives on our server."""

from __future__ import annotations

import json
from typing import Any

from tests.shared_data import shared
from tests.standin.isolation import run_isolated


def test_traffic_keeps_its_lanes_and_distances_and_repeats_after_a_reload() -> None:
    arguments = ("--cars", 40, "--ticks", 300, "--map", shared("maps/Town01.xodr"))
    results: list[dict[str, Any]] = json.loads(run_isolated("-m", "tests.standin.traffic.traffic_drive", *arguments))
    first, second = results
    assert first == second
    assert first["cars"] == 40
    assert first["metres_per_car"] > 40.0
    assert first["off_lane_m"] < 2.0
    assert first["nearest_m"] > 3.5


def test_traffic_stops_at_red_and_goes_on_at_green() -> None:
    speeds: dict[str, list[float]] = json.loads(run_isolated("-m", "tests.standin.traffic.traffic_stop"))
    assert speeds["Red"][-1] < 0.1
    assert max(speeds["Green"]) > 5.0


def test_maps_load_in_every_way_while_a_traffic_manager_lives_and_it_drives_on_the_new_map() -> None:
    drives: list[dict[str, float]] = json.loads(run_isolated("-m", "tests.standin.traffic.traffic_loads"))
    assert len(drives) == 6
    assert all(drive["driven_m"] > 3.0 for drive in drives), drives
    assert all(drive["off_lane_m"] < 1.0 for drive in drives), drives
