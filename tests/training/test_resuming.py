"""A run is resumed with the options that it began with, from a whole last.ckpt. Everything else is refused before anything changes."""

from __future__ import annotations

import csv
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml

from driving.quantities import UserError
from driving.training.checkpoint import FOLDER, LAST
from driving.training.cli import TrainCommand
from policy.network import load_policy
from tests.training.logs import write_log

SMALL = ["--data.window=8", "--data.batch_size=8", "--trainer.accelerator=cpu", "--trainer.enable_progress_bar=false"]
IMAGE = ["--model.policy.transform.height_px=24", "--model.policy.transform.width_px=48"]


@pytest.fixture(autouse=True)
def inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep commands that are built in this process from reading the arguments of pytest."""
    monkeypatch.setattr(sys, "argv", ["train.py"])


def train(log: Path, run: Path, *words: str) -> None:
    """Run the command in this process, on one epoch unless the words say otherwise."""
    TrainCommand("", ["fit", "--data.log", str(log), "--out", str(run), *SMALL, *IMAGE, "--trainer.max_epochs=1", *words])


@pytest.fixture(scope="module")
def first(log: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run of one epoch."""
    run = tmp_path_factory.mktemp("resuming") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["train.py"])
        train(log, run)
    return run


@pytest.fixture
def run(first: Path, tmp_path: Path) -> Path:
    """Return a copy of the run that a test may change."""
    return Path(shutil.copytree(first, tmp_path / "run"))


def contents(run: Path) -> dict[str, bytes]:
    return {str(path.relative_to(run)): path.read_bytes() for path in run.rglob("*") if path.is_file()}


def refusal(log: Path, run: Path, *words: str) -> str:
    """Return how the run is not resumed, in one line that changes nothing in its folder."""
    before = contents(run)
    with pytest.raises(UserError) as refused:
        train(log, run, "--existing=resume", "--trainer.max_epochs=2", *words)
    assert contents(run) == before
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--model.policy.cell=gru"], "model.policy.cell was 'ltc' and is now 'gru'"),
        (["--model.policy.cell_options.wiring", "{kind: random}"], "'random'"),
        (["--model.policy.transform.height_px=32"], "model.policy.transform.height_px was 24 and is now 32"),
        (["--model.policy.target=curvature"], "model.policy.target was 'steer' and is now 'curvature'"),
        (["--model.optimiser.cell=0.5"], "model.optimiser.cell was 0.01 and is now 0.5"),
        (["--data.window=9"], "data.window was 8 and is now 9"),
        (["--seed_everything=5"], "seed_everything was 0 and is now 5"),
        (["--trainer.precision=64-true"], "trainer.precision was '32-true' and is now '64-true'"),
        (["--trainer.max_epochs=0"], "holds 1 epochs and trainer.max_epochs is 0"),
    ],
)
def test_another_option_is_refused_with_both_values(words: list[str], told: str, log: Path, run: Path) -> None:
    assert told in refusal(log, run, *words)


def test_another_log_is_refused(run: Path, tmp_path: Path) -> None:
    other = write_log(tmp_path / "other")
    assert str(other) in refusal(other, run)


def drop_part(path: Path, part: str) -> None:
    saved = torch.load(path, weights_only=True)
    del saved[part]
    torch.save(saved, path)


def write_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "not a checkpoint")


DAMAGES: dict[str, Callable[[Path], object]] = {
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-1000]),
    "half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("not a checkpoint"),
    "another archive": write_zip,
    "weights alone": lambda path: torch.save({"weight": torch.zeros(3)}, path),
    "code": lambda path: torch.save({"state_dict": Path("/")}, path),
    "without optimiser": lambda path: drop_part(path, "optimizer_states"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_broken_or_foreign_state_is_refused(damage: str, log: Path, run: Path) -> None:
    DAMAGES[damage](run / LAST)
    told = refusal(log, run)
    assert LAST in told
    assert "--existing replace" in told


def test_a_state_of_another_version_with_other_weights_is_refused(log: Path, run: Path) -> None:
    saved = torch.load(run / LAST, weights_only=True)
    saved["callbacks"] = {}
    saved["state_dict"]["policy.cell.tau"] = saved["state_dict"].pop("policy.cell.cm")
    torch.save(saved, run / LAST)
    assert "policy.cell.cm has the shape None there" in refusal(log, run)


def test_a_policy_without_a_state_to_resume_is_not_overwritten(log: Path, run: Path) -> None:
    (run / LAST).unlink()
    assert f"no {LAST} to resume" in refusal(log, run)


def test_more_epochs_continue_a_run(log: Path, run: Path, tmp_path: Path) -> None:
    train(log, run, "--existing=resume", "--trainer.max_epochs=2", "--data.cache", str(tmp_path / "cache"))
    with (run / "metrics.csv").open(newline="") as file:
        assert [row["epoch"] for row in csv.DictReader(file) if row["train_loss"]] == ["0", "1"]


@pytest.mark.parametrize(("precision", "tolerance"), [("64-true", 1e-4), ("bf16-mixed", 0.02), ("bf16-true", 0.05)])
def test_every_precision_trains_to_the_same_loss_and_leaves_a_policy_that_drives(
    precision: str, tolerance: float, log: Path, first: Path, tmp_path: Path
) -> None:
    train(log, tmp_path / "run", f"--trainer.precision={precision}")
    losses = []
    for run in (first, tmp_path / "run"):
        with (run / "metrics.csv").open(newline="") as file:
            losses.append(next(float(row["train_loss"]) for row in csv.DictReader(file) if row["train_loss"]))
    assert losses[1] == pytest.approx(losses[0], rel=tolerance)
    policy = load_policy(tmp_path / "run" / FOLDER)
    assert {value.dtype for value in policy.parameters()} == {torch.float32}
    assert yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())["trainer"]["precision"] == precision


@pytest.mark.parametrize("precision", ["16-true", "transformer-engine"])
def test_a_precision_that_cannot_train_is_refused(precision: str, log: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"trainer.precision {precision} is not supported: give one of 32-true"):
        train(log, tmp_path / "run", f"--trainer.precision={precision}")
    assert not (tmp_path / "run").exists()
