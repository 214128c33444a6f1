"""Episodes, frames and tasks are found by their numbers: a log may lack numbers, start above 0, and hold them in any order."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from driving.logs import keys, layout
from driving.logs.doctor import examine
from driving.logs.features import LogError
from driving.logs.importers import import_log
from driving.logs.reader import Log
from driving.logs.writer import LogWriter
from tests.logs.drives import FEATURES, FPS, picture, record, small_log
from tests.logs.lerobot_sets import CAMERA, SetOptions, steer, write_set

GAPS = {5: 15, 0: 12, 3: 14, 1: 13}
VERSIONS = pytest.mark.parametrize("version", ["v2.1", "v3.0"])
KINDS = pytest.mark.parametrize("in_table", [False, True])


@VERSIONS
@KINDS
def test_each_number_gives_its_own_rows_and_images(tmp_path: Path, version: str, in_table: bool) -> None:
    root = write_set(tmp_path / "set", SetOptions(version, GAPS, in_table))
    log = Log(root)
    assert log.numbers == [0, 1, 3, 5]
    for number, length in GAPS.items():
        np.testing.assert_allclose(log.columns(number)["action"][:, 0], [steer(number, t) for t in range(length)], atol=1e-6)
        for t, image in enumerate(log.frames(number, CAMERA)):
            assert np.abs(image.astype(int) - picture(t, seed=number)).mean() < (1e-9 if in_table else 5.0)
        assert t == length - 1
    with pytest.raises(LogError, match=r"has no episode 2: choose one of 0, 1, 3, 5"):
        log.columns(2)
    assert examine(root, decode_all=True) == []
    report = import_log("lerobot", root, tmp_path / "log", steer="action:steer", steer_positive="left")
    assert report.episodes == 4
    np.testing.assert_allclose(Log(tmp_path / "log").columns(2)[keys.ACTION][:, 0], [-steer(3, t) for t in range(14)], atol=1e-6)


@VERSIONS
def test_the_doctor_says_which_episodes_there_are_and_how_to_correct_the_total(tmp_path: Path, version: str) -> None:
    root = write_set(tmp_path / "set", SetOptions(version))
    info = json.loads((root / layout.INFO).read_text())
    (root / layout.INFO).write_text(json.dumps({**info, "total_episodes": 6}))
    assert examine(root) == [
        "meta/info.json says total_episodes 6, but it describes 4 (episodes 0, 1, 3, 5): "
        "set total_episodes to 4 where the others were taken out on purpose, else copy the log again from its source"
    ]
    assert Log(root).numbers == [0, 1, 3, 5]


def test_a_file_whose_rows_have_another_number_is_named_with_what_it_holds(tmp_path: Path) -> None:
    root = write_set(tmp_path / "set", SetOptions("v2.1"))
    shutil.copy(root / "data/chunk-000/episode_000001.parquet", root / "data/chunk-000/episode_000003.parquet")
    with pytest.raises(LogError, match=r"episode_000003.parquet has 0 rows of episode 3, expected 14; its rows are of 1"):
        Log(root).columns(3)


@KINDS
def test_frames_go_by_their_index_where_rows_were_taken_out_or_disordered(tmp_path: Path, in_table: bool) -> None:
    root = write_set(tmp_path / "set", SetOptions("v2.1", {2: 16}, in_table))
    path = root / "data/chunk-000/episode_000002.parquet"
    kept = [9, 4, 5, 8, 12, 13]
    pq.write_table(pq.read_table(path).take(pa.array(kept)), path, row_group_size=2)
    lines = root / "meta/episodes.jsonl"
    lines.write_text(lines.read_text().replace('"length": 16', '"length": 6'))
    log = Log(root)
    np.testing.assert_array_equal(log.columns(2)["frame_index"], sorted(kept))
    np.testing.assert_allclose(log.timestamps(2), (np.array(sorted(kept)) - 4) / 10.0, atol=1e-6)
    for t, image in zip(sorted(kept)[1:], log.frames(2, CAMERA, 1), strict=True):
        assert np.abs(image.astype(int) - picture(t, seed=2)).mean() < 5.0


def take_out_second_episode(root: Path) -> None:
    """Take episode 1 out of a log of ours, as a user does by hand."""
    path = root / "meta/episodes/chunk-000/file-000.parquet"
    table = pq.read_table(path)
    pq.write_table(table.filter(pa.array([number != 1 for number in table["episode_index"].to_pylist()])), path)
    info = json.loads((root / layout.INFO).read_text())
    lost = table["length"].to_pylist()[1]
    (root / layout.INFO).write_text(json.dumps({**info, "total_episodes": 2, "total_frames": info["total_frames"] - lost}))
    for file in [*root.rglob("file-001.parquet"), *root.rglob("file-001.mp4")]:
        file.unlink()


def test_a_writer_continues_after_the_last_number_and_keeps_every_episode(tmp_path: Path) -> None:
    root = small_log(tmp_path / "log", (5, 8, 6))
    take_out_second_episode(root)
    with LogWriter(root, FEATURES, FPS) as writer:
        record(writer, 7, seed=3, task="another road")
    log = Log(root)
    assert [(episode.index, episode.length) for episode in log.episodes] == [(0, 5), (2, 6), (3, 7)]
    assert log.columns(3)["index"].tolist() == list(range(19, 26))
    assert examine(root, decode_all=True) == []
    assert json.loads((root / layout.INFO).read_text())["total_episodes"] == 3
