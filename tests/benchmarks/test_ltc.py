"""The benchmark of the networks runs, names every contender, and its accuracies grow with the cost."""

from __future__ import annotations

import json
from pathlib import Path

from driving.benchmarks.ltc import measure, measure_accuracy, write


def test_a_benchmark_names_every_contender_in_every_case(tmp_path: Path) -> None:
    said: list[str] = []
    rows = measure([19], [2], [1], rounds=1, memory=False, report=said.append)
    cases = {row.case for row in rows}
    assert cases == {"training step ms", "single step us", "solver error % at evaluations"}
    timed = [row for row in rows if "solver" not in row.case]
    assert {row.contender for row in timed} >= {"ltc reference", "cfc", "lstm", "gru", "lstm 64", "ncps ltc", "ncps cfc"}
    assert all(row.value > 0 for row in rows)
    assert any("x" in line for line in said[0].splitlines()[1:])
    write(rows, tmp_path / "new" / "benchmark.json")
    assert len(json.loads((tmp_path / "new" / "benchmark.json").read_text())["rows"]) == len(rows)


def test_more_evaluations_are_more_accurate() -> None:
    for solver in ("semi_implicit", "exponential_midpoint"):
        few, many = measure_accuracy(12, {solver: (4, 12)})
        assert many.value < few.value
