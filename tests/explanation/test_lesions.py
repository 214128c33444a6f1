"""What lesions do, from drives whose figures are known; and contributions in a game whose values are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from driving.evaluation.drive_task import DriverReference
from driving.explanation.lesions.effects import INTACT, Lesion, choose_lesions, compare_lesions, name_folder
from driving.explanation.lesions.habits import measure_habits
from driving.explanation.lesions.shapley import sample_contributions
from driving.quantities import UserError
from driving.rollout.trace import Trace
from tests.explanation.watched import make_drive
from tests.policy.cells import build_policy


def make_row(route: int, **changes: Any) -> dict[str, Any]:
    row = {"name": f"route_{route}", "map": f"map_{route}", "route": {"road": 0}, "ticks": 200, "km": 0.2, "departures": 0}
    row |= {"mean_abs_lateral_m": 0.1 + 0.01 * route, "mean_lateral_m": 0.01 * (-1) ** route, "restlessness": 0.01 + 0.001 * route}
    return row | {"lag_s": 0.2 + 0.1 * (route % 2)} | changes


def test_what_a_lesion_does_is_said_only_where_its_interval_shows_it() -> None:
    routes = range(8)
    rows = {
        INTACT: [make_row(i) for i in routes],
        ("a",): [make_row(i, mean_lateral_m=-0.2, mean_abs_lateral_m=0.3) for i in routes],
        ("b",): [make_row(i, departures=2 + i % 2, mean_abs_lateral_m=0.9) for i in routes],
        ("c",): [make_row(i, restlessness=0.05, lag_s=None) for i in routes],
        ("d",): [make_row(i, lag_s=make_row(i)["lag_s"] + 0.3) for i in routes],
        ("e",): [make_row(i, mean_abs_lateral_m=make_row(i)["mean_abs_lateral_m"] + 0.02 * (-1) ** i) for i in routes],
        ("f",): [make_row(i) for i in routes],
        ("g",): [],
        ("h",): [make_row(i, mean_abs_lateral_m=make_row(i)["mean_abs_lateral_m"] + 0.03) for i in routes],
        ("i",): [make_row(i, mean_abs_lateral_m=make_row(i)["mean_abs_lateral_m"] + 0.001) for i in routes],
    }
    lesions = [Lesion(words, "neuron", 1.0) for words in rows if words]
    effects = {one.lesion.words[0]: one for one in compare_lesions(lesions, rows)}
    assert {name: one.words for name, one in effects.items()} == {
        "a": "drifts left by 0.20 m",
        "b": "leaves the lane",
        "c": "oscillates, 3.7 times as restless",
        "d": "turns 0.30 s later",
        "e": "no change is shown",
        "f": "no change is shown",
        "h": "drives 0.03 m farther off the centre",
        "i": "no change is shown",
    }
    assert effects["a"].adjusted_p < 0.05 < effects["e"].adjusted_p
    assert "lag_s" not in effects["c"].changes
    assert effects["b"].changes["departures_per_km"].value == pytest.approx(2.5 / 0.2)


def test_lesions_come_in_the_order_of_what_they_change_open_loop_within_the_budget() -> None:
    policy = build_policy("ltc")
    random = np.random.default_rng(0)
    drive = make_drive(0, [lambda signals, _: signals[:, 0]], ticks=60)
    drives = [drive.__class__(**{**vars(drive), "features_TI": random.normal(size=(60, policy.cell.inputs)).astype(np.float32)})]
    chosen = choose_lesions(policy, drives, singles=4, pairs=3)
    kinds = [one.kind for one in chosen]
    assert kinds == ["neuron"] * 4 + ["synapse class"] * 4 + ["pair"] * 3
    for kind in ("neuron", "pair"):
        sizes = [one.open_loop for one in chosen if one.kind == kind]
        assert sizes == sorted(sizes, reverse=True)
        assert sizes[0] > 0.0
    names = [name_folder(one.words) for one in chosen]
    assert len(set(names)) == len(names)
    assert all(name == name.replace(" ", "").replace("/", "") for name in names)


def test_an_exported_policy_and_the_expert_cannot_be_lesioned(tmp_path: Path) -> None:
    (tmp_path / "policy.onnx").touch()
    with pytest.raises(UserError, match=r"the lesion inter 7 needs the policy's weights"):
        DriverReference(checkpoint=tmp_path / "policy.onnx", lesion=("inter 7",))
    with pytest.raises(UserError, match=r"needs the policy's weights"):
        DriverReference("expert", lesion=("inter 7",))


def test_contributions_add_up_and_orders_stop_where_nothing_is_left() -> None:
    worth = {"a": 0.5, "b": 0.3, "c": 0.0, "d": 0.0}
    driven: list[tuple[str, ...]] = []

    def drive_all(lesions: Sequence[tuple[str, ...]]) -> Mapping[tuple[str, ...], Sequence[Mapping[str, float]]]:
        driven.extend(lesions)
        return {words: [{"unaided_share": 0.1 + sum(value for name, value in worth.items() if name not in words)}] for words in lesions}

    found = {one.neuron: one for one in sample_contributions(list(worth), 5, drive_all)}
    assert {name: round(one.value, 9) for name, one in found.items()} == worth
    assert found["a"].interval.low == pytest.approx(0.5)
    assert len(driven) == len(set(driven)) < 2 ** len(worth), "no set is driven twice, and not all are driven"
    assert all(set(words) in ({"a", "b"}, {"a", "b", "c"}, {"a", "b", "d"}, set("abcd")) or not {"a", "b"} <= set(words) for words in driven)


def make_trace(steer: np.ndarray, curvature: np.ndarray, driven: np.ndarray, departed: Sequence[int] = ()) -> Trace:
    ticks = len(steer)
    columns = {"dt_s": np.full(ticks, 0.1), "steer": steer, "curvature_per_m": curvature, "speed_mps": np.full(ticks, 10.0)}
    columns |= {"yaw_rate_radps": 10.0 * driven, "s_m": np.arange(ticks) * 1.0, "departed": np.isin(np.arange(ticks), departed)}
    return Trace(columns, {"end_reason": "finished", "route_length_m": float(ticks)})


def test_habits_are_how_restless_how_late_and_how_far() -> None:
    time = np.arange(300) * 0.1
    road = 0.02 * np.sin(time / 3) + 0.01 * np.sin(time / 1.1)
    calm = measure_habits(make_trace(road * 5, road, np.roll(road, 2)))
    assert calm["lag_s"] == pytest.approx(0.2)
    assert calm["unaided_share"] == 1.0
    wild = measure_habits(make_trace(road * 5 + 0.1 * np.sign(np.sin(time * 9)), road, np.roll(road, -3), departed=[150]))
    assert wild["lag_s"] == pytest.approx(-0.3)
    assert wild["unaided_share"] == pytest.approx(0.5)
    assert calm["restlessness"] is not None
    assert wild["restlessness"] is not None
    assert wild["restlessness"] > 10 * calm["restlessness"]
    straight = measure_habits(make_trace(0 * road, 0 * road, road))
    assert straight["lag_s"] is None
