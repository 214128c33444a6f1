"""Training does not need the simulator's client, because CARLA's wheel exists for few platforms."""

from __future__ import annotations

from pathlib import Path

from tests.scripts import run_scripts

SMALL = ("--data.window=8", "--data.batch_size=8", "--trainer.max_steps=1", "--trainer.accelerator=cpu", "--trainer.enable_progress_bar=false")


def test_all_commands_but_those_that_drive_run_without_carla(log: Path, tmp_path: Path) -> None:
    run, report = tmp_path / "run", tmp_path / "report"
    scripts: dict[str, tuple[str | Path, ...]] = {
        "train": ("fit", "--config", "configs/train/scratch.yaml", "--data.log", log, "--out", run, *SMALL),
        "export": ("--checkpoint", run, "--out", tmp_path / "policy.onnx"),
        "openloop": ("--checkpoint", run, "--log", log),
        "report": ("--out", report, "--log", log, "--run", run),
        "doctor": (log,),
        "import_logs": ("--help",),
        "view": ("--help",),
    }
    done = run_scripts(tmp_path / "said", [(f"scripts/{name}.py", *words) for name, words in scripts.items()], forbidden=["carla"])
    said = dict(zip(scripts, done, strict=True))
    assert [(name, one.err) for name, one in said.items() if one.status] == []
    assert (tmp_path / "policy.onnx").is_file()
    assert (report / "report.html").is_file()
    for name, words in {"openloop": "open-loop error", "doctor": "is sound", "import_logs": "donkeycar", "view": "drive.mp4"}.items():
        assert words in said[name].out
