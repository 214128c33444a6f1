"""The page: what it holds, and how it plays in a real browser."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from driving.viewer.page import writer as page
from driving.viewer.page.packing import pack
from driving.viewer.page.writer import collect_data, write_page
from tests.viewer.page.browser import open_page
from tests.viewer.playbacks import make_playback


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "neurons.html"
    write_page(path, make_playback(60))
    return path


def test_the_page_does_not_need_another_file(written: Path) -> None:
    text = written.read_text(encoding="utf-8")
    assert not re.search(r'(src|href)="(?!data:)[^"]', text)
    assert "@@" not in text
    assert not re.search(r"url\(|@import", text)


def test_the_page_starts_without_errors_and_shows_every_neuron(written: Path) -> None:
    seen = open_page(
        written,
        "{failures: window.failures, neurons: [...document.querySelectorAll('[data-neuron]')].map((n) => n.dataset.neuron), "
        "maps: document.querySelectorAll('#maps figure').length, bars: document.querySelectorAll('#change-bars rect').length}",
    )
    assert seen["failures"] == []
    assert sorted(seen["neurons"]) == sorted(make_playback(4).neurons.names)
    assert seen["maps"] == 19 + 2
    assert seen["bars"] == 19


def test_scrubbing_changes_the_frame_the_clock_and_the_neurons(written: Path) -> None:
    state = "{frame: byId('camera').src, clock: byId('clock').textContent, lit: bodies.map((body) => body.getAttribute('fill-opacity'))}"
    move = "(() => { const s = document.getElementById('scrub'); s.value = '41'; s.dispatchEvent(new Event('input')); })()"
    seen = open_page(written, f"(() => {{ const before = {state}; {move}; return {{before, after: {state}, failures: window.failures}}; }})()")
    assert seen["failures"] == []
    assert seen["before"]["clock"].startswith("0.0 s")
    assert seen["after"]["clock"] == "4.1 s · tick 41"
    assert seen["after"]["frame"].startswith("data:image/webp;base64,")
    assert seen["before"]["frame"] != seen["after"]["frame"]
    assert seen["before"]["lit"] != seen["after"]["lit"]


def test_pointing_at_a_neuron_names_it_with_role_and_time_constant(written: Path) -> None:
    point = "document.querySelector('[data-neuron=\"command 2\"]').dispatchEvent(new PointerEvent('pointermove', {clientX: 200, clientY: 200}))"
    seen = open_page(written, f"(() => {{ {point}; return document.getElementById('tip').textContent; }})()")
    assert "command 2  (command)" in seen
    assert re.search(r"τ_sys \d+ ms", seen)


def test_a_link_can_open_the_page_at_a_time_of_the_drive(written: Path) -> None:
    assert open_page(written, "document.getElementById('clock').textContent", "#t=3") == "3.0 s · tick 30"


def test_playing_advances_in_simulation_time(written: Path) -> None:
    steps = "lastFrame = 0; step(200); step(400);"
    play = f"(() => {{ byId('play').click(); const word = byId('play').textContent; {steps} return [word, now]; }})()"
    assert open_page(written, play) == ["Pause", 4]


def test_a_log_without_positions_has_a_page_too(tmp_path: Path) -> None:
    write_page(tmp_path / "neurons.html", make_playback(12, without=("x_m", "y_m", "yaw_rad", "speed_mps", "lateral_m", "departed")))
    seen = open_page(tmp_path / "neurons.html", "{failures: window.failures, above: document.getElementById('above').hidden}")
    assert seen == {"failures": [], "above": True}


def test_numbers_survive_packing_and_gaps_do_not_break_it() -> None:
    values = np.random.default_rng(0).normal(size=(50, 3))
    values[:, 2] = 4.0
    values[7, 0] = np.nan
    part = pack(values)
    assert part["low"][1:] == pytest.approx(values.min(axis=0)[1:])
    assert json.loads(json.dumps(part, allow_nan=False)) == part


def test_the_page_of_a_long_drive_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "MAX_TICKS", 20)
    monkeypatch.setattr(page, "MAX_FRAMES", 5)
    data = collect_data(make_playback(60))
    assert len(data["ticks"]) == 20
    assert (data["ticks"][0], data["ticks"][-1]) == (0, 59)
    assert len(data["frames"]["pictures"]) == len(data["frames"]["at"]) == 5
    assert data["frames"]["at"][-1] == 19
    assert data["departed"] != []


def test_a_title_with_markup_cannot_break_out_of_the_page(tmp_path: Path) -> None:
    write_page(tmp_path / "neurons.html", replace(make_playback(4), title="</script><b id='broken'>"))
    assert open_page(tmp_path / "neurons.html", "document.querySelector('#broken') === null") is True
