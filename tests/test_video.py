"""Videos in and out: times, colours, files that appear only when complete."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from driving.video import VIEWING, VideoError, VideoWriter, frame_times, read_frames, read_range


def flat_frames(count: int) -> list[np.ndarray]:
    return [np.full((64, 96, 3), (20 * i, 200 - 15 * i, 90), np.uint8) for i in range(count)]


def write(path: Path, times: list[float]) -> None:
    with VideoWriter(path, 64, 96, 10.0, VIEWING) as movie:
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
    with VideoWriter(path, 64, 96, 10.0, VIEWING) as movie:
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
    with pytest.raises(VideoError, match=r"a\.mp4 is truncated or not an mp4 .* record it again") as caught:
        list(read_frames(tmp_path / "a.mp4"))
    assert "\n" not in str(caught.value)


def test_a_video_that_is_not_closed_does_not_appear_under_its_name(tmp_path: Path) -> None:
    writer = VideoWriter(tmp_path / "a.mp4", 64, 96, 10.0)
    writer.write(flat_frames(1)[0])
    assert not (tmp_path / "a.mp4").exists()
    writer.close()
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_a_range_of_frames_starts_at_its_time_and_a_missing_frame_is_refused(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "a.mp4", 64, 96, 10.0) as writer:
        for image in flat_frames(9):
            writer.write(image)
    np.testing.assert_allclose(frame_times(tmp_path / "a.mp4"), np.arange(9) / 10.0, atol=1e-6)
    everything = list(read_frames(tmp_path / "a.mp4"))
    np.testing.assert_array_equal(list(read_range(tmp_path / "a.mp4", 0.4, 3, 10.0)), everything[4:7])
    with pytest.raises(VideoError, match=r"no frame at 0\.900 s, 1 of 3 frames missing"):
        list(read_range(tmp_path / "a.mp4", 0.7, 3, 10.0))


def test_a_video_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match=r"none\.mp4 is missing .* record it again"):
        list(read_frames(tmp_path / "none.mp4"))


def test_odd_sizes_keep_their_colours(tmp_path: Path) -> None:
    image = np.full((65, 97, 3), (200, 40, 90), np.uint8)
    with VideoWriter(tmp_path / "a.mp4", 65, 97, 10.0) as writer:
        writer.write(image)
    (got,) = read_frames(tmp_path / "a.mp4")
    assert np.abs(got.astype(int) - image).mean() < 4.0
