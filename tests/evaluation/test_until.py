"""The stop rule of an evaluation: what it reads, decides and says."""

from __future__ import annotations

import pytest

from driving.evaluation.until import parse_until
from driving.quantities import UserError
from tests.evaluation.comparison.evaluations import make_rows


def test_good_drives_show_the_claim_and_bad_ones_refute_it() -> None:
    rule = parse_until("departures_per_km < 0.5")
    none, many = make_rows([0] * 50), make_rows([3] * 50)
    assert rule(none[:9]) is None
    assert rule(none) == "departures_per_km < 0.5 is shown"
    assert rule(many) == "departures_per_km < 0.5 is refuted"
    assert parse_until("departures_per_km > 0.5")(many) == "departures_per_km > 0.5 is shown"
    assert rule([]) is None


def test_what_was_saved_is_said_and_drives_after_the_decision_do_not_change_it() -> None:
    rule, rows = parse_until("departures_per_km<0.5"), make_rows([0] * 50)
    decided = rule.decide(rows)
    assert decided is not None
    drives = decided[1]
    said = rule.describe(rows[:drives], 50)
    assert said == rule.describe(rows, 50)
    assert said["decision"] == "shown"
    assert f"after {drives} of 50 drives ({drives}.0 km): {50 - drives} drives ({2 * (50 - drives)}%) were saved" in said["text"]
    assert "undecided after 5 of 5 drives" in rule.describe(rows[:5], 5)["text"]


def test_disturbed_drives_do_not_count_and_are_told_from_those_that_do() -> None:
    calm = make_rows([0] * 30)
    noisy = [row | {"name": f"{row['name']}_noise", "disturbance": "image_noise", "severity": 0.2} for row in make_rows([5] * 30)]
    rule = parse_until("departures_per_km < 0.5")
    said = rule.describe([row for pair in zip(noisy, calm, strict=True) for row in pair], 80)
    alone = rule.describe(calm, 40)
    assert (said["decision"], said["counted"], said["km"]) == ("shown", alone["drives"], alone["km"])
    assert said["drives"] == 2 * alone["drives"]
    assert f"after {said['drives']} of 80 drives, of which the {alone['drives']} undisturbed ones count ({alone['km']:.1f} km)" in said["text"]
    assert rule.describe(noisy, 30)["decision"] == "refuted"


def test_means_of_bounded_measures_are_tested_by_betting() -> None:
    rows = make_rows([0, 10] * 40)
    assert parse_until("completion > 0.8")(rows) == "completion > 0.8 is shown"
    assert parse_until("driving_score > 99")(rows) == "driving_score > 99 is refuted"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("departures_per_km", "expected a measure, < or >, and a number"),
        ("departures < 3", "did you mean 'departures_per_km'"),
        ("mean_abs_lateral_m < 0.2", "has no greatest value"),
        ("departures_per_km < 0", "between 0 and 166.7"),
        ("completion > 95", "between 0 and 1"),
        ("completion > high", "between 0 and 1"),
    ],
)
def test_a_claim_that_cannot_be_tested_is_refused_with_the_remedy(text: str, named: str) -> None:
    with pytest.raises(UserError, match=named):
        parse_until(text)
