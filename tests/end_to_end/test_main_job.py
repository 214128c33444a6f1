"""The main job through its commands, in small: record, check, train, drive, export, judge, show, report. Each command is a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run_script(name: str, *words: object) -> str:
    """Run a script and return what it printed. It must succeed without a warning."""
    line = [sys.executable, f"scripts/{name}.py", *map(str, words)]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, f"{name}: {done.stderr[-2000:]}"
    assert "warning" not in done.stderr.lower(), done.stderr
    return done.stdout


def test_record_train_drive_export_show(tmp_path: Path) -> None:
    log, run, drives, view = (tmp_path / name for name in ("log", "run", "drives", "view"))
    camera = ("--camera.width_px", 160, "--camera.height_px", 90)
    run_script("record", "--out", log, "--families", "{track: 1, street: 1}", "--minutes", 0.5, "--episode_s", 10, "--seed", 5, *camera)
    assert "sound" in run_script("doctor", log)
    train = ("--config", "configs/train/scratch.yaml", "--data.log", log, "--out", run, "--trainer.max_epochs", 1)
    run_script("train", "fit", *train, "--data.stride", 4)
    suite = ("--suite", "configs/suite/quickstart.yaml", "--families", "{track: [9001]}", "--route_length_m", 60, "--departure_m", 3.0)
    printed = run_script("evaluate", "--checkpoint", run, *suite, "--out", drives)
    assert "track_9001" in printed
    summary = json.loads((drives / "summary.json").read_text())
    assert summary["overall"]["km"] > 0.03
    assert "policy.onnx" in run_script("export", "--checkpoint", run, "--out", tmp_path / "policy.onnx")
    assert "track_9001" in run_script("evaluate", "--checkpoint", tmp_path / "policy.onnx", *suite, "--out", tmp_path / "exported")
    run_script("view", "--checkpoint", run, "--drive", drives / "routes" / "track_9001", "--out", view)
    assert {path.name for path in view.iterdir()} == {"drive.mp4", "drive.rrd", "neurons.html", "wiring.png"}
    assert "explained" in run_script("openloop", "--checkpoint", run, "--log", log)
    run_script("report", "--out", tmp_path / "report", "--log", log, "--run", run, "--evaluation", drives, "--views", view)
    assert "track_9001" in (tmp_path / "report" / "report.html").read_text()
