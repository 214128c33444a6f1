"""The feed of a running drive: what a reader in time, a slow reader and a full disk see of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from driving.rollout.live_feed import SLOTS, FeedReader, LiveFeed
from tests.viewer.live_ticks import make_ticks
from tests.viewer.playbacks import make_watched_playback


def test_a_reader_gets_every_tick_in_time_a_slow_one_the_newest_and_both_follow_to_the_next_drive(tmp_path: Path) -> None:
    playback, _ = make_watched_playback(SLOTS + 20)
    path, ticks = tmp_path / "live.feed", list(make_ticks(playback))
    quick, slow = FeedReader(path), FeedReader(path)
    assert quick.read() == []
    feed = LiveFeed(path, "first")
    for t, tick in enumerate(ticks):
        feed.on_tick(tick)
        (seen,) = quick.read()
        assert (seen.drive, seen.number) == ("first", t)
        assert seen.values["steer"] == playback.columns["steer"][t]
        np.testing.assert_array_equal(seen.image, tick.observation.image)
        np.testing.assert_array_equal(seen.neuron_H, playback.state_TH[t])
        np.testing.assert_array_equal(seen.features_I, playback.features_TI[t])  # type: ignore[index]
    numbers = [tick.number for tick in slow.read()]
    assert numbers == list(range(numbers[0], len(ticks)))
    assert 0 < len(numbers) <= SLOTS
    LiveFeed(path, "second").on_tick(ticks[0])
    assert [(tick.drive, tick.number) for reader in (quick, slow) for tick in reader.read()] == [("second", 0)] * 2


def test_a_feed_that_finds_no_room_does_not_stop_the_drive(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    playback, _ = make_watched_playback(3)
    feed = LiveFeed(tmp_path / "file" / "live.feed", "drive")
    for tick in make_ticks(playback):
        feed.on_tick(tick)
    assert (tmp_path / "file").read_bytes() == b""
