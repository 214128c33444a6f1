"""The benchmark of the stand-in runs, and its JSON says what was measured; no test judges how fast it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from driving.benchmarks.standin import Case, measure, write
from tests.shared_data import shared
from tests.standin.isolation import run_isolated

ROW = {"contender", "ticks_per_s", "spread", "best", "client_ms", "server_ms", "times_baseline"}


def test_the_benchmark_writes_a_row_for_each_contender_and_says_what_it_left_out(tmp_path: Path) -> None:
    cases = (Case("48x32", 48, 32), Case("48x32, two cameras", 48, 32, cameras=2), Case("with cars", 48, 32, traffic=3))
    result = measure(rounds=1, seconds=0.01, map_file=None, maps=None, cases=cases)
    write(result, tmp_path / "new" / "standin.json")
    written: dict[str, Any] = json.loads((tmp_path / "new" / "standin.json").read_text())
    assert set(written) == {"machine", "rows", "loads", "left_out"}
    assert all(set(row) == ROW and row["ticks_per_s"] > 0.0 for row in written["rows"])
    assert all(row["server_ms"] is not None for row in written["rows"] if row["contender"].startswith("stand-in"))
    named = [row["contender"] for row in written["rows"]] + written["left_out"]
    for contender in ("stand-in, 48x32", "stand-in, 48x32, two cameras", "CarRacing-v3", "highway"):
        assert any(contender in name for name in named)
    assert any("cars" in name for name in written["left_out"]), "autopilot needs a network of its own"


def test_the_command_drives_traffic_in_a_network_of_its_own_and_times_loading(tmp_path: Path) -> None:
    maps, out = tmp_path / "maps", tmp_path / "standin.json"
    maps.mkdir()
    (maps / "curve_r100.xodr").write_text(shared("maps/curve_r100.xodr").read_text())
    command = ("scripts/benchmark.py", "standin", "--out", out, "--rounds", 1, "--seconds", 0.01, "--maps", maps)
    said = run_isolated(*command)
    written = json.loads(out.read_text())
    assert not written["left_out"] or not any("autopilot" in why for why in written["left_out"])
    assert any(row["contender"].endswith("20 autopilot cars") for row in written["rows"])
    assert [load["map"] for load in written["loads"]] == ["curve_r100"]
    assert "curve_r100" in said
