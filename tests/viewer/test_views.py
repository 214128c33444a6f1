"""All views of a drive: what does not fit is refused before a movie is written, which takes a minute."""

from __future__ import annotations

from pathlib import Path

import pytest

from driving.quantities import UserError
from driving.viewer.page.writer import Additions
from driving.viewer.views import write_views
from tests.viewer.playbacks import make_playback, make_watched_playback


def test_a_second_drive_on_another_route_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    playback, network = make_watched_playback(8)
    with pytest.raises(UserError, match="not on the route"):
        write_views(tmp_path, playback, network, Additions(make_playback(8, seed=4)))
    assert not list(tmp_path.iterdir())
