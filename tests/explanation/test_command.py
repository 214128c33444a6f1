"""The explanation command on two small policies and the stand-in, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from driving.explanation.command import explain_command
from driving.quantities import UserError
from policy.network import save_policy
from tests.policy.cells import build_policy

ROUTE = ["--families", "{track: [9201]}", "--route_length_m", "30", "--weathers", "[WetNoon]", "--max_speed_mps", "6"]
BUDGET = ["--lesions.singles", "1", "--lesions.length_m", "31", "--lesions.orders", "0", "--frames", "2"]


def test_two_cells_stand_side_by_side_and_a_second_run_drives_nothing_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    for name, case in (("liquid", "ltc"), ("plain", "feed_forward")):
        save_policy(build_policy(case), tmp_path / name)
    out = tmp_path / "out"
    args = ["--checkpoint", str(tmp_path / "liquid"), str(tmp_path / "plain"), "--out", str(out), *ROUTE, *BUDGET]
    page = explain_command("", args)
    first = json.loads((out / "explain.json").read_text())
    assert "6 of 6, " in capsys.readouterr().out
    liquid, plain = first["policies"]
    assert [liquid["label"], plain["label"]] == ["liquid", "plain"]
    assert liquid["certainty"]["is_kept"]
    assert plain["certainty"]["is_kept"]
    assert plain["certainty"]["bounds"]["tau_low_s_H"] is None
    words = [effect["lesion"]["words"] for effect in liquid["effects"]]
    assert sorted(words[1:]) == [["command -> command"], ["command -> motor"], ["inter -> command"], ["sensory -> inter"]]
    assert len(words[0]) == 1
    assert len(liquid["responses"]) == 5 * 11
    share = liquid["looking"]["share"]["markings"]["value"]
    assert 0.0 < share < 0.5, "the markings are in the pictures, and are a small part of them"
    text = page.read_text()
    assert text.count("<svg") == 3
    assert "http" not in text.replace("http://www.w3.org", ""), "the page needs no network"
    assert all(title in text for title in ("Side by side", "liquid: neurons", "plain: lesions in closed loop", "−"))
    cut = json.loads((out / "liquid" / "lesions" / "inter_to_command" / "settings.json").read_text())
    assert cut["driver"]["lesion"] == ["inter -> command"]

    explain_command("", [*args, "--wandb", "true"])
    said = capsys.readouterr().out
    assert "departures" not in said, "a line per drive"
    assert json.loads((out / "explain.json").read_text()) == first
    media = {path.suffix for path in (out / "wandb").rglob("media/**/*") if path.is_file()}
    assert {".html", ".json"} <= media, "page, charts and tables"


def test_what_cannot_be_explained_is_refused_in_one_line(tmp_path: Path) -> None:
    given = ["--out", str(tmp_path / "out"), *ROUTE]
    with pytest.raises(UserError, match=r"an exported policy does not show its synapses"):
        explain_command("", ["--checkpoint", str(tmp_path / "policy.onnx"), *given])
    with pytest.raises(UserError, match=r"holds no policy"):
        explain_command("", ["--checkpoint", str(tmp_path), *given])
    with pytest.raises(UserError, match=r"frames is 0: give 1 or more"):
        explain_command("", ["--checkpoint", str(tmp_path), *given, "--frames", "0"])
    with pytest.raises(UserError, match=r"singles is -1: give 0 or more"):
        explain_command("", ["--checkpoint", str(tmp_path), *given, "--lesions.singles", "-1"])
