"""The live view: what it sends to Rerun for a feed's ticks, read back with Rerun's own reader."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rerun as rr

from driving.quantities import UserError
from driving.rollout.live_feed import FeedReader, LiveFeed
from driving.viewer.command import view_command
from driving.viewer.live import LiveView
from driving.viewer.recording import name_entity
from policy.network import save_policy
from tests.viewer.live_ticks import make_ticks
from tests.viewer.playbacks import make_watched_playback
from tests.viewer.test_recording import find_hidden, read_column


def test_the_states_of_every_tick_and_the_newest_picture_reach_the_viewer_drive_after_drive(tmp_path: Path) -> None:
    playback, network = make_watched_playback(12)
    recording = rr.RecordingStream("liquidlane_live_test")
    recording.save(tmp_path / "live.rrd")
    view, reader = LiveView(recording, network.policy), FeedReader(tmp_path / "live.feed")
    for name in ("first", "second"):
        feed = LiveFeed(tmp_path / "live.feed", name)
        for t, tick in enumerate(make_ticks(playback)):
            feed.on_tick(tick)
            if t % 4 == 3:
                view.show(reader.read())
    recording.flush()
    recording.disconnect()
    for i, (name, role) in enumerate(zip(playback.neurons.names, playback.neurons.roles, strict=True)):
        times, values = read_column(tmp_path / "live.rrd", name_entity(name, role), "Scalars:scalars")
        assert np.diff(times).min() > 0
        np.testing.assert_allclose(np.array(values)[:, 0], np.tile(playback.state_TH[:, i], 2), atol=1e-6)
        taus = read_column(tmp_path / "live.rrd", name_entity(name), "Scalars:scalars")[1]
        np.testing.assert_allclose(np.array(taus)[:, 0], np.tile(playback.tau_s_TH[:, i], 2), rtol=1e-3)  # type: ignore[index]
    assert len(read_column(tmp_path / "live.rrd", "camera", "EncodedImage:blob")[0]) == 6
    for entity, name in (("wiring/synapses", "LineStrips2D:radii"), ("wiring/neurons", "Points2D:radii")):
        values = read_column(tmp_path / "live.rrd", entity, name)[1]
        assert len(values) == 6
        assert values[0] != values[-1]
    assert all(np.abs(place).max() < 1e-6 for place in read_column(tmp_path / "live.rrd", "world/car", "Points2D:positions")[1])
    assert find_hidden(tmp_path / "live.rrd") == set()


def test_a_live_view_of_nothing_and_one_with_files_are_refused(tmp_path: Path) -> None:
    _, network = make_watched_playback(2)
    save_policy(network.policy, tmp_path / "run")
    for words, message in ((["--live", str(tmp_path / "none")], "is not a folder"), (["--live", str(tmp_path), "--out", "x"], "give one of them")):
        with pytest.raises(UserError, match=message):
            view_command("", ["--checkpoint", str(tmp_path / "run"), *words])
