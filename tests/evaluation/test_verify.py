"""An evaluation that stops early, and one whose drives are made again: on the stand-in, as the command does it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from driving.evaluation.command import evaluate_command
from driving.evaluation.drive_task import DriverReference
from driving.evaluation.settings import read_settings, write_settings
from driving.evaluation.suite import DisturbanceConfig, RouteConfig, SuiteConfig
from driving.evaluation.verify import choose_names
from driving.quantities import CameraSpec, UserError
from driving.world.generated.tracks import TrackConfig


def test_an_evaluation_stops_when_its_claim_is_shown_and_its_drives_can_be_made_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    short = ["--driver", "expert", "--families", "{track: [1]}", "--seeds", str(list(range(12))), "--route_length_m", "30", "--weathers", "[WetNoon]"]
    status = evaluate_command("", [*short, "--out", str(tmp_path), "--until", "departures_per_km < 100"])
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert status == 0
    assert summary["until"]["decision"] == "shown"
    assert 10 <= summary["until"]["drives"] == len(summary["routes"]) < summary["drives"] == 12
    names = [row["name"] for row in summary["routes"]]
    assert names != sorted(names, key=lambda name: int(name.partition("seed")[2])), "the drives are made in random order"
    capsys.readouterr()
    assert evaluate_command("", ["--verify", str(tmp_path), "--share", "0.1"]) == 0
    count = int(np.ceil(0.1 * len(names)))
    assert f"{count} of {count} drives are the same in every tick" in capsys.readouterr().out
    for row in summary["routes"]:
        row["trace_digest"] = "0ther"
    (tmp_path / "summary.json").write_text(json.dumps(summary))
    assert evaluate_command("", ["--verify", str(tmp_path), "--share", "0.01"]) == 1
    said = capsys.readouterr().out
    assert "not the same: " in said
    assert "0 of 1 drives are the same" in said


def test_the_settings_of_an_evaluation_are_read_as_they_were_written(tmp_path: Path) -> None:
    map_file = tmp_path / "town.xodr"
    map_file.touch()
    route, disturbance = RouteConfig(str(map_file), 3, -1, 10.0), DisturbanceConfig("image_noise", [0.1])
    wide = CameraSpec(width_px=64, fov_deg=120.0)
    values = {"families": {"track": [4]}, "maps": [map_file], "routes": [route], "disturbances": [disturbance], "seeds": [1, 2], "camera": wide}
    suite, driver = SuiteConfig(track=TrackConfig(length_m=200.0), **values), DriverReference("expert")
    write_settings(tmp_path, driver, suite)
    assert read_settings(tmp_path) == (driver, suite)
    with pytest.raises(UserError, match=r"holds no settings\.json"):
        read_settings(tmp_path / "none")


def test_a_share_of_the_drives_is_chosen_at_random_in_their_order() -> None:
    names = [f"route_{number:02}" for number in range(40)]
    chosen = choose_names(names, 0.1, np.random.default_rng(0))
    assert len(chosen) == 4
    assert chosen == sorted(chosen)
    assert chosen != choose_names(names, 0.1, np.random.default_rng(1))
    assert choose_names(names, 1.0, np.random.default_rng(0)) == names
    assert len(choose_names(names, 1e-6, np.random.default_rng(0))) == 1


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--verify", "none"], r"holds no settings\.json"),
        (["--verify", "none", "--share", "1.5"], "--share is 1.5"),
        (["--driver", "expert"], "no --out"),
        (["--driver", "expert", "--out", "none", "--until", "departures < 1"], "did you mean 'departures_per_km'"),
    ],
)
def test_what_cannot_be_verified_or_tested_is_refused(words: list[str], named: str) -> None:
    with pytest.raises(UserError, match=named):
        evaluate_command("", words)
