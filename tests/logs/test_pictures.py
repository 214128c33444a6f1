"""Sets with pictures in the table are whole logs; a picture that is cut, absent or elsewhere is read or named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from driving.logs.doctor import examine
from driving.logs.features import LogError
from driving.logs.pictures import PictureError, decode_picture
from driving.logs.reader import Log
from tests.logs.drives import picture
from tests.logs.lerobot_sets import CAMERA, PICTURE, SetOptions, encode, write_set

FILE = "data/chunk-000/episode_000000.parquet"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_set(tmp_path / "set", SetOptions("v2.1", {0: 40}, in_table=True, group=9))


def change_picture(root: Path, t: int, cell: dict[str, object]) -> None:
    table = pq.read_table(root / FILE)
    cells = table[CAMERA].to_pylist()
    cells[t] = cell
    pq.write_table(table.set_column(table.column_names.index(CAMERA), CAMERA, pa.array(cells, PICTURE)), root / FILE)


@pytest.mark.parametrize(("start", "stop"), [(0, 40), (8, 10), (17, 37), (39, 40), (5, 5)])
def test_any_part_of_an_episode_is_decoded_alone(root: Path, start: int, stop: int) -> None:
    images = list(Log(root).frames(0, CAMERA, start, stop))
    assert len(images) == stop - start
    for t, image in enumerate(images, start):
        np.testing.assert_array_equal(image, picture(t))


def test_columns_hold_the_numbers_and_leave_the_pictures_out(root: Path) -> None:
    log = Log(root)
    assert log.image_keys == [CAMERA]
    assert CAMERA not in log.columns(0)


def test_a_picture_that_the_cell_only_names_is_read_from_the_log(root: Path) -> None:
    (root / "images").mkdir()
    (root / "images/frame.png").write_bytes(encode(picture(90)))
    change_picture(root, 6, {"bytes": None, "path": "images/frame.png"})
    np.testing.assert_array_equal(next(Log(root).frames(0, CAMERA, 6)), picture(90))


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ({"bytes": encode(picture(6))[:900], "path": None}, "it is cut short after 900 bytes"),
        ({"bytes": None, "path": None}, "the cell holds neither bytes nor a path"),
        ({"bytes": None, "path": "images/gone.png"}, r"the cell names .*images/gone.png \(No such file or directory\)"),
    ],
)
def test_a_broken_picture_is_named_with_its_row(root: Path, cell: dict[str, object], why: str) -> None:
    change_picture(root, 6, cell)
    with pytest.raises(LogError, match=rf"row 6: the picture of {CAMERA} cannot be read, {why}"):
        list(Log(root).frames(0, CAMERA))
    assert examine(root) == []
    (problem,) = examine(root, decode_all=True)
    assert problem.startswith("episode 0: ")
    assert "row 6" in problem


def test_a_table_without_its_picture_column_is_a_problem(root: Path) -> None:
    pq.write_table(pq.read_table(root / FILE).drop_columns([CAMERA]), root / FILE)
    (problem,) = examine(root)
    assert f"has no column '{CAMERA}'" in problem


def test_a_jpeg_that_is_cut_short_is_refused_and_not_filled_with_grey() -> None:
    whole = encode(picture(3), ".jpg")
    assert np.abs(decode_picture(whole).astype(int) - picture(3)).mean() < 6.0
    with pytest.raises(PictureError, match="cut short"):
        decode_picture(whole[: len(whole) // 2])
    with pytest.raises(PictureError, match="not a picture"):
        decode_picture(b"<html>not found</html>")
    with pytest.raises(PictureError, match="empty"):
        decode_picture(b"")
