"""metrics.csv is whole after every row, new columns included, and a resumed run replaces the rows that it repeats."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from driving.training.run_log import CsvLog, is_logged_in


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_new_column_keeps_the_rows_before_it(tmp_path: Path) -> None:
    log = CsvLog(tmp_path)
    log.log_metrics({"train_loss": 0.5, "epoch": 0}, step=3)
    log.log_metrics({"closed_loop_departures": 2.0, "epoch": 0}, step=3)
    assert rows(tmp_path) == [
        {"epoch": "0", "step": "3", "closed_loop_departures": "", "train_loss": "0.5"},
        {"epoch": "0", "step": "3", "closed_loop_departures": "2.0", "train_loss": ""},
    ]


def test_a_resumed_run_replaces_the_epochs_that_it_goes_through_again(tmp_path: Path) -> None:
    log = CsvLog(tmp_path)
    for epoch in range(3):
        log.log_metrics({"train_loss": epoch / 10, "epoch": epoch}, step=epoch)
    again = CsvLog(tmp_path, resume=True)
    again.log_metrics({"train_loss": 9.0, "epoch": 1}, step=1)
    assert [(row["epoch"], row["train_loss"]) for row in rows(tmp_path)] == [("0", "0.0"), ("1", "9.0")]


def test_nobody_is_logged_in_without_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert not is_logged_in()
    (tmp_path / ".netrc").write_text("machine api.wandb.ai login user password secret\n")
    (tmp_path / ".netrc").chmod(0o600)
    assert is_logged_in()
