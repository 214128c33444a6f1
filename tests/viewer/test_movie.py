"""The movie of a drive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from driving.quantities import UserError
from driving.viewer.drawing.theme import Rect
from driving.viewer.movie import CAMERA, DASH, STATES, TRACK, WIRING, draw_frames, write_movie
from driving.viewer.playback import Playback
from driving.viewer.saliency import BATCH
from tests.viewer.playbacks import edges_as_saliency, make_playback


def test_the_movie_has_one_frame_per_tick_at_the_drives_own_times(tmp_path: Path) -> None:
    playback = make_playback(24)
    jittered = playback.columns["time_s"] + np.linspace(0, 0.08, 24) ** 2
    write_movie(tmp_path / "drive.mp4", replace(playback, columns={**playback.columns, "time_s": jittered}), edges_as_saliency)
    with av.open(str(tmp_path / "drive.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height, stream.codec_context.pix_fmt) == (1280, 720, "yuv420p")
        assert [frame.time for frame in container.decode(video=0)] == pytest.approx(jittered.tolist(), abs=1e-4)


def test_every_panel_changes_while_the_car_drives() -> None:
    frames = [frame.copy() for frame in draw_frames(make_playback(40), edges_as_saliency)]
    for rect in (CAMERA, TRACK, DASH, WIRING, STATES):
        first, last = (rect.view(frame).astype(int) for frame in (frames[5], frames[-1]))
        assert np.abs(first - last).sum() > 10_000


def test_a_departure_is_flagged_on_the_camera_image() -> None:
    playback = make_playback(60)
    tick = int(np.flatnonzero(playback.columns["departed"])[0])
    frames = [frame.copy() for frame in draw_frames(playback, edges_as_saliency)]
    badge = Rect(CAMERA.x + 14, CAMERA.y + 18, 20, 12)
    assert badge.view(frames[tick])[..., 0].mean() > 240
    assert badge.view(frames[tick - 1])[..., 0].mean() < 200
    assert badge.view(frames[tick + 25 if tick + 25 < 60 else 0])[..., 0].mean() < 200


def test_frames_are_drawn_one_at_a_time_so_that_memory_does_not_grow() -> None:
    playback = make_playback(60)
    taken = 0

    def count_frames() -> Iterator[np.ndarray]:
        nonlocal taken
        for frame in playback.open_frames():
            taken += 1
            yield frame

    frames = draw_frames(replace(playback, open_frames=count_frames), edges_as_saliency)
    first, second = next(frames), next(frames)
    assert taken <= BATCH
    assert first is second


@pytest.mark.parametrize("missing", [("x_m", "y_m", "yaw_rad"), ("speed_mps",), ("lateral_m", "lane_width_m"), ("label_steer",), ("departed",)])
def test_a_drive_without_some_columns_has_a_movie_too(missing: tuple[str, ...]) -> None:
    assert sum(1 for _ in draw_frames(make_playback(6, without=missing), edges_as_saliency)) == 6


def test_a_network_of_64_neurons_has_a_movie_too() -> None:
    assert sum(1 for _ in draw_frames(make_playback(6, roles=("motor",) + ("hidden",) * 63), edges_as_saliency)) == 6


@pytest.mark.parametrize("cut", [slice(0, 10), slice(0, 16)], ids=["too few", "too many"])
def test_a_camera_movie_of_another_length_is_refused(cut: slice) -> None:
    playback = make_playback(16)
    frames = list(playback.open_frames())
    wrong: Playback = replace(playback, open_frames=lambda: iter([*frames[cut], *([frames[0]] if cut.stop == 16 else [])]))
    with pytest.raises(UserError, match="16 ticks: evaluate again"):
        list(draw_frames(wrong, edges_as_saliency))
