"""How often a difference is found between two copies of one policy. The drives are real ones, drawn again and again."""

from __future__ import annotations

import numpy as np
import pytest

from driving.evaluation.comparison.difference import compare_all
from driving.evaluation.comparison.measures import MEASURES, sum_routes
from driving.evaluation.statistics.multiplicity import adjust_p_values
from driving.evaluation.statistics.paired import difference_p_value
from tests.evaluation.comparison.evaluations import make_row

RUNS, ROUTES = 150, 12
NAMES = ("departures", "km", "completion", "driving_score", "mean_abs_lateral_m", "mean_abs_heading_error_rad", "steering_smoothness")
# The quickstart's policy on twelve routes of 1 km in CARLA's towns: departures, km, completion, driving score, lateral, heading, smoothness.
DRIVES = [
    (36, 0.517, 0.464, 46.3, 0.819, 0.1840, 0.459),  # Town03_0
    (6, 0.884, 0.878, 87.8, 0.298, 0.0376, 0.197),  # Town03_1
    (21, 0.549, 0.523, 52.0, 0.599, 0.0827, 0.310),  # Town04_0
    (1, 0.976, 0.977, 97.7, 0.160, 0.0219, 0.120),  # Town04_1
    (15, 0.708, 0.686, 68.2, 0.395, 0.0654, 0.205),  # Town05_0
    (11, 0.764, 0.749, 74.9, 0.397, 0.0514, 0.149),  # Town05_1
    (17, 0.658, 0.634, 26.4, 0.398, 0.0941, 0.310),  # Town06_0
    (26, 0.444, 0.407, 39.8, 0.614, 0.1323, 0.305),  # Town06_1
    (0, 0.539, 0.654, 42.5, 0.472, 0.1371, 0.136),  # Town07_0
    (0, 0.715, 1.000, 100.0, 0.146, 0.0350, 0.190),  # Town07_1
    (15, 0.681, 0.658, 65.6, 0.435, 0.0636, 0.260),  # Town10HD_0
    (6, 0.877, 0.867, 86.7, 0.228, 0.0337, 0.098),  # Town10HD_1
]


def draw_rows(rng: np.random.Generator) -> list[dict[str, object]]:
    """Return a suite's drives: each is one of the real drives, drawn at random, as another suite seed leads to other starts of routes."""
    picked = rng.integers(len(DRIVES), size=ROUTES)
    return [make_row(number, **dict(zip(NAMES, DRIVES[drive], strict=True)), comfortable_share=None) for number, drive in enumerate(picked)]


def test_two_copies_of_one_policy_are_found_to_differ_in_at_most_5_percent_of_suites() -> None:
    rng, found = np.random.default_rng(0), 0
    for _ in range(RUNS):
        sides = [[draw_rows(rng)] for _ in range(2)]
        sums = {name: sum_routes(name, sides) for name in MEASURES}
        p_values = {name: difference_p_value(a, b) for name, (a, b) in sums.items() if a.routes}
        assert len(p_values) == len(NAMES) - 1
        found += min(adjust_p_values(p_values).values()) < 0.05  # without it no verdict is possible
    assert found <= 0.05 * RUNS + 2 * (0.05 * 0.95 * RUNS) ** 0.5


def test_a_copy_that_departs_twice_as_often_is_found_on_as_many_routes() -> None:
    rng = np.random.default_rng(1)
    rows = draw_rows(rng)
    worse = [row | {"departures": 2 * int(str(row["departures"])) + 1} for row in rows]
    departures = compare_all([[rows], [worse]])[0]
    assert departures.verdict == "A is better"
    assert departures.p_value == pytest.approx(2 / 2**ROUTES)
