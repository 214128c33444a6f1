"""Evaluations on the stand-in: figures repeat, finished routes are kept, and servers that fail are replaced."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from driving.drivers.expert import Expert
from driving.evaluation.command import evaluate_command
from driving.evaluation.drive_task import DriverReference
from driving.evaluation.runner import Endpoint, evaluate
from driving.evaluation.suite import SuiteConfig
from driving.quantities import CameraSpec, UserError
from driving.simulator.errors import SimulatorError
from driving.simulator.process import StandinProcess
from driving.world.generated.tracks import TrackConfig

CAMERA = CameraSpec(width_px=64, height_px=36)
TRACK = TrackConfig(length_m=300.0)
ROOT = Path(__file__).resolve().parents[2]


def small_suite(**values: Any) -> SuiteConfig:
    """Return a suite of two short routes."""
    plain: dict[str, Any] = {"families": {"track": [1, 2]}, "track": TRACK, "route_length_m": 120.0, "camera": CAMERA} | {
        "weathers": ["ClearNoon", "WetNoon"]
    }
    return SuiteConfig(**(plain | values))


class CountingExpert(Expert):
    """An expert that counts its drives."""

    drives = 0

    def reset(self, context: Any) -> None:
        CountingExpert.drives += 1
        super().reset(context)


@pytest.fixture(autouse=True)
def count_from_zero() -> None:
    CountingExpert.drives = 0


def drop_wall_clock(summary: dict[str, Any]) -> dict[str, Any]:
    """Return the summary without what the wall clock measured."""
    return {name: value for name, value in summary.items() if name != "wall_clock"}


def test_two_evaluations_with_one_seed_give_the_same_figures(tmp_path: Path) -> None:
    one, two = (evaluate(Expert, small_suite(), tmp_path / name) for name in ("one", "two"))
    assert one["overall"]["departures"] == 0
    assert one["overall"]["km"] == pytest.approx(0.24, abs=0.03)
    assert [row["weather"] for row in one["routes"]] == ["ClearNoon", "WetNoon"]
    written = json.loads((tmp_path / "one" / "summary.json").read_text())
    assert drop_wall_clock(one) == drop_wall_clock(two) == drop_wall_clock(written)


def test_finished_routes_are_kept_and_others_driven(tmp_path: Path) -> None:
    evaluate(CountingExpert, small_suite(families={"track": [1]}), tmp_path)
    assert CountingExpert.drives == 1
    summary = evaluate(CountingExpert, small_suite(families={"track": [1, 2]}), tmp_path)
    assert CountingExpert.drives == 2, "the first route was driven again"
    assert [row["name"] for row in summary["routes"]] == ["track_1", "track_2"]
    evaluate(CountingExpert, small_suite(families={"track": [1]}, max_speed_mps=7.0), tmp_path)
    assert CountingExpert.drives == 3, "another suite's result was taken"
    evaluate(CountingExpert, small_suite(families={"track": [1]}, max_speed_mps=7.0), tmp_path, identity="other weights")
    assert CountingExpert.drives == 4, "another driver's result was taken"


@pytest.mark.parametrize("fault", ["die@30", "hang:60@30"])
def test_a_server_that_always_fails_is_tried_three_times_and_leaves_no_summary(fault: str, tmp_path: Path) -> None:
    said: list[str] = []
    with pytest.raises(SimulatorError, match="failed 3 times"):
        evaluate(
            CountingExpert, small_suite(families={"track": [1]}), tmp_path, Endpoint(timeout_s=2.0, standin=("--fault", fault)), report=said.append
        )
    assert sum("trying again" in line for line in said) == 2
    assert CountingExpert.drives == 3
    assert not (tmp_path / "summary.json").exists()


@pytest.mark.parametrize("fault", ["drop:1@30", "cut@30", "refuse:1@1"])
def test_a_server_that_fails_once_costs_one_attempt_and_changes_no_figure(fault: str, tmp_path: Path) -> None:
    sound = evaluate(Expert, small_suite(families={"track": [1]}), tmp_path / "sound")
    said: list[str] = []
    with StandinProcess("--fault", fault) as server:
        summary = evaluate(
            Expert, small_suite(families={"track": [1]}), tmp_path / "shaky", Endpoint(server.host, server.port, timeout_s=3.0), report=said.append
        )
    assert sum("trying again" in line for line in said) == 1
    assert drop_wall_clock(summary) == drop_wall_clock(sound)


def test_a_finished_route_is_kept_when_a_later_one_fails(tmp_path: Path) -> None:
    with StandinProcess("--fault", "refuse:9@2") as server, pytest.raises(SimulatorError, match="failed 3 times"):
        evaluate(Expert, small_suite(), tmp_path, Endpoint(server.host, server.port, timeout_s=5.0))
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert [row["name"] for row in summary["routes"]] == ["track_1"]


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"weathers": ["Sunny"]}, "Sunny"),
        ({"maps": [Path("none.xodr")]}, "none.xodr"),
        ({"route_length_m": 0.0}, "route_length_m"),
        ({"families": {}}, "no road to drive on: give OpenDRIVE files with --map"),
    ],
)
def test_a_suite_that_cannot_be_driven_is_refused(values: dict[str, Any], named: str) -> None:
    with pytest.raises(UserError, match=named):
        small_suite(**values)


def test_the_command_reads_a_suite_with_overrides_and_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    suite = str(ROOT / "configs" / "suite" / "quickstart.yaml")
    made = evaluate_command(
        "", ["--suite", suite, "--driver", "expert", "--out", str(tmp_path), "--families", "{track: [1]}", "--route_length_m", "60"]
    )
    assert [row["name"] for row in made["routes"]] == ["track_1"]
    with pytest.raises(UserError, match=r"familiez.*did you mean 'families'"):
        evaluate_command("", ["--suite", suite, "--driver", "expert", "--out", str(tmp_path), "--familiez", "{}"])


def test_a_policy_without_a_checkpoint_is_refused_with_the_option_to_give(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--checkpoint"):
        DriverReference("policy", None)
    with pytest.raises(UserError, match=r"policy\.json"):
        DriverReference("policy", tmp_path)
