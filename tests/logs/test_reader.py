"""Logs that others wrote are read, v3.0 with many episodes per file and v2.1; wrong requests and broken logs get one clear line."""

from __future__ import annotations

import contextlib
import json
import pickle
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driving.logs import keys
from driving.logs.doctor import examine
from driving.logs.features import Feature, LogError
from driving.logs.reader import Log
from driving.logs.writer import LogWriter
from driving.video import VideoWriter
from tests.logs.drives import FEATURES, FPS, picture, small_log
from tests.shared_data import shared

CAMERA = "observation.images.front_left"


def test_the_real_lerobot_set_is_read_episode_by_episode() -> None:
    root = shared("logs/lerobot_ref_v30")
    log = Log(root)
    table = pq.read_table(root / "data/chunk-000/file-000.parquet")
    assert log.fps == 10.0
    assert log.image_keys == [CAMERA]
    assert [(episode.length, episode.tasks) for episode in log.episodes] == [
        (20, ("Follow the waypoints",)),
        (21, ("Follow the waypoints",)),
        (22, ("Keep the lane",)),
    ]
    state = np.array(table["observation.state.vehicle"].to_pylist(), dtype=np.float32)
    start = 0
    for episode in log.episodes:
        columns = log.columns(episode.index)
        np.testing.assert_array_equal(columns["observation.state.vehicle"], state[start : start + episode.length])
        assert set(columns["task.policy"]) == {"expert"}
        assert columns["action.discrete"].dtype == np.int32
        np.testing.assert_allclose(log.timestamps(episode.index), np.arange(episode.length) / 10.0, atol=1e-6)
        start += episode.length
    assert log.features["action.continuous"].names == ("gas_pedal_normalized", "brake_pedal_normalized", "steering_angle_normalized")


def test_images_of_an_episode_inside_a_shared_av1_file_are_its_own() -> None:
    log = Log(shared("logs/lerobot_ref_v30"))
    whole = [frame for i in range(3) for frame in log.frames(i, CAMERA)]
    assert len(whole) == log.frame_count == 63
    assert {frame.shape for frame in whole} == {(96, 160, 3)}
    for start, stop in ((0, 21), (7, 9), (20, 21)):
        for got, expected in zip(log.frames(1, CAMERA, start, stop), whole[20 + start : 20 + stop], strict=True):
            np.testing.assert_array_equal(got, expected)


def test_the_real_lerobot_set_is_sound() -> None:
    assert examine(shared("logs/lerobot_ref_v30"), decode_all=True) == []


