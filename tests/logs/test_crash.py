"""A recorder that is killed loses only the unfinished episode. Damaged files are named, and the rest of the log stays readable."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from driving.logs import keys, layout
from driving.logs.doctor import examine
from driving.logs.features import LogError
from driving.logs.reader import Log
from driving.logs.writer import LogWriter
from tests.logs.drives import FEATURES, FPS, record, small_log, values
from tests.shared_data import REPOSITORY

RECORDER = """
import sys
from pathlib import Path
from driving.logs.writer import LogWriter
from tests.logs.drives import FEATURES, FPS, record, time_s, values
with LogWriter(Path(sys.argv[1]), FEATURES, FPS) as writer:
    record(writer, 6, seed=0)
    record(writer, 9, seed=1)
    with writer.episode() as episode:
        for t in range(1000):
            episode.add(time_s(t), values(t))
            if t == 30:
                print("recording", flush=True)
                sys.stdin.read()
"""

KILLED_WHILE_COMMITTING = """
import os, signal, sys
from pathlib import Path
from driving.logs.writer import LogWriter
from tests.logs.drives import FEATURES, FPS, record
left, replace = int(sys.argv[2]), os.replace
def replace_or_die(source, target):
    global left
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    replace(source, target)
with LogWriter(Path(sys.argv[1]), FEATURES, FPS) as writer:
    os.replace = replace_or_die
    record(writer, 4, seed=2, task="another task")
"""


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    words = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(words, cwd=REPOSITORY, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_kill_while_recording_loses_only_the_unfinished_episode(tmp_path: Path) -> None:
    root = tmp_path / "log"
    with start(RECORDER, root) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "recording\n"
        with pytest.raises(LogError, match="being written by another process"):
            LogWriter(root, FEATURES, FPS)
        process.send_signal(signal.SIGKILL)
    assert examine(root, decode_all=True) == []
    assert [episode.length for episode in Log(root).episodes] == [6, 9]
    with LogWriter(root, FEATURES, FPS) as writer:
        record(writer, 4, seed=2)
    assert examine(root, decode_all=True) == []
    assert [episode.length for episode in Log(root).episodes] == [6, 9, 4]
    assert not (root / layout.UNFINISHED).exists()


@pytest.mark.parametrize("renamed", range(6))
def test_kill_between_any_two_files_of_a_commit_leaves_a_sound_log(tmp_path: Path, renamed: int) -> None:
    root = small_log(tmp_path / "log", (5, 3))
    with start(KILLED_WHILE_COMMITTING, root, renamed) as process:
        process.wait()
    assert process.returncode == -signal.SIGKILL
    assert all("belongs to no finished episode" in problem for problem in examine(root, decode_all=True))
    assert [episode.length for episode in Log(root).episodes] == [5, 3]
    LogWriter(root, FEATURES, FPS).close()
    assert examine(root, decode_all=True) == []
    assert pq.read_table(root / "meta/episodes/chunk-000/file-000.parquet")["episode_index"].to_pylist() == [0, 1]
    assert len(list((root / "data").rglob("*.parquet"))) == 2
    with LogWriter(root, FEATURES, FPS) as writer:
        record(writer, 7, seed=3)
    assert examine(root, decode_all=True) == []
    assert [(episode.length, episode.tasks) for episode in Log(root).episodes] == [(n, ("keep the lane",)) for n in (5, 3, 7)]
    assert json.loads((root / layout.STATS).read_text())[keys.LANE]["count"] == [15]


def cut(path: Path, share: float) -> None:
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])


def test_a_truncated_video_is_reported_with_its_name_and_the_rest_stays_readable(tmp_path: Path) -> None:
    root = small_log(tmp_path / "log", (5, 6))
    video = root / layout.VIDEO_PATH.format(video_key=keys.IMAGE, chunk_index=0, file_index=1)
    cut(video, 0.6)
    problems = examine(root)
    assert len(problems) == 1
    assert problems[0].startswith("episode 1: video")
    assert str(video) in problems[0]
    assert "record it again" in problems[0]
    log = Log(root)
    assert len(list(log.frames(0, keys.IMAGE))) == 5
    with pytest.raises(LogError, match="truncated or not an mp4"):
        list(log.frames(1, keys.IMAGE))


def test_a_truncated_table_is_reported_with_its_name(tmp_path: Path) -> None:
    root = small_log(tmp_path / "log", (5, 6))
    cut(root / layout.DATA_PATH.format(chunk_index=0, file_index=0), 0.5)
    (problem,) = examine(root)
    assert "file-000.parquet is truncated or not parquet" in problem
    with pytest.raises(LogError, match="truncated or not parquet"):
        Log(root).columns(0)
    assert len(Log(root).columns(1)["index"]) == 6


@pytest.mark.parametrize("name", [layout.INFO, layout.TASKS, "meta/episodes/chunk-000/file-000.parquet"])
def test_truncated_metadata_is_reported_in_one_line(tmp_path: Path, name: str) -> None:
    root = small_log(tmp_path / "log")
    cut(root / name, 0.5)
    (problem,) = examine(root)
    assert Path(name).name in problem
    assert "\n" not in problem
    with pytest.raises(LogError):
        LogWriter(root, FEATURES, FPS)


def test_a_video_damaged_in_the_middle_gives_an_error_and_not_wrong_images(tmp_path: Path) -> None:
    root = tmp_path / "log"
    with LogWriter(root, FEATURES, FPS) as writer, writer.episode() as episode:
        for t in range(60):
            episode.add(t / FPS, values(t, t))
    (video,) = root.rglob("*.mp4")
    content = bytearray(video.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = bytes(2000)
    video.write_bytes(content)
    assert examine(root) == []
    assert len(examine(root, decode_all=True)) == 1
    with pytest.raises(LogError, match="truncated or not an mp4"):
        list(Log(root).frames(0, keys.IMAGE))
