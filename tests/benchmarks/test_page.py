"""The benchmark of the page plays it in a real browser; no test judges how fast that is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from driving.benchmarks.page import SETTINGS, SIZES, measure, table, write
from driving.quantities import UserError
from driving.viewer.page.writer import write_page
from tests.viewer.page.browser import find_browser
from tests.viewer.playbacks import make_watched_playback


def test_a_page_is_played_in_every_size_and_setting_and_its_frames_are_counted(tmp_path: Path) -> None:
    find_browser()
    page = tmp_path / "neurons.html"
    write_page(page, *make_watched_playback(30))
    rows = measure(page, seconds=0.3)
    assert {(row.size, row.setting) for row in rows} == {(size, setting) for size in SIZES for setting in SETTINGS}
    assert all(row.frames_per_s > 0 and row.ticks > 0 and 0 <= row.median_ms <= row.high_ms for row in rows)
    assert len(table(page, rows).splitlines()) == 2 + len(rows)
    write(page, rows, tmp_path / "page.json")
    assert json.loads((tmp_path / "page.json").read_text())["bytes"] == page.stat().st_size


def test_a_missing_browser_or_page_is_told_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find_browser()
    with pytest.raises(UserError, match=r"cannot be read \(No such file or directory\): give the neurons.html"):
        measure(tmp_path / "neurons.html", seconds=0.1)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="install Chromium"):
        measure(tmp_path / "neurons.html", seconds=0.1)
