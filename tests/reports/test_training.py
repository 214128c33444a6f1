"""Training curves from Lightning's metrics.csv."""

from __future__ import annotations

from pathlib import Path

import pytest

from driving.quantities import UserError
from driving.reports.training import draw_training_curves, read_metrics, split_name

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


def test_values_of_one_epoch_are_averaged(metrics: Path) -> None:
    epochs, values = read_metrics(metrics)["train/loss"]
    assert epochs.tolist() == [0.0, 1.0]
    assert values == pytest.approx([0.75, 0.3])


def test_values_that_are_not_a_number_are_left_out(metrics: Path) -> None:
    epochs, values = read_metrics(metrics)["val/loss"]
    assert (epochs.tolist(), values.tolist()) == ([0.0], [0.9])


def test_training_and_validation_share_a_chart(metrics: Path) -> None:
    pictures = {picture.name: picture for picture in draw_training_curves(metrics).pictures}
    assert set(pictures) == {"curve_loss", "curve_departures", "curve_lr"}
    assert "train" in pictures["curve_loss"].svg
    assert "val" in pictures["curve_loss"].svg


@pytest.mark.parametrize(
    ("name", "parts"),
    [("train/loss", ("train", "loss")), ("val_loss", ("val", "loss")), ("train/loss_epoch", ("train", "loss")), ("lr-Adam", ("", "lr-Adam"))],
)
def test_names_are_split_into_split_and_measure(name: str, parts: tuple[str, str]) -> None:
    assert split_name(name) == parts


@pytest.mark.parametrize("content", [None, "epoch,step,train/loss\n0,0,banana\n"], ids=["missing", "not a number"])
def test_a_file_without_metrics_is_refused_in_one_line(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "metrics.csv").write_text(content)
    with pytest.raises(UserError, match=r"metrics\.csv cannot be read .* expected the metrics\.csv of a training run"):
        draw_training_curves(tmp_path / "metrics.csv")
