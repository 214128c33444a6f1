"""The benchmark's JSON becomes tables with ratios and a chart of the solvers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from driving.benchmarks.ltc import Row, measure_accuracy, write
from driving.quantities import UserError
from driving.reports.benchmarks import make_benchmark_section
from driving.reports.command import report_command
from driving.reports.document import Gallery, Table
from tests.reports.charts import groups, points_of

TIMES = [Row("training step ms", 19, 32, 1, name, value, 0.1, value) for name, value in (("ltc cpu", 0.5), ("ncps ltc", 60.0))]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    write([*TIMES, *measure_accuracy(5, {"semi_implicit": (1, 4), "exponential_midpoint": (2, 4)})], path := tmp_path / "benchmark.json")
    return path


def test_ratios_are_shown_beside_the_medians(written: Path) -> None:
    section = make_benchmark_section(written)
    table = next(block for block in section.blocks if isinstance(block, Table))
    assert table.header == ["training step ms", "19 units, batch 32, 1 threads"]
    assert table.rows == [["ltc cpu", "0.5 (120×)"], ["ncps ltc", "60"]]


def test_solvers_that_cost_more_have_smaller_errors(written: Path) -> None:
    gallery = next(block for block in make_benchmark_section(written).blocks if isinstance(block, Gallery))
    lines = groups(gallery.pictures[0].svg, "curve")
    assert len(lines) == 2
    for line in lines:
        heights = points_of(line)[:, 1].tolist()
        assert heights == sorted(heights), "SVG's y grows downwards: smaller errors lie lower"


def test_the_report_command_takes_a_benchmark(written: Path, tmp_path: Path) -> None:
    page = report_command("", ["--out", str(tmp_path / "report"), "--benchmark", str(written)])
    assert "evaluations per step" in page.read_text(encoding="utf-8")
    assert "120×" in (tmp_path / "report" / "report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", json.dumps({"rows": [], "machine": {}, "lanes": 8}), json.dumps({"rows": [1], "machine": {}, "lanes": 8})]
)
def test_another_file_is_refused_with_the_remedy(content: str, tmp_path: Path) -> None:
    (path := tmp_path / "other.json").write_text(content)
    with pytest.raises(UserError, match=r"benchmark\.py ltc"):
        make_benchmark_section(path)
