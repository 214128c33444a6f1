"""Figures by the family of the roads, and the worst families, which decide which policy is kept."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from driving.evaluation.measures.families import measure_families, rate_worst_families
from driving.evaluation.measures.summary import measure
from tests.evaluation.measures.drives import make_columns, make_trace, mark


def drive(road: str, *departed_at: int, end: str = "finished") -> dict[str, Any]:
    """Return the row of a drive of 101 m with a departure at each of some ticks."""
    return {"map": road} | measure(make_trace(make_columns(departed=mark(101, *departed_at)), end_reason=end)).as_dict()


def test_generated_roads_count_by_their_family_and_maps_by_their_name() -> None:
    rows = [drive("two_plus_one_8001", 50), drive("two_plus_one_8002"), drive("Town10HD_Opt"), drive("street_x", 20, 70)]
    families = measure_families(rows)
    assert {name: (one.departures, round(one.km, 3)) for name, one in families.items()} == {
        "two_plus_one": (1, 0.202),
        "Town10HD_Opt": (0, 0.101),
        "street_x": (2, 0.101),
    }


def test_the_worst_third_of_the_families_decides_and_a_stuck_car_counts() -> None:
    roads = [drive("track_1"), drive("town_1", 10, 30, 50), drive("rural_1"), drive("wide_1"), drive("narrow_1", end="stuck"), drive("hilly_1", 50)]
    assert rate_worst_families(measure_families(roads)) == pytest.approx((3 + 1) / 2 / 0.101)
    assert rate_worst_families(measure_families(roads[:1])) == 0.0
    stands = replace(measure_families(roads)["track"], km=0.0)
    assert rate_worst_families({"track": stands, "town": stands}) == math.inf
