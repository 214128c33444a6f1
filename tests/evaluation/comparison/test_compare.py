"""The comparison command on evaluations made by hand: what it says, its exit status, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from driving.evaluation.comparison.command import compare_command
from driving.quantities import UserError
from tests.evaluation.comparison.evaluations import make_row, make_rows, write_evaluation

RNG = np.random.default_rng(0)
OFTEN, SELDOM = RNG.poisson(10.0, 30), RNG.poisson(2.0, 30)


def compare(capsys: pytest.CaptureFixture[str], *words: Path | str) -> tuple[int, str]:
    """Run the command; return its exit status and what it prints, in one line."""
    status = compare_command("", [str(word) for word in words])
    return status, " ".join(capsys.readouterr().out.split())


def test_a_clear_difference_is_named_with_its_interval_and_its_scope(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = write_evaluation(tmp_path / "a", make_rows(SELDOM)), write_evaluation(tmp_path / "b", make_rows(OFTEN))
    status, said = compare(capsys, a, b, "--out", tmp_path / "c.json", "--at_least", "departures_per_km=3", "--no_worse_than", "completion=0.05")
    assert status == 0
    assert "A is better in departures_per_km: 2" in said
    assert "undecided: mean_abs_lateral_m" in said
    assert "The findings hold for these policies only: each side has one training seed" in said
    assert said.count("shown: in ") == 2
    written = json.loads((tmp_path / "c.json").read_text())
    of_departures = written["differences"][0]
    assert of_departures["interval"]["low"] < SELDOM.mean() - OFTEN.mean() < of_departures["interval"]["high"] < -3.0
    assert of_departures["improvement_probability"] > 0.9
    assert [claim["decision"] for claim in written["claims"]] == ["shown", "shown"]


def test_a_claim_that_is_refuted_or_undecided_ends_with_status_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = write_evaluation(tmp_path / "a", make_rows(SELDOM)), write_evaluation(tmp_path / "b", make_rows(OFTEN))
    status, said = compare(capsys, b, a, "--no_worse_than", "departures_per_km=3")
    assert status == 1
    assert "refuted: in departures_per_km, A is not worse than B by more than 3 per km" in said
    status, said = compare(capsys, a, b, "--at_least", "departures_per_km=8")
    assert status == 1
    assert "undecided: in departures_per_km, A is better than B by at least 8 per km" in said
    assert "more drives per side would settle it" in said


def test_two_drivers_without_a_departure_are_undecided_and_the_bound_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = (write_evaluation(tmp_path / name, make_rows([0] * 11)) for name in "ab")
    status, said = compare(capsys, a, b, "--no_worse_than", "departures_per_km=0.1")
    assert status == 1
    assert "-0.34 to 0.34 │ 1.000 │ 50% (25%-75%) │ undecided │ 0.36 │ no number" in said
    assert said.count("Undecided: departures_per_km, completion") == 1
    assert compare(capsys, a, b, "--no_worse_than", "departures_per_km=0.5")[0] == 0
    assert compare(capsys, a, b, "--no_worse_than", "completion=0.01")[0] == 1, "eleven routes cannot show that no route is incomplete"


def test_training_seeds_are_the_unit_and_their_own_values_are_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, levels in (("a", (0.10, 0.14, 0.12)), ("b", (0.11, 0.13, 0.15))):
        for seed, level in enumerate(levels):
            write_evaluation(tmp_path / name / str(seed), make_rows([0] * 25, level + RNG.normal(0, 0.005, 25)), policy=f"{name}{seed}")
    status, said = compare(capsys, tmp_path / "a", tmp_path / "b")
    assert status == 0
    assert "The unit is the training seed (3 of A, 3 of B)" in said
    assert "mean_abs_lateral_m of each training seed: A 0." in said
    assert "Undecided: departures_per_km" in said
    one_of_each = compare(capsys, tmp_path / "a" / "0", tmp_path / "b" / "2")[1]
    assert "A is better in mean_abs_lateral_m" in one_of_each
    assert "for these policies only" in one_of_each
    listed = compare(capsys, f"{tmp_path / 'a' / '0'},{tmp_path / 'a' / '1'}", tmp_path / "b" / "0")[1]
    assert "side B has one training seed" in listed


def test_drives_that_one_evaluation_could_not_make_are_left_out_and_bounded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = make_rows(SELDOM)
    a = write_evaluation(tmp_path / "a", rows[:-2], drives=30, not_driven=rows[-2:])
    said = compare(capsys, a, write_evaluation(tmp_path / "b", make_rows(OFTEN)))[1]
    assert "28 drives are compared" in said
    assert "2 drives are left out" in said
    assert "2 drives of" in said
    assert "completion 0.91" in said, "the worst case counts the two drives as 0"


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"suite_digest": "0ther"}, "two versions of suite 'towns' with seed 0"),
    ({"suite_digest": "0ther", "suite": "tracks"}, "suites 'towns' with seed 0 and 'tracks' with seed 0"),
    ({"camera": {"width_px": 64}}, "differ in their camera"),
    ({"departure_rule": "more than 1 m"}, "differ in their departure rule"),
    ({"drives": 31}, "is not finished: it has 30 of 31 drives"),
    ({"policy_digest": None, "routes": [{}]}, "broken or of an older version"),
]


@pytest.mark.parametrize(("changed", "named"), REFUSED, ids=[named for _, named in REFUSED])
def test_evaluations_that_cannot_be_compared_are_refused_with_the_reason(changed: dict[str, Any], named: str, tmp_path: Path) -> None:
    a, b = write_evaluation(tmp_path / "a", make_rows(SELDOM)), write_evaluation(tmp_path / "b", make_rows(OFTEN), **changed)
    with pytest.raises(UserError, match=named):
        compare_command("", [str(a), str(b)])


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--at_least", "departure_per_km=1"], "did you mean 'departures_per_km'"),
        (["--at_least", "completion"], "expected completion=MARGIN"),
        (["--no_worse_than", "completion=0"], "above 0"),
        (["--no_worse_than", "completion=-1"], "above 0"),
    ],
)
def test_a_claim_that_cannot_be_read_is_refused(words: list[str], named: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=named):
        compare_command("", [str(tmp_path), str(tmp_path), *words])


def test_one_policy_does_not_count_as_two_training_seeds(tmp_path: Path) -> None:
    for name in "ab":
        write_evaluation(tmp_path / name, [make_row(0)], policy="the same")
    with pytest.raises(UserError, match="of the same policy"):
        compare_command("", [str(tmp_path), str(tmp_path / "a")])
    with pytest.raises(UserError, match="holds no evaluation"):
        compare_command("", [str(tmp_path / "none"), str(tmp_path / "a")])
