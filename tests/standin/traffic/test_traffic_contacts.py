"""Dense traffic of the client's traffic manager rounds tight corners without contacts."""

from __future__ import annotations

import json
from typing import Any

from tests.shared_data import shared
from tests.standin.isolation import run_isolated


def test_eighty_cars_round_the_corners_of_a_small_town_without_touching() -> None:
    arguments = ("--cars", 80, "--ticks", 500, "--map", shared("maps/Town02.xodr"))
    found: dict[str, Any] = json.loads(run_isolated("-m", "tests.standin.traffic.traffic_contacts", *arguments))
    assert found["cars"] == 80
    assert found["touched"] == []