def write_older_log(root: Path, lengths: tuple[int, ...]) -> Path:
    """Write a v2.1 log: JSON lines of metadata, one parquet and one mp4 file per episode."""
    camera, path = "observation.images.front", "chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4"
    features = {camera: Feature("video", (48, 64, 3), ("height", "width", "channel")), "action": Feature("float32", (2,), ("steer", "gas"))}
    (root / "meta").mkdir(parents=True)
    lines = []
    for index, length in enumerate(lengths):
        for folder in ("data/chunk-000", f"videos/chunk-000/{camera}"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        encoder = VideoWriter(root / f"videos/chunk-000/{camera}/episode_{index:06d}.mp4", 48, 64, 10.0)
        for t in range(length):
            encoder.write(picture(t, seed=index))
        encoder.close()
        frames = np.arange(length)
        columns = {"action": pa.array([[index, t] for t in frames], pa.list_(pa.float32(), 2)), "timestamp": pa.array(frames / 10.0, pa.float32())}
        whole = {"frame_index": frames, "episode_index": frames * 0 + index, "index": frames + sum(lengths[:index]), "task_index": frames * 0}
        pq.write_table(pa.table({**columns, **whole}), root / f"data/chunk-000/episode_{index:06d}.parquet")
        lines.append(json.dumps({"episode_index": index, "tasks": ["drive"], "length": length}))
    (root / "meta/episodes.jsonl").write_text("\n".join(lines))
    info = {"codebase_version": "v2.1", "fps": 10, "total_episodes": len(lengths), "total_frames": sum(lengths), "chunks_size": 1000}
    info |= {"data_path": "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet", "video_path": f"videos/{path}"}
    info["features"] = {key: feature.to_json() for key, feature in features.items()}
    (root / "meta/info.json").write_text(json.dumps(info))
    return root


def test_an_older_log_is_read_and_sound(tmp_path: Path) -> None:
    root = write_older_log(tmp_path / "log", (4, 6))
    log = Log(root)
    assert [episode.length for episode in log.episodes] == [4, 6]
    np.testing.assert_array_equal(log.columns(1)["action"], [[1, t] for t in range(6)])
    frames = list(log.frames(1, log.image_keys[0]))
    assert np.abs(frames[5].astype(int) - picture(5, seed=1)).mean() < 4.0
    assert examine(root, decode_all=True) == []


def test_an_older_log_is_not_written_to(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="read only"):
        LogWriter(write_older_log(tmp_path / "log", (4,)), FEATURES, FPS)


@pytest.mark.parametrize(("start", "stop"), [(0, 0), (0, 1), (3, 7), (8, 9), (16, 30), (29, 30)])
def test_any_part_of_an_episode_is_the_same_as_in_the_whole(tmp_path: Path, start: int, stop: int) -> None:
    log = Log(small_log(tmp_path / "log", (30,)))
    whole = list(log.frames(0, keys.IMAGE))
    part = list(log.frames(0, keys.IMAGE, start, stop))
    assert len(part) == stop - start
    for got, expected in zip(part, whole[start:stop], strict=True):
        np.testing.assert_array_equal(got, expected)


def test_a_log_can_be_sent_to_another_process(tmp_path: Path) -> None:
    log = Log(small_log(tmp_path / "log"))
    log.columns(0)
    again = pickle.loads(pickle.dumps(log))
    np.testing.assert_array_equal(again.columns(1)[keys.LANE], log.columns(1)[keys.LANE])


def test_an_error_for_a_wrong_request_says_what_the_log_has(tmp_path: Path) -> None:
    log = Log(small_log(tmp_path / "log", (5,)))
    with pytest.raises(LogError, match=r"has no episode 1: choose one of 0$"):
        log.columns(1)
    with pytest.raises(LogError, match=r"no camera 'left': choose one of \['observation.images.front'\]"):
        log.frames(0, "left")
    with pytest.raises(LogError, match="has 5 frames, asked for 3 to 6"):
        log.frames(0, keys.IMAGE, 3, 6)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text("ab{}/:", max_size=5), st.lists, max_leaves=3
)


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_any_metadata_gives_a_log_or_an_error_of_one_line(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    root = tmp_path_factory.getbasetemp() / "fuzzed"
    if not root.exists():
        small_log(root)
        (root / "meta/whole.json").write_bytes((root / "meta/info.json").read_bytes())
    info = json.loads((root / "meta/whole.json").read_text())
    place = data.draw(st.sampled_from([info, info["features"], info["features"]["action"], info["features"][keys.IMAGE]]))
    place[data.draw(st.sampled_from(sorted(place)))] = data.draw(JSON)
    (root / "meta/info.json").write_text(json.dumps(info))
    with contextlib.suppress(LogError):
        Log(root)
    assert all("\n" not in problem for problem in examine(root))


@pytest.mark.parametrize("names", [["action"], ["steer", "throttle", "brake", "gear"], "::::", None])
def test_names_that_do_not_name_each_element_are_dropped(tmp_path: Path, names: object) -> None:
    root = small_log(tmp_path / "log")
    info = json.loads((root / "meta/info.json").read_text())
    info["features"]["action"]["names"] = names
    (root / "meta/info.json").write_text(json.dumps(info))
    assert Log(root).features[keys.ACTION].names is None
    assert examine(root) == []


@pytest.mark.parametrize("names", [["a", "b", "c"], {"axes": ["a", "b", "c"]}, [["a", "b", "c"]]])
def test_names_are_read_as_others_nest_them(tmp_path: Path, names: object) -> None:
    root = small_log(tmp_path / "log")
    info = json.loads((root / "meta/info.json").read_text())
    info["features"]["action"]["names"] = names
    (root / "meta/info.json").write_text(json.dumps(info))
    assert Log(root).features[keys.ACTION].names == ("a", "b", "c")


def test_errors_differ_for_no_log_a_newer_log_and_a_broken_log(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="is not a driving log"):
        Log(tmp_path)
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta/info.json").write_text('{"codebase_version": "v9.0"}')
    with pytest.raises(LogError, match=r"codebase_version 'v9.0', expected 'v3.0' or 'v2.1'"):
        Log(tmp_path)
    (tmp_path / "meta/info.json").write_text('{"codebase_version": "v3.0", "fps": 10}')
    with pytest.raises(LogError, match="lacks features, total_episodes"):
        Log(tmp_path)
