"""Hard families get more of the next round's roads, and none is forgotten."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from driving.dagger.config import DaggerConfig, read_suite
from driving.dagger.hard_families import count_roads, share_by_failures
from driving.evaluation.measures.families import measure_families
from driving.quantities import UserError
from driving.rollout.record_config import RecordConfig
from tests.evaluation.measures.test_families import drive


def test_half_of_a_round_is_as_before_and_half_in_proportion_to_the_failures() -> None:
    assert share_by_failures({"track": 6, "town": 2}, {"track": 1.0, "town": 3.0}) == pytest.approx({"track": 0.375 + 0.125, "town": 0.125 + 0.375})


def test_a_family_without_a_failure_keeps_a_floor_and_one_that_cannot_be_driven_takes_no_more_than_a_bad_one() -> None:
    families = {"track": 3, "town": 3}
    assert share_by_failures(families, {"track": 0.0}) == {"track": 0.5, "town": 0.5}
    assert share_by_failures(families, {"track": 0.0, "town": math.inf}) == share_by_failures(families, {"track": 0.5, "town": 10.0})


def test_the_roads_of_a_round_stay_as_many_and_move_to_hard_families() -> None:
    families = {"track": 10, "rural": 6, "town": 4, "wide": 0}
    judged = measure_families([drive("track_9001"), drive("town_9001", 10, 30, 60), drive("narrow_9001", 20)])
    counts = count_roads(families, judged)
    assert counts.keys() == {"track", "rural", "town"}
    assert sum(counts.values()) == 20
    assert (counts["town"], counts["track"], counts["rural"]) == (11, 5, 4)
    assert count_roads({"track": 1, "town": 1}, judged) == {"track": 1, "town": 1}


def test_rounds_record_other_roads_and_those_of_suites_are_refused(tmp_path: Path) -> None:
    config = DaggerConfig(record=RecordConfig(seed=2))
    seeds = [config.recording_of(number, {"town": 3}).seed for number in range(3)]
    assert seeds == [2, 3, 4]
    assert [config.share_in(number) for number in range(3)] == [1.0, 0.5, 0.25]
    with pytest.raises(UserError, match="those of later seeds belong to suites"):
        DaggerConfig(record=RecordConfig(seed=6))
    suite = tmp_path / "suite.yaml"
    suite.write_text("families: {town: [8101, 4102]}")
    with pytest.raises(UserError, match="town_4102, a road that this run may record"):
        read_suite(DaggerConfig(suite=suite, record=RecordConfig(seed=2)))
    assert read_suite(DaggerConfig(suite=suite, record=RecordConfig(seed=0))).families == {"town": [8101, 4102]}
