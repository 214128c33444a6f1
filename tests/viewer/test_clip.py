"""Clips of a part of a drive."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from driving.quantities import UserError
from driving.viewer.clip import HOLD_S, cut_playback, write_clip
from driving.viewer.movie import draw_frames
from tests.viewer.playbacks import edges_as_saliency, make_playback


def test_a_part_has_its_own_ticks_and_time_but_the_whole_drives_ranges() -> None:
    whole = make_playback(60)
    part = cut_playback(whole, 30, 42)
    assert part.ticks == 12
    assert part.columns["time_s"][0] == 0.0
    np.testing.assert_array_equal(part.columns["steer"], whole.columns["steer"][30:42])
    np.testing.assert_array_equal(part.range_H2, whole.range_H2)
    np.testing.assert_array_equal(part.lit_TH, whole.lit_TH[30:42])
    images = list(part.open_frames())
    assert len(images) == 12
    np.testing.assert_array_equal(images[0], list(whole.open_frames())[30])


def test_the_road_from_above_is_the_stretch_near_the_part_only() -> None:
    whole = make_playback(180)
    assert whole.centre_xy is not None
    far = replace(whole, centre_xy=np.concatenate([whole.centre_xy, whole.centre_xy + 1000.0]))
    part = cut_playback(far, 30, 42)
    assert part.centre_xy is not None
    assert 0 < len(part.centre_xy) < len(whole.centre_xy)
    assert np.hypot(*(part.centre_xy - part.path_xy[0]).T).max() < 200.0


def test_a_clip_is_held_at_its_end_and_has_that_picture_beside_it(tmp_path: Path) -> None:
    part = cut_playback(make_playback(60), 40, 46)
    times = part.columns["time_s"].tolist()
    write_clip(tmp_path / "clip.mp4", zip(times, draw_frames(part, edges_as_saliency), strict=True))
    with av.open(str(tmp_path / "clip.mp4")) as container:
        shown = [(frame.time, frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    assert [time for time, _ in shown] == pytest.approx([*times, times[-1] + HOLD_S], abs=1e-4)
    poster = cv2.cvtColor(cv2.imread(str(tmp_path / "clip.jpg")), cv2.COLOR_BGR2RGB)
    last = cv2.resize(shown[-1][1], (poster.shape[1], poster.shape[0]), interpolation=cv2.INTER_AREA)
    assert np.abs(poster.astype(int) - last.astype(int)).mean() < 4.0


def test_a_clip_without_an_image_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"clip\.mp4.*evaluate again"):
        write_clip(tmp_path / "clip.mp4", iter([]))
