"""The parquet tables of a log: an episode's rows, its row in `meta/episodes`, the tasks.

Column names and types are LeRobot v3.0's, so that its own reader accepts them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from driving.logs import statistics
from driving.logs.features import Feature, Features

TASK_TEXT = "__index_level_0__"
PANDAS_INDEX = {
    "index_columns": [TASK_TEXT],
    "column_indexes": [{"name": None, "field_name": None, "pandas_type": "unicode", "numpy_type": "object", "metadata": {"encoding": "UTF-8"}}],
    "columns": [
        {"name": "task_index", "field_name": "task_index", "pandas_type": "int64", "numpy_type": "int64", "metadata": None},
        {"name": None, "field_name": TASK_TEXT, "pandas_type": "unicode", "numpy_type": "object", "metadata": None},
    ],
    "pandas_version": "2.2.3",
}
"""The metadata with which pandas marks the texts as the index of the table: lerobot looks tasks up by it."""


def data_table(features: Features, columns: Mapping[str, np.ndarray]) -> pa.Table:
    """Return the table of an episode's rows. `columns` has (T, n) numbers, or (T,) for features of shape (1,) and strings."""
    arrays = {}
    for key, feature in features.items():
        if feature.is_video:
            continue
        flat = pa.array(columns[key].reshape(-1), type=feature.element_type)
        arrays[key] = flat if feature.shape == (1,) else pa.FixedSizeListArray.from_arrays(flat, feature.shape[0])
    return pa.table(arrays)


def tasks_table(tasks: Mapping[int, str]) -> pa.Table:
    """Return the table of `meta/tasks.parquet`, the tasks' texts by number; the text is the pandas index."""
    table = pa.table({"task_index": pa.array(tasks.keys(), pa.int64()), TASK_TEXT: pa.array(tasks.values(), pa.string())})
    return table.replace_schema_metadata({"pandas": json.dumps(PANDAS_INDEX)})


def episode_schema(features: Features) -> pa.Schema:
    """Return the columns of `meta/episodes`."""
    whole = pa.int64()
    fields: list[tuple[str, pa.DataType]] = [("episode_index", whole), ("tasks", pa.list_(pa.string())), ("length", whole)]
    fields += [(name, whole) for name in ("data/chunk_index", "data/file_index", "dataset_from_index", "dataset_to_index")]
    for key, feature in features.items():
        if feature.is_video:
            fields += [(f"videos/{key}/{name}", whole) for name in ("chunk_index", "file_index")]
            fields += [(f"videos/{key}/{name}", pa.float64()) for name in ("from_timestamp", "to_timestamp")]
    for key, feature in features.items():
        if feature.dtype != "string":
            fields += [(f"stats/{key}/{name}", _statistic_type(feature, name)) for name in statistics.NAMES]
    fields += [(f"meta/episodes/{name}", whole) for name in ("chunk_index", "file_index")]
    return pa.schema(fields)


def statistics_columns(stats: Mapping[str, statistics.Statistics]) -> dict[str, Any]:
    """Return an episode's statistics as the columns of its row in `meta/episodes`."""
    return {f"stats/{key}/{name}": values.tolist() for key, one in stats.items() for name, values in one.items()}


def statistics_of_row(row: Mapping[str, Any]) -> dict[str, statistics.Statistics]:
    """Return the statistics that a row of `meta/episodes` holds: the inverse of `statistics_columns`."""
    found: dict[str, statistics.Statistics] = {}
    for column, values in row.items():
        if column.startswith("stats/"):
            key, name = column.removeprefix("stats/").rsplit("/", 1)
            found.setdefault(key, {})[name] = np.asarray(values)
    return found


def _statistic_type(feature: Feature, name: str) -> pa.DataType:
    """Return the type of a statistic's column: LeRobot keeps counts, and least and greatest whole numbers, as integers."""
    exact = name == "count" or (name in ("min", "max") and not feature.is_video and np.dtype(feature.dtype).kind in "iub")
    element = pa.int64() if exact else pa.float64()
    return pa.list_(pa.list_(pa.list_(element))) if feature.is_video and name != "count" else pa.list_(element)
