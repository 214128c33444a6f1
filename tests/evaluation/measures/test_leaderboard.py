"""Collisions and the leaderboard's driving score, computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from driving.evaluation.measures.collisions import classify, list_collisions
from driving.evaluation.measures.leaderboard import driving_score, infraction_penalty, outside_lane_share
from tests.evaluation.measures.drives import make_columns


def test_contacts_in_a_row_are_one_collision_and_after_five_seconds_another() -> None:
    touched = [*range(10, 20), 69, 121]  # 5 s after the last contact of the first collision, and 5.2 s after that
    contacts = [{"tick": tick, "with": "static.wall"} for tick in touched] + [{"tick": 15, "with": "vehicle.tesla.model3"}]
    contacts.sort(key=lambda contact: int(str(contact["tick"])))
    found = [(collision.tick, collision.kind) for collision in list_collisions(contacts, 0.1)]
    assert found == [(10, "static"), (15, "vehicle"), (121, "static")]


@pytest.mark.parametrize(("other", "kind"), [("walker.pedestrian.0001", "pedestrian"), ("vehicle.audi.tt", "vehicle"), ("traffic.stop", "static")])
def test_what_was_hit_has_the_leaderboards_kind(other: str, kind: str) -> None:
    assert classify(other) == kind


def test_the_share_outside_the_lane_is_of_the_distance_and_begins_half_a_metre_beyond_the_edge() -> None:
    lateral = np.array([0.0, 2.2, 2.3, 0.0])  # the edge is at 1.75 m
    speed = np.array([10.0, 10.0, 20.0, 40.0])
    heading = np.array([0.0, 0.0, 0.0, math.radians(170)])
    assert outside_lane_share(make_columns(4, lateral_m=lateral, speed_mps=speed, heading_error_rad=np.zeros(4))) == pytest.approx(0.25)
    assert outside_lane_share(make_columns(4, lateral_m=lateral, speed_mps=speed, heading_error_rad=heading)) == pytest.approx(0.75)
    assert outside_lane_share(make_columns(4, speed_mps=np.zeros(4))) == 0.0


def test_penalties_multiply() -> None:
    contacts = [{"tick": 1, "with": other} for other in ("walker.pedestrian.0001", "vehicle.audi.tt", "static.wall", "vehicle.mini.cooper_s")]
    penalty = infraction_penalty(list_collisions(contacts, 0.1), 0.1)
    assert penalty == pytest.approx(0.5 * 0.6 * 0.65 * 0.6 * 0.9)
    assert infraction_penalty([], 0.0) == 1.0
    assert driving_score(0.8, penalty) == pytest.approx(80.0 * penalty)
