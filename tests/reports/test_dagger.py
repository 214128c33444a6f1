"""The DAgger part of a report, from rounds written by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from driving.dagger.history import FinishedStep, History
from driving.evaluation.summary import SUMMARY
from driving.quantities import UserError
from driving.reports.dagger import make_dagger_section, make_family_lines, make_line, read_rounds
from driving.reports.document import Gallery, Table
from tests.evaluation.measures.test_families import drive
from tests.evaluation.test_estimates import make_summary
from tests.reports.charts import groups, texts


def write_round(out: Path, number: int, *rows: dict[str, Any]) -> None:
    """Write a round's evaluation, and that its steps are finished."""
    history = History(out, {"rounds": 2})
    history.add(FinishedStep(number, "record", f"round {number}: record 15 minutes", "9,000 frames", 61.0))
    history.add(FinishedStep(number, "evaluate", f"round {number}: evaluate", "so", 33.0))
    folder = out / f"round_{number}" / "evaluation"
    folder.mkdir(parents=True)
    (folder / SUMMARY).write_text(json.dumps(make_summary([{"route": row["map"], **row} for row in rows])))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Return a run of two rounds, of which the second mends the town."""
    write_round(tmp_path, 0, drive("track_1"), drive("town_1", 20, 60), drive("town_2", 50))
    write_round(tmp_path, 1, drive("track_1"), drive("town_1"), drive("town_2", 50))
    return tmp_path


def test_the_lines_are_the_departures_per_km_by_round_of_all_and_of_each_family(out: Path) -> None:
    rounds = read_rounds(out)
    line, families = make_line(rounds), make_family_lines(rounds)
    np.testing.assert_allclose(line.rate, [3 / 0.303, 1 / 0.303])
    assert ((line.low <= line.rate) & (line.rate <= line.high)).all()
    assert {name: x.tolist() for name, (x, _) in families.items()} == {"track": [0.0, 1.0], "town": [0.0, 1.0]}
    np.testing.assert_allclose(families["town"][1], [3 / 0.202, 1 / 0.202])
    np.testing.assert_allclose(families["track"][1], [0.0, 0.0])


def test_the_section_draws_one_thick_line_and_one_thin_one_per_family_and_says_what_each_round_did(out: Path) -> None:
    section = make_dagger_section(out)
    [picture] = next(block for block in section.blocks if isinstance(block, Gallery)).pictures
    assert [len(groups(picture.svg, name)) for name in ("curve", "part", "interval")] == [1, 2, 1]
    assert {"town", "round"} <= set(texts(picture.svg))
    table = next(block for block in section.blocks if isinstance(block, Table))
    assert table.rows[0][3] == "town 14.85"
    assert table.rows[1][4] == "record 15 minutes (61 s); evaluate (33 s)"


def test_a_run_without_an_evaluated_round_is_refused(tmp_path: Path) -> None:
    History(tmp_path, {}).begin()
    with pytest.raises(UserError, match="no round that is evaluated"):
        make_dagger_section(tmp_path)
