"""Pictures, one encoded image each: decoded from files, and read lazily from the tables of logs that keep them there (`dtype: image`).

In such a table a picture is a structure of `bytes` and `path`. Where the bytes are missing, the path names a file of the log.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from driving.logs.features import LogError

BATCH = 16  # rows that are in memory at a time
TAIL = 1024  # bytes at the end of a file in which its end mark is sought; some cameras append data of their own
END_MARKS = {b"\xff\xd8": b"\xff\xd9", b"\x89PNG": b"IEND"}  # of JPEG and PNG, by the bytes with which a file begins


class PictureError(ValueError):
    """A picture that cannot be decoded. The message says why in a few words."""


def decode_picture(data: bytes) -> np.ndarray:
    """Return an encoded picture as (Y, X, 3) uint8 RGB, not turned by its EXIF data. Raises PictureError where it is not whole.

    The decoder itself would fill the missing part of a cut picture with grey.
    """
    if not data:
        raise PictureError("it is empty")
    for start, end in END_MARKS.items():
        if data.startswith(start) and end not in data[-TAIL:]:
            raise PictureError(f"it is cut short after {len(data)} bytes")
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if decoded is None:
        raise PictureError("it is not a picture that OpenCV decodes")
    return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def read_pictures(table: Path, key: str, rows: np.ndarray, root: Path) -> Iterator[np.ndarray]:
    """Yield the pictures (Y, X, 3) of a table's column, decoded one at a time.

    Args:
        table: the parquet file.
        key: the column.
        rows: the rows' positions in the file, in the order in which they are wanted.
        root: the log's folder, below which picture files lie.

    Raises LogError where the table, its column or a picture cannot be read.
    """
    try:
        file = pq.ParquetFile(table)
        if key not in file.schema_arrow.names:
            raise LogError(f"{table} has no column {key!r}, but meta/info.json describes one: copy the file again from its source")
        ends = np.cumsum([file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)])
        for row, cell in zip(rows.tolist(), _cells(file, key, rows, ends), strict=True):
            try:
                yield decode_picture(_encoded(cell, root))
            except PictureError as error:
                raise LogError(f"{table}, row {row}: the picture of {key} cannot be read, {error}: copy the file again from its source") from error
    except (pa.ArrowException, OSError) as error:
        raise LogError(f"{table} cannot be read ({' '.join(str(error).split())}): copy it again from its source") from error


def _cells(file: pq.ParquetFile, key: str, rows: np.ndarray, ends: np.ndarray) -> Iterator[pa.Scalar]:
    """Yield a column's cells at `rows`. Each run of growing rows within one row group is streamed, so that no row group is whole in memory."""
    groups = np.searchsorted(ends, rows, side="right")
    falls = np.concatenate([[0], np.cumsum(np.diff(rows) <= 0)]) if len(rows) else rows
    for (group, _), run in itertools.groupby(range(len(rows)), key=lambda at: (int(groups[at]), int(falls[at]))):
        wanted = [int(rows[at]) for at in run]
        first = int(ends[group]) - file.metadata.row_group(group).num_rows
        for batch in file.iter_batches(BATCH, [group], [key], use_threads=False):
            inside = [row for row in wanted if first <= row < first + len(batch)]
            column = batch.column(batch.schema.names.index(key))
            yield from (column[row - first] for row in inside)
            first += len(batch)
            if wanted[-1] < first:
                break


def _encoded(cell: pa.Scalar, root: Path) -> bytes:
    """Return a cell's encoded picture: its bytes, or the content of the file that it names. Raises PictureError where it holds neither."""
    value = cell.as_py()
    entry = value if isinstance(value, dict) else {"bytes": value} if isinstance(value, bytes) else {"path": value}
    if entry.get("bytes"):
        return bytes(entry["bytes"])
    if not entry.get("path"):
        raise PictureError("the cell holds neither bytes nor a path")
    try:
        return (root / str(entry["path"])).read_bytes()
    except OSError as error:
        raise PictureError(f"the cell names {root / str(entry['path'])} ({error.strerror})") from error
