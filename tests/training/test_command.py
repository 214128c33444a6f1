"""train.py: its options, what it refuses and how, and the contents of a run's folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from driving.quantities import UserError
from driving.training.checkpoint import FOLDER, LAST
from driving.training.cli import TrainCommand, check_existing, remove_run
from perception.errors import ConfigError
from policy.network import load_policy
from tests.shared_data import REPOSITORY
from tests.training.logs import write_log

CONFIGS = sorted((REPOSITORY / "configs" / "train").glob("*.yaml"))
SMALL = ["--data.window=8", "--data.batch_size=8", "--trainer.max_epochs=1", "--trainer.accelerator=cpu", "--trainer.enable_progress_bar=false"]


def command(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run train.py as a user does."""
    arguments = [sys.executable, "scripts/train.py", *map(str, words)]
    return subprocess.run(arguments, cwd=REPOSITORY, capture_output=True, text=True, timeout=120)


def test_the_documented_command_trains_quietly_and_leaves_the_documented_files(log: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    done = command("fit", "--config", "configs/train/scratch.yaml", "--data.log", log, "--out", run, *SMALL)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == ["training", "trained"]
    assert {path.name for path in run.iterdir()} == {FOLDER, LAST, "metrics.csv", "config.yaml"}
    policy = load_policy(run / FOLDER)
    assert policy.config.cell == "ltc"
    assert yaml.safe_load((run / "config.yaml").read_text())["data"]["window"] == 8


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep commands that are built in this process from reading the arguments of pytest."""
    monkeypatch.setattr(sys, "argv", ["train.py"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--data.windw", "3"], "did you mean 'data.window'?"),
        (["--model.policy.transform.heigt_px", "3"], "did you mean 'model.policy.transform.height_px'?"),
        (["--trainer.max_epochs", "many"], "max_epochs"),
        (["--existing", "delete"], "existing"),
        (["--trainer.accelerator", "abacus"], "abacus"),
        (["--model.policy.frontend", "smal"], "did you mean 'small'?"),
    ],
)
@pytest.mark.usefixtures("inside")
def test_a_wrong_word_is_refused_in_one_line_with_the_nearest_known(words: list[str], message: str, log: Path, tmp_path: Path) -> None:
    with pytest.raises((UserError, ConfigError)) as refusal:
        TrainCommand("", ["fit", "--data.log", str(log), "--out", str(tmp_path / "run"), *words])
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("inside")
def test_a_wrong_key_in_a_config_is_refused_with_the_nearest_known(log: Path, tmp_path: Path) -> None:
    config = tmp_path / "wrong.yaml"
    config.write_text("data: {strid: 4}\n")
    with pytest.raises(UserError, match=r"did you mean 'data\.stride'\?"):
        TrainCommand("", ["fit", "--config", str(config), "--data.log", str(log), "--out", str(tmp_path / "run")])
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_every_config_builds_its_policy_and_data(config: Path, log: Path, tmp_path: Path) -> None:
    class Built(TrainCommand):
        """The command without the training itself."""

        def fit(self, model, datamodule, **_) -> None:  # type: ignore[no-untyped-def]
            datamodule.setup()

    built = Built("", ["fit", "--config", str(config), "--data.log", str(log), "--data.cache", str(tmp_path), "--out", str(tmp_path / "run")])
    assert built.datamodule.transform == built.model.policy.config.transform
    assert built.datamodule.config.target == built.model.policy.config.target
    assert built.model.policy.frontend is not None


@pytest.mark.usefixtures("inside")
def test_help_shows_the_example_and_print_config_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        TrainCommand("the example --data.log LOG", ["--help"])
    assert "the example --data.log LOG" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        TrainCommand("", ["fit", "--config", str(CONFIGS[0]), "--data.log", "LOG", "--out", "RUN", "--print_config"])
    assert {"model", "data", "trainer", "closed_loop", "out", "seed_everything"} <= set(yaml.safe_load(capsys.readouterr().out))


def test_a_folder_that_holds_a_run_is_left_alone_by_default(tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert check_existing(run, "refuse") is False
    (run / FOLDER).mkdir(parents=True)
    (run / LAST).write_text("state")
    (run / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="--existing resume"):
        check_existing(run, "refuse")
    assert check_existing(run, "resume") is True
    assert check_existing(run, "replace") is False
    remove_run(run)
    assert [path.name for path in run.iterdir()] == ["notes.txt"]


@pytest.mark.usefixtures("inside")
def test_a_damaged_log_is_refused_in_one_line_and_leaves_no_checkpoint(tmp_path: Path) -> None:
    root = write_log(tmp_path / "log", [30, 30])
    table = next(root.glob("data/**/*.parquet"))
    table.write_bytes(table.read_bytes()[:200])
    with pytest.raises(UserError) as refusal:
        TrainCommand("", ["fit", "--data.log", str(root), "--out", str(tmp_path / "run"), *SMALL])
    assert "\n" not in str(refusal.value)
    assert not (tmp_path / "run" / FOLDER).exists()


@pytest.mark.usefixtures("inside")
def test_an_earlier_run_is_removed_only_when_its_successor_can_read_the_log(tmp_path: Path) -> None:
    root, run = write_log(tmp_path / "log", [30, 30]), tmp_path / "run"
    (run / FOLDER).mkdir(parents=True)
    (run / LAST).write_text("state")
    table = next(root.glob("data/**/*.parquet"))
    table.write_bytes(table.read_bytes()[:200])
    with pytest.raises(UserError):
        TrainCommand("", ["fit", "--data.log", str(root), "--out", str(run), "--existing", "replace", *SMALL])
    assert (run / LAST).read_text() == "state"
    assert (run / FOLDER).is_dir()
