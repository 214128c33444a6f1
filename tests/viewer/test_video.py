"""Movies in and out."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from driving.quantities import UserError
from driving.viewer.video import MovieWriter, read_frames


def flat_frames(count: int) -> list[np.ndarray]:
    return [np.full((64, 96, 3), (20 * i, 200 - 15 * i, 90), np.uint8) for i in range(count)]


def write(path: Path, times: list[float]) -> None:
    with MovieWriter(path, 96, 64, 10.0) as movie:
        for image, time in zip(flat_frames(len(times)), times, strict=True):
            movie.write(image, time)


def test_a_movie_keeps_each_frames_own_time(tmp_path: Path) -> None:
    times = [0.0, 0.1, 0.25, 0.3, 0.47]
    write(tmp_path / "a.mp4", times)
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert [frame.time for frame in container.decode(video=0)] == pytest.approx(times, abs=1e-4)


def test_colours_survive_writing_and_reading(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4", [0.0, 0.1, 0.2])
    for got, wanted in zip(read_frames(tmp_path / "a.mp4"), flat_frames(3), strict=True):
        assert np.abs(got.astype(int) - wanted).mean() < 4.0


def stop_midway(path: Path) -> None:
    with MovieWriter(path, 96, 64, 10.0) as movie:
        movie.write(flat_frames(1)[0], 0.0)
        raise RuntimeError("stopped")


def test_an_unfinished_movie_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="stopped"):
        stop_midway(tmp_path / "a.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_truncated_movie_is_refused_in_one_line(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4", [0.1 * i for i in range(9)])
    whole = (tmp_path / "a.mp4").read_bytes()
    (tmp_path / "a.mp4").write_bytes(whole[: len(whole) // 3])
    with pytest.raises(UserError, match=r"a\.mp4 cannot be decoded .* record the drive again") as caught:
        list(read_frames(tmp_path / "a.mp4"))
    assert "\n" not in str(caught.value)
