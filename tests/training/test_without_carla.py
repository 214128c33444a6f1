"""Training does not need the simulator's client, because CARLA's wheel exists for few platforms."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WITHOUT_CARLA = """
import runpy, sys
sys.modules["carla"] = None  # importing it raises ImportError
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def run_without_carla(*words: str | Path) -> str:
    """Run a script in a process in which `carla` cannot be imported, and return what it prints."""
    done = subprocess.run([sys.executable, "-c", WITHOUT_CARLA, *map(str, words)], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_training_export_open_loop_and_report_run_without_carla(log: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    small = ["--data.window=8", "--data.batch_size=8", "--trainer.max_steps=1", "--trainer.accelerator=cpu", "--trainer.enable_progress_bar=false"]
    run_without_carla("scripts/train.py", "fit", "--config", "configs/train/quickstart.yaml", "--data.log", log, "--out", run, *small)
    run_without_carla("scripts/export.py", "--checkpoint", run, "--out", tmp_path / "policy.onnx")
    assert "open-loop error" in run_without_carla("scripts/openloop.py", "--checkpoint", run, "--log", log)
    run_without_carla("scripts/report.py", "--out", tmp_path / "report", "--log", log, "--run", run)
    assert (tmp_path / "report" / "report.html").is_file()


def test_doctor_import_and_view_run_without_carla(log: Path) -> None:
    assert "is sound" in run_without_carla("scripts/doctor.py", log)
    assert "donkeycar" in run_without_carla("scripts/import_logs.py", "--help")
    assert "drive.mp4" in run_without_carla("scripts/view.py", "--help")
