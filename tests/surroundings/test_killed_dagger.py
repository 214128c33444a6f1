"""A run of DAgger that is killed in the middle of a round goes on at the step where it stopped."""

from __future__ import annotations

from pathlib import Path

from driving.dagger.history import HISTORY, read_history
from driving.drivers.learned import checkpoint_folder
from driving.logs.reader import Log
from policy.network import load_policy
from tests.surroundings.terminals import in_terminal
from tests.training.runs import TRANSFORM

TRAINING = f"""
model: {{policy: {{transform: {{height_px: {TRANSFORM.height_px}, width_px: {TRANSFORM.width_px}, crop_top: {TRANSFORM.crop_top}}}}}}}
data: {{window: 8, batch_size: 8}}
trainer: {{max_epochs: 1, accelerator: cpu}}
"""
SUITE = "{families: {track: [9001], rural: [9001]}, route_length_m: 60.0}"
RECORDING = ("--record.families", "{track: 2, rural: 2}", "--record.episode_s", 5, "--record.camera.width_px", 96, "--record.camera.height_px", 54)
STEPS = [(0, "evaluate"), (1, "record"), (1, "train"), (1, "evaluate")]


def finished(out: Path) -> list[tuple[int, str]]:
    return [(step.round, step.step) for step in read_history(out)[1]] if (out / HISTORY).exists() else []


def test_a_killed_run_goes_on_at_the_step_where_it_stopped(log: Path, run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for name, text in (("training.yaml", TRAINING), ("suite.yaml", SUITE)):
        (tmp_path / name).write_text(text)
    files = ("--training", tmp_path / "training.yaml", "--suite", tmp_path / "suite.yaml")
    words = ("scripts/dagger.py", "--out", out, "--start", run, "--log", log, "--rounds", 1, "--minutes", 0.4, *files, *RECORDING)
    with in_terminal(*words) as terminal:
        terminal.wait_until(lambda: finished(out) == STEPS[:2])
        terminal.wait_until(lambda: len(terminal.list_processes()) > 1)  # the training has begun
        terminal.process.kill()
        terminal.wait_for_end()
        assert not terminal.wait_for_survivors(2.0)
    recorded = (out / "round_1" / "log" / "meta" / "info.json").stat().st_mtime_ns
    with in_terminal(*words) as terminal:
        assert terminal.wait_for_end()[0] == 0, terminal.text
    assert finished(out) == STEPS
    assert (out / "round_1" / "log" / "meta" / "info.json").stat().st_mtime_ns == recorded
    assert "round 1: train on 2 logs" in terminal.text
    assert "round 1: record" not in terminal.text
    assert {task for episode in Log(out / "round_1" / "log").episodes for task in episode.tasks} == {"keep the lane: track", "keep the lane: rural"}
    load_policy(checkpoint_folder(out))
