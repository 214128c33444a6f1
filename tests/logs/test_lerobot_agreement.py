"""Our files have the same columns, types and metadata as lerobot's own, so that its readers accept them."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from driving.logs.features import Feature, vector
from driving.logs.reader import Log
from driving.logs.writer import LogWriter
from tests.shared_data import shared

EPISODES, DATA = "meta/episodes/chunk-000/file-000.parquet", "data/chunk-000/file-000.parquet"


@pytest.fixture(scope="module")
def theirs() -> Path:
    return shared("logs/lerobot_ref_v30")


@pytest.fixture(scope="module")
def ours(theirs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a log with the real set's first episode, written again by our writer."""
    source = Log(theirs)
    features = {
        key: feature for key, feature in source.features.items() if key not in ("timestamp", "frame_index", "episode_index", "index", "task_index")
    }
    features = {
        key: feature if feature.is_video or feature.dtype == "string" else vector(feature.names or (), feature.dtype)
        for key, feature in features.items()
    }
    assert features["task.policy"] == Feature("string", (1,))
    root = tmp_path_factory.mktemp("ours") / "log"
    columns, camera = source.columns(0), source.image_keys[0]
    with LogWriter(root, features, source.fps, "KIA Niro EV 2023") as writer, writer.episode("Follow the waypoints") as episode:
        for t, image in enumerate(source.frames(0, camera)):
            episode.add(t / 10.0, {key: image if feature.is_video else columns[key][t] for key, feature in features.items()})
    return root


def schema(path: Path) -> dict[str, pa.DataType]:
    """Return the names and types of a parquet file's columns, without the true time, which only our logs have."""
    return {field.name: field.type for field in pq.read_schema(path) if "observation.time_s" not in field.name}


@pytest.mark.parametrize("path", [EPISODES, DATA])
def test_tables_have_the_same_columns_of_the_same_types(ours: Path, theirs: Path, path: str) -> None:
    mine, reference = schema(ours / path), schema(theirs / path)
    assert mine.keys() == reference.keys()
    assert {name: kind for name, kind in mine.items() if not is_same(kind, reference[name])} == {}


def is_same(one: pa.DataType, other: pa.DataType) -> bool:
    """Return whether two types are equal, apart from the name of a list's element."""
    return str(one).replace("item", "element") == str(other).replace("item", "element")


def test_the_tasks_texts_are_the_tables_pandas_index(ours: Path, theirs: Path) -> None:
    for root in (ours, theirs):
        read = pq.read_schema(root / "meta/tasks.parquet")
        assert set(read.names) == {"task_index", "__index_level_0__"}
        assert json.loads((read.metadata or {})[b"pandas"])["index_columns"] == ["__index_level_0__"]


def test_info_and_statistics_have_the_same_entries(ours: Path, theirs: Path) -> None:
    mine, reference = (json.loads((root / "meta/info.json").read_text()) for root in (ours, theirs))
    assert mine.keys() == reference.keys()
    assert {key: mine[key] for key in ("codebase_version", "data_path", "video_path", "chunks_size", "fps")} == {
        key: reference[key] for key in ("codebase_version", "data_path", "video_path", "chunks_size", "fps")
    }
    camera = "observation.images.front_left"
    assert mine["features"][camera]["info"].keys() == reference["features"][camera]["info"].keys()
    mine, reference = (json.loads((root / "meta/stats.json").read_text()) for root in (ours, theirs))
    assert mine.keys() - {"observation.time_s"} == reference.keys()
    for key in reference:
        assert mine[key].keys() == reference[key].keys()


def test_exact_statistics_of_an_episode_are_the_same_numbers(ours: Path, theirs: Path) -> None:
    mine, reference = (pq.read_table(root / EPISODES).slice(0, 1).to_pylist()[0] for root in (ours, theirs))
    for key in ("observation.state.vehicle", "action.continuous", "action.discrete", "index"):
        for name in ("min", "max", "mean", "std", "count"):
            assert mine[f"stats/{key}/{name}"] == pytest.approx(reference[f"stats/{key}/{name}"], abs=1e-5)
