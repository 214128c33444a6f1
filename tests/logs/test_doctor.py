"""The doctor finds each fault, names its episode, and reports nothing for a sound log."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from driving.logs import keys, layout
from driving.logs.doctor import examine
from driving.logs.writer import LogWriter
from driving.video import VideoWriter
from tests.logs.drives import FEATURES, FPS, picture, small_log
from tests.shared_data import REPOSITORY

SECOND = {"chunk_index": 0, "file_index": 1}


def change_rows(root: Path, key: str, change: Callable[[np.ndarray], np.ndarray]) -> None:
    """Rewrite a column of the second episode."""
    path = root / layout.DATA_PATH.format(**SECOND)
    table = pq.read_table(path)
    position = table.column_names.index(key)
    values = change(np.array(table[key].to_pylist()))
    pq.write_table(table.set_column(position, key, pa.array(values.tolist(), table.schema.field(key).type)), path)


def change_info(root: Path, **changes: object) -> None:
    path = root / layout.INFO
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def put(index: int, value: float) -> Callable[[np.ndarray], np.ndarray]:
    def change(values: np.ndarray) -> np.ndarray:
        values[index] = value
        return values

    return change


def shorter_video(root: Path) -> None:
    encoder = VideoWriter(root / layout.VIDEO_PATH.format(video_key=keys.IMAGE, **SECOND), 48, 64, FPS)
    for t in range(5):
        encoder.write(picture(t))
    encoder.close()


def test_a_sound_log_has_no_problems(tmp_path: Path) -> None:
    assert examine(small_log(tmp_path / "log"), decode_all=True) == []


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "lost rows": (lambda root: change_rows(root, "frame_index", put(4, 9)), "frame_index does not count from 0 to 7"),
    "wrong rate": (lambda root: change_info(root, fps=25), "off frame_index / fps"),
    "time stands still": (lambda root: change_rows(root, keys.TIME, put(3, 0.0)), "times do not grow"),
    "nan label": (lambda root: change_rows(root, keys.LANE, put(5, np.nan)), "not finite in 3 places, first in frame 5"),
    "steer in degrees": (lambda root: change_rows(root, keys.ACTION, put(2, 45.0)), "action steer reaches 45"),
    "unknown task": (lambda root: change_rows(root, "task_index", put(0, 3)), "task_index 3 is not in meta/tasks.parquet, which has 0"),
    "video gone": (lambda root: (root / layout.VIDEO_PATH.format(video_key=keys.IMAGE, **SECOND)).unlink(), "is missing"),
    "video too short": (shorter_video, "has 5 of its 8 frames"),
    "table gone": (lambda root: (root / layout.DATA_PATH.format(**SECOND)).unlink(), "is missing"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_found_and_placed(tmp_path: Path, name: str) -> None:
    root = small_log(tmp_path / "log")
    break_it, message = FAULTS[name]
    break_it(root)
    problems = [problem for problem in examine(root) if problem.startswith("episode 1: ")]
    assert any(message in problem for problem in problems), problems
    assert all(": " in problem and "\n" not in problem for problem in problems)


def test_faults_of_the_whole_log_are_found(tmp_path: Path) -> None:
    root = small_log(tmp_path / "log")
    change_info(root, total_frames=14)
    (root / layout.STATS).unlink()
    assert [problem.split(":")[0] for problem in examine(root)] == [
        "meta/info.json says total_frames 14, but it describes 13 (episodes 0, 1)",
        "meta/stats.json is missing, so lerobot cannot normalise",
    ]
    change_info(root, total_episodes=3)
    assert "says total_episodes 3, but it describes 2 (episodes 0, 1): set total_episodes to 2 where" in examine(root)[0]


def test_an_empty_log_is_a_problem(tmp_path: Path) -> None:
    LogWriter(tmp_path / "log", FEATURES, FPS).close()
    assert examine(tmp_path / "log") == ["it has no episode: record one into it, or remove the folder"]


def test_the_command_prints_the_problems_and_ends_with_a_status(tmp_path: Path) -> None:
    root = small_log(tmp_path / "log")
    command = [sys.executable, "scripts/doctor.py", str(root)]
    sound = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (sound.returncode, sound.stdout) == (0, f"{root} is sound: 2 episodes, 13 frames at 20 Hz\n")
    shorter_video(root)
    broken = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert broken.returncode == 1
    assert broken.stdout.startswith("problem: episode 1: video")
