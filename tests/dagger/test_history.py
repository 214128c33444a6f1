"""What is finished of a run, and that a run goes on with its own options only."""

from __future__ import annotations

from pathlib import Path

import pytest

from driving.dagger.config import DaggerConfig
from driving.dagger.history import FinishedStep, History, read_history
from driving.quantities import UserError


def test_finished_steps_are_read_back_and_more_rounds_may_follow(tmp_path: Path) -> None:
    step = FinishedStep(0, "record", "round 0: record 20 minutes", "12,000 frames", 101.5)
    History(tmp_path, DaggerConfig().describe()).add(step)
    again = History(tmp_path, DaggerConfig(rounds=3).describe())
    assert read_history(tmp_path)[1] == again.steps == [step]
    assert again.has(0, "record")
    assert not again.has(1, "record")


def test_other_options_are_refused_with_both_values(tmp_path: Path) -> None:
    History(tmp_path, DaggerConfig().describe()).begin()
    with pytest.raises(UserError, match=r"minutes was 15\.0 and is now 2\.0"):
        History(tmp_path, DaggerConfig(minutes=2.0).describe())
    suite = tmp_path / "suite.yaml"
    suite.write_text("{name: rounds, families: {town: [8101]}}")
    with pytest.raises(UserError, match=r"suite\.families\.avenue was \[8101, 8102\] and is now None"):
        History(tmp_path, DaggerConfig(suite=suite).describe())


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"give a folder that scripts/dagger\.py wrote"):
        read_history(tmp_path)
