"""What goes into a log comes out of it: values exactly, images within the compression's error, episodes in order."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driving.logs import keys, layout
from driving.logs.doctor import examine
from driving.logs.features import Feature, LogError, image, vector
from driving.logs.reader import Log
from driving.logs.writer import LogWriter
from tests.logs.drives import FEATURES, FPS, picture, record, small_log, time_s, values


def test_values_and_times_come_back_exactly(tmp_path: Path) -> None:
    log = Log(small_log(tmp_path / "log", (7, 4)))
    for episode in (0, 1):
        columns = log.columns(episode)
        for t in range(log.episodes[episode].length):
            for key, value in values(t, episode).items():
                if key != keys.IMAGE:
                    np.testing.assert_array_equal(columns[key][t], np.reshape(value, -1))
        np.testing.assert_array_equal(log.timestamps(episode), [time_s(t) - time_s(0) for t in range(log.episodes[episode].length)])


def test_images_come_back_within_the_compressions_error(tmp_path: Path) -> None:
    log = Log(small_log(tmp_path / "log", (5, 20)))
    frames = list(log.frames(1, keys.IMAGE))
    assert len(frames) == 20
    for t, frame in enumerate(frames):
        assert frame.dtype == np.uint8
        assert np.abs(frame.astype(int) - picture(t, seed=1)).mean() < 4.0
        assert np.abs(frame.astype(int) - picture(t + 3, seed=1)).mean() > 8.0


def test_the_formats_own_columns_count_frames_and_episodes(tmp_path: Path) -> None:
    log = Log(small_log(tmp_path / "log", (3, 2)))
    columns = log.columns(1)
    assert columns["frame_index"].tolist() == [0, 1]
    assert columns["index"].tolist() == [3, 4]
    assert columns["episode_index"].tolist() == [1, 1]
    np.testing.assert_allclose(columns["timestamp"], [0.0, 0.05], rtol=1e-6)


@settings(max_examples=15, deadline=None)
@given(data=st.data(), lengths=st.lists(st.integers(1, 12), min_size=1, max_size=4))
def test_any_numbers_texts_and_episode_lengths_round_trip(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, lengths: list[int]) -> None:
    root = tmp_path_factory.mktemp("any") / "log"
    features = {"pair": vector(("a", "b")), "count": Feature("int32", (1,)), "word": Feature("string", (1,)), "wide": vector(("x",), "float64")}
    float32, float64 = st.floats(width=32, allow_nan=False, allow_infinity=False), st.floats(-1e100, 1e100)
    row = st.tuples(st.tuples(float32, float32), st.integers(-(2**31), 2**31 - 1), st.text(st.characters(codec="utf-8")), float64)
    episodes = [data.draw(st.lists(row, min_size=n, max_size=n)) for n in lengths]
    with LogWriter(root, features, 10.0) as writer:
        for rows in episodes:
            with writer.episode() as episode:
                for t, (pair, count, word, wide) in enumerate(rows):
                    episode.add(t / 10.0, {"pair": pair, "count": np.int32(count), "word": word, "wide": wide})
    log = Log(root)
    for index, rows in enumerate(episodes):
        columns = log.columns(index)
        assert [tuple(pair) for pair in columns["pair"].tolist()] == [row[0] for row in rows]
        assert columns["count"][:, 0].tolist() == [row[1] for row in rows]
        assert columns["word"].tolist() == [row[2] for row in rows]
        assert columns["wide"][:, 0].tolist() == [row[3] for row in rows]


def test_an_odd_sized_camera_round_trips(tmp_path: Path) -> None:
    with LogWriter(tmp_path / "log", {keys.IMAGE: image(33, 45)}, FPS) as writer, writer.episode() as episode:
        for t in range(4):
            episode.add(t / FPS, {keys.IMAGE: picture(t, 33, 45)})
    frames = list(Log(tmp_path / "log").frames(0, keys.IMAGE))
    assert frames[3].shape == (33, 45, 3)
    assert np.abs(frames[3].astype(int) - picture(3, 33, 45)).mean() < 4.0


def test_a_log_is_continued_where_it_ended(tmp_path: Path) -> None:
    root = small_log(tmp_path / "log", (5, 6))
    with LogWriter(root, FEATURES, FPS) as writer:
        assert writer.episode_count == 2
        record(writer, 4, seed=2, task="turn around")
    log = Log(root)
    assert [episode.length for episode in log.episodes] == [5, 6, 4]
    assert [episode.tasks for episode in log.episodes] == [("keep the lane",), ("keep the lane",), ("turn around",)]
    assert log.columns(2)["task_index"].tolist() == [1] * 4
    assert examine(root) == []


def test_statistics_of_all_episodes_are_those_of_all_rows(tmp_path: Path) -> None:
    root = small_log(tmp_path / "log", (5, 6))
    with LogWriter(root, FEATURES, FPS) as writer:
        record(writer, 9, seed=2)
    log = Log(root)
    rows = np.concatenate([log.columns(i)[keys.LANE] for i in range(3)]).astype(np.float64)
    stats = json.loads((root / layout.STATS).read_text())[keys.LANE]
    np.testing.assert_allclose(stats["mean"], rows.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(stats["std"], rows.std(axis=0), rtol=1e-6)
    np.testing.assert_allclose(stats["min"], rows.min(axis=0), rtol=1e-6)
    assert stats["count"] == [20]


def test_many_episodes_span_several_files_of_metadata(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "EPISODES_PER_FILE", 3)
    features = {"n": vector(("n",))}
    for _ in range(2):
        with LogWriter(tmp_path / "log", features, FPS) as writer:
            for _ in range(4):
                with writer.episode() as episode:
                    episode.add(0.0, {"n": float(writer.episode_count)})
    assert [float(Log(tmp_path / "log").columns(i)["n"][0, 0]) for i in range(8)] == list(range(8))
    rows = [pq.read_table(path).num_rows for path in sorted((tmp_path / "log/meta/episodes").glob("*/*.parquet"))]
    assert rows == [3, 3, 2]


def record_until_the_simulator_dies(writer: LogWriter) -> None:
    with writer.episode() as episode:
        episode.add(0.0, values(0))
        raise RuntimeError("simulator went away")


def test_an_exception_discards_the_episode_and_keeps_the_log(tmp_path: Path) -> None:
    root = small_log(tmp_path / "log", (5,))
    with LogWriter(root, FEATURES, FPS) as writer:
        with pytest.raises(RuntimeError, match="simulator"):
            record_until_the_simulator_dies(writer)
        record(writer, 3, seed=1)
    assert [episode.length for episode in Log(root).episodes] == [5, 3]
    assert not (root / layout.UNFINISHED).exists()
    assert len(list(root.rglob("*.mp4"))) == 2


def test_an_episode_without_a_frame_leaves_nothing(tmp_path: Path) -> None:
    with LogWriter(tmp_path / "log", FEATURES, FPS) as writer, writer.episode() as episode:
        assert episode.length == 0
    assert Log(tmp_path / "log").episodes == []


def test_episodes_recorded_at_the_same_time_are_numbered_as_they_end(tmp_path: Path) -> None:
    with LogWriter(tmp_path / "log", FEATURES, FPS) as writer, writer.episode() as late:
        late.add(0.0, values(0, 7))
        with writer.episode() as early:
            early.add(0.0, values(0, 8))
            early.add(0.1, values(1, 8))
        late.add(0.1, values(1, 7))
        late.add(0.2, values(2, 7))
    log = Log(tmp_path / "log")
    assert [episode.length for episode in log.episodes] == [2, 3]
    assert np.abs(next(log.frames(1, keys.IMAGE)).astype(int) - picture(0, seed=7)).mean() < 4.0


def test_a_second_writer_is_refused_until_the_first_closes(tmp_path: Path) -> None:
    with LogWriter(tmp_path / "log", FEATURES, FPS) as writer:
        with pytest.raises(LogError, match="being written by another process"):
            LogWriter(tmp_path / "log", FEATURES, FPS)
        record(writer, 3)
    with LogWriter(tmp_path / "log", FEATURES, FPS) as writer:
        record(writer, 3)
    assert len(Log(tmp_path / "log").episodes) == 2


def test_a_reader_sees_finished_episodes_while_the_next_is_recorded(tmp_path: Path) -> None:
    with LogWriter(tmp_path / "log", FEATURES, FPS) as writer:
        record(writer, 3)
        with writer.episode() as episode:
            episode.add(0.0, values(0))
            assert examine(tmp_path / "log") == []
            assert [one.length for one in Log(tmp_path / "log").episodes] == [3]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({keys.LANE: np.zeros(2)}, r"frame 1: observation.lane has shape \(2,\)"),
        ({keys.LANE: np.array([0.0, np.nan, 0.0])}, "expected finite numbers"),
        ({keys.LANE: "left"}, "observation.lane"),
        ({keys.IMAGE: np.zeros((10, 10, 3), np.uint8)}, r"\(10, 10, 3\) of uint8, expected an RGB image \(48, 64, 3\)"),
        ({keys.IMAGE: np.zeros((48, 64, 3), np.float32)}, "float32, expected an RGB image"),
        ({"speed": 3.0}, "unknown"),
    ],
)
def test_a_wrong_value_is_refused_in_its_frame(tmp_path: Path, change: dict[str, object], message: str) -> None:
    with LogWriter(tmp_path / "log", FEATURES, FPS) as writer, writer.episode() as episode:
        episode.add(0.0, values(0))
        with pytest.raises(LogError, match=message):
            episode.add(0.1, {**values(1), **change})
        assert episode.length == 1


@pytest.mark.parametrize("second", [5.0, 4.0, float("nan")])
def test_times_must_grow(tmp_path: Path, second: float) -> None:
    with LogWriter(tmp_path / "log", FEATURES, FPS) as writer, writer.episode() as episode:
        episode.add(5.0, values(0))
        with pytest.raises(LogError, match="times must grow"):
            episode.add(second, values(1))


def test_other_features_or_another_rate_do_not_mix_into_a_log(tmp_path: Path) -> None:
    root = small_log(tmp_path / "log")
    with pytest.raises(LogError, match="has feature 'action'"):
        LogWriter(root, {**FEATURES, keys.ACTION: vector(("steer",))}, FPS)
    with pytest.raises(LogError, match="20 Hz, the new episodes 10 Hz"):
        LogWriter(root, FEATURES, 10.0)
    with pytest.raises(LogError, match="holds a log already"):
        LogWriter(root, FEATURES, FPS, resume=False)
    with LogWriter(root, FEATURES, FPS) as writer:
        record(writer, 2)


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(LogError, match=r"holds holiday.jpg and no log"):
        LogWriter(tmp_path, FEATURES, FPS)
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]


def test_a_closed_writer_takes_no_episode(tmp_path: Path) -> None:
    writer = LogWriter(tmp_path / "log", FEATURES, FPS)
    writer.close()
    with pytest.raises(LogError, match="is closed"), writer.episode():
        pass
