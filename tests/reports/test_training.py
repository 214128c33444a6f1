"""Training curves out of Lightning's metrics.csv."""

from __future__ import annotations

from pathlib import Path

import pytest

from driving.quantities import UserError
from driving.reports.training import read_metrics, split_name, training_curves

METRICS = """epoch,step,train/loss,val/loss,closed_loop/departures,lr
0,0,1.0,,,0.002
0,1,0.5,,,0.002
0,1,,0.9,2,
1,2,0.4,,,0.001
1,3,0.2,,,0.001
1,3,,nan,0,
"""


@pytest.fixture
def metrics(tmp_path: Path) -> Path:
    (tmp_path / "metrics.csv").write_text(METRICS)
    return tmp_path / "metrics.csv"


def test_what_was_logged_often_is_averaged_over_its_epoch(metrics: Path) -> None:
    epochs, values = read_metrics(metrics)["train/loss"]
    assert epochs.tolist() == [0.0, 1.0]
    assert values == pytest.approx([0.75, 0.3])


def test_what_is_not_a_number_is_left_out(metrics: Path) -> None:
    epochs, values = read_metrics(metrics)["val/loss"]
    assert (epochs.tolist(), values.tolist()) == ([0.0], [0.9])


def test_training_and_validation_share_a_drawing(metrics: Path) -> None:
    pictures = {picture.name: picture for picture in training_curves(metrics).pictures}
    assert set(pictures) == {"curve_loss", "curve_departures", "curve_lr"}
    assert "train" in pictures["curve_loss"].svg
    assert "val" in pictures["curve_loss"].svg


@pytest.mark.parametrize(
    ("name", "parts"),
    [("train/loss", ("train", "loss")), ("val_loss", ("val", "loss")), ("train/loss_epoch", ("train", "loss")), ("lr-Adam", ("", "lr-Adam"))],
)
def test_names_are_split_into_phase_and_measure(name: str, parts: tuple[str, str]) -> None:
    assert split_name(name) == parts


@pytest.mark.parametrize("content", [None, "epoch,step,train/loss\n0,0,banana\n"], ids=["missing", "no number"])
def test_a_file_that_is_no_metrics_is_refused_in_one_line(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "metrics.csv").write_text(content)
    with pytest.raises(UserError, match=r"metrics\.csv cannot be read .* expected the metrics\.csv of a training run"):
        training_curves(tmp_path / "metrics.csv")
