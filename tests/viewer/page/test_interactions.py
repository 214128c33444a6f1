"""What a user does with the page: selecting, searching, jumping, changing, sharing, comparing."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from driving.quantities import UserError
from driving.viewer.page.writer import Additions, write_page
from driving.viewer.playback import Playback
from tests.viewer.page.browser import open_page
from tests.viewer.playbacks import make_playback, make_watched_playback

PRESS = "const press = (key) => document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));"
DRAG = """const drag = (element, from, to) => { element.setPointerCapture = () => {}; const box = element.getBoundingClientRect();
  [['pointerdown', from], ['pointermove', to], ['pointerup', to]].forEach(([kind, [x, y]]) =>
    element.dispatchEvent(new PointerEvent(kind, { clientX: box.left + x, clientY: box.top + y, pointerId: 1 }))); };"""


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Playback]:
    playback, network = make_watched_playback(60)
    path = tmp_path_factory.mktemp("interactions") / "neurons.html"
    write_page(path, playback, network)
    return path, playback


def test_all_parts_follow_the_tick_and_the_selection_that_a_drag_makes(watched: tuple[Path, Playback]) -> None:
    path, _ = watched
    across = "[LEFT + strips.span * 0.25, 40], [LEFT + strips.span * 0.75, 40]"
    after = "{ selection, words: byId('selection').textContent, csv: makeCsv().split('\\n').length - 2, now, ticks: parts.map((part) => part.tick) }"
    place = "[0, 0].map((_, k) => placeAt(track.place, k ? 44 : 20))"
    script = f"""(() => {{ {PRESS} {DRAG} drag(byId('strips'), {across}); const strip = {after};
      press('Escape'); drag(byId('track'), ...{place}); const road = {after}; press('Escape'); press('ArrowRight');
      return {{ strip, road, cleared: selection, failures: window.failures }}; }})()"""
    seen = open_page(path, script)
    assert seen["failures"] == []
    assert seen["strip"]["selection"] == [pytest.approx(15, abs=1), pytest.approx(44, abs=1)]
    assert seen["road"]["selection"] == [20, 44]
    assert seen["road"]["csv"] == 25
    assert seen["road"]["words"].startswith("2.0 to 4.4 s")
    assert set(seen["road"]["ticks"]) == {seen["road"]["now"]}
    assert seen["cleared"] is None


def test_a_search_finds_the_ticks_that_the_trace_has_and_says_what_it_does_not_understand(watched: tuple[Path, Playback]) -> None:
    path, playback = watched
    threshold = float(np.median(playback.state_TH[:, 8]))
    name = playback.neurons.names[8].replace(" ", "")
    good = f"{name} > {threshold:.5f} and not (abs(curvature) < 0.002 or lateral < 0 - 0.5)"
    ask = "(text) => { byId('find').value = text; search(); return [found, byId('find-note').textContent]; }"
    seen = open_page(path, f"['{good}', 'inter999 > 1', 'curvature <', 'steer ~ 2'].map({ask})")
    bend, lateral = playback.columns["curvature_per_m"], playback.columns["lateral_m"]
    expected = np.flatnonzero((playback.state_TH[:, 8] > threshold) & ~((np.abs(bend) < 0.002) | (lateral < -0.5)))
    assert [t for first, last in seen[0][0] for t in range(first, last + 1)] == expected.tolist()
    assert [len(answer[0]) for answer in seen[1:]] == [0, 0, 0]
    assert ["not known" in seen[1][1], "missing" in seen[2][1], "not understood" in seen[3][1]] == [True, True, True]


def test_keys_jump_between_the_moments_and_a_departure_is_one_of_them(watched: tuple[Path, Playback]) -> None:
    path, playback = watched
    script = f"""(() => {{ {PRESS} go(0); const visited = []; for (let k = 0; k < events.length; k++) {{ press('n'); visited.push(now); }}
      press('p'); return {{ visited, events, back: now }}; }})()"""
    seen = open_page(path, script)
    departed = int(np.flatnonzero(playback.columns["departed"])[0])
    assert {"departure", "off centre", "steering", "bend"} <= {event["kind"] for event in seen["events"]}
    assert departed in seen["visited"]
    stops = sorted({event["t"] for event in seen["events"] if event["t"] > 0})
    assert seen["visited"][: len(stops)] == stops
    assert seen["back"] < stops[-1]


def test_a_moment_with_all_that_is_chosen_can_be_sent_as_an_address(watched: tuple[Path, Playback]) -> None:
    path, playback = watched
    name = playback.neurons.names[4].replace(" ", "")
    make = "changeNeuron(4, { scale: 0 }); changeSynapse(12, 0.5);"
    script = f"""(() => {{ {PRESS} choose(4); select(10, 30); go(20); press('s'); press('w'); byId('paint').value = names[4];
      byId('sort').selectedIndex = 2; byId('find').value = 'steer > 0'; {make} search(); return location.hash; }})()"""
    address = open_page(path, script)
    assert f"neuron={name}" in address
    state = """{ now, chosen, selection, paint: byId('paint').value, sort: byId('sort').value, why: byId('reasons').hidden,
      heat: byId('heat').hidden, changes }"""
    seen = open_page(path, state, address)
    expected = {
        "now": 20,
        "chosen": 4,
        "selection": [10, 30],
        "paint": playback.neurons.names[4],
        "sort": "by similarity",
        "why": False,
        "heat": False,
    }
    assert seen == expected | {"changes": {"neurons": {"4": {"scale": 0}}, "synapses": {"12": 0.5}}}


def test_a_neuron_is_taken_out_held_and_scaled_from_its_card_and_the_change_is_marked_as_open_loop(watched: tuple[Path, Playback]) -> None:
    path, _ = watched
    script = """(() => { go(25); choose(names.indexOf('command 1')); return ['out', 'held', 'scaled', 'driven'].map((kind) => {
      const choice = document.querySelector(`[name=change][value=${kind}]`);
      choice.checked = true;
      choice.dispatchEvent(new Event('change'));
      return { changes: JSON.parse(JSON.stringify(changes)), made: byId('made').textContent, shown: !byId('changed').hidden,
        warn: byId('changed').innerText };
    }); })()"""
    seen = open_page(path, script)
    out, held, scaled, driven = seen
    (neuron,) = out["changes"]["neurons"]
    assert out["changes"]["neurons"][neuron] == {"scale": 0}
    assert out["made"].startswith("command 1 taken out")
    assert "the car does not move differently" in out["warn"]
    assert "clamp" in held["changes"]["neurons"][neuron]
    assert scaled["changes"]["neurons"][neuron] == {"scale": 0.5}
    assert driven["shown"] is False


def test_sliders_scale_a_neuron_and_a_synapse_while_they_move_and_arrow_keys_move_the_slider_not_the_tick(watched: tuple[Path, Playback]) -> None:
    path, playback = watched
    own = next(e for e, one in enumerate(playback.neurons.synapses) if one.target == "command 1")
    look = "{ changes: JSON.parse(JSON.stringify(changes)), words: byId('made').textContent, hash: location.hash, same: slider.isConnected }"
    script = f"""(() => {{ go(25); choose(names.indexOf('command 1')); const slide = (slider, value) => {{ slider.value = value;
      slider.dispatchEvent(new Event('input')); return {look}; }};
      const scaled = document.querySelector('[name=change][value=scaled]'); scaled.checked = true; scaled.dispatchEvent(new Event('change'));
      const neuron = [0.85, 3].map((value) => slide(byId('amount'), value)); {PRESS} byId('undo').click();
      const find = () => document.querySelector('[data-synapse="{own}"]');
      const synapse = [1.35, 3, 0].map((value) => [slide(find(), value), find().nextSibling.textContent]);
      const moved = toSteer(changed.outs[59], 59) - toSteer(asDriven.outs[59], 59);
      const keys = [find(), byId('scrub')].map((slider) => {{
        const event = new KeyboardEvent('keydown', {{ key: 'ArrowRight', bubbles: true, cancelable: true }});
        slider.dispatchEvent(event); return [now, event.defaultPrevented]; }});
      byId('undo').click(); const undone = find().value; press('Escape');
      return {{ neuron, synapse, moved, keys, undone, closed: chosen, failures: window.failures }}; }})()"""
    seen = open_page(path, script)
    assert seen["failures"] == []
    assert [list(one["changes"]["neurons"].values()) for one in seen["neuron"]] == [[{"scale": 0.85}], [{"scale": 3}]]
    assert seen["neuron"][0]["words"].startswith("command 1 × 0.85")
    for (one, words), factor in zip(seen["synapse"], (1.35, 3, 0), strict=True):
        assert one["changes"]["synapses"] == {str(own): factor}
        assert one["same"], "the slider was made again under the user's hand"
        assert words == (f"× {factor}" if factor else "cut")
        assert f"change={own}%3Ax{factor}" in one["hash"]
    assert seen["moved"] != 0
    assert seen["keys"] == [[25, False], [26, True]]
    assert (seen["undone"], seen["closed"]) == ("1", -1)


def test_the_card_tells_the_range_the_reactions_and_the_most_active_frames_of_a_neuron(watched: tuple[Path, Playback]) -> None:
    path, playback = watched
    script = """(() => { choose(6); return { name: byId('card-name').textContent, plots: byId('tuning').children.length,
      frames: findMostActive(6), rows: byId('synapses').querySelectorAll('tbody tr').length, rule: byId('card-rule').textContent }; })()"""
    seen = open_page(path, script)
    own = [synapse for synapse in playback.neurons.synapses if playback.neurons.names[6] in (synapse.source, synapse.target)]
    assert seen["name"] == playback.neurons.names[6]
    assert seen["rows"] == len(own)
    assert seen["plots"] == 4
    assert seen["frames"][0] == int(np.argmax(playback.state_TH[:, 6]))
    assert seen["rule"].startswith("Its state")


def test_csv_and_png_come_out_with_the_values_of_the_trace(watched: tuple[Path, Playback]) -> None:
    path, playback = watched
    script = """(async () => { select(5, 9); const png = new Uint8Array(await (await makePng()).arrayBuffer());
      return [makeCsv(), png.length, Array.from(png.slice(1, 4))]; })()"""
    text, size, head = open_page(path, script)
    rows = list(csv.DictReader(text.splitlines()))
    assert [int(row["tick"]) for row in rows] == [5, 6, 7, 8, 9]
    for name, values in (("steer", playback.columns["steer"]), (playback.neurons.names[3], playback.state_TH[:, 3])):
        assert [float(row[name]) for row in rows] == pytest.approx(values[5:10], abs=1e-3)
    assert (size > 20_000, bytes(head)) == (True, b"PNG")


def test_two_drives_stand_side_by_side_at_the_same_place_and_where_they_diverge_is_marked(tmp_path: Path) -> None:
    playback = make_playback(60)
    columns = {name: values[20:] for name, values in playback.columns.items()} | {"time_s": playback.columns["time_s"][20:] - 2.0}
    columns["lateral_m"] = columns["lateral_m"] + np.where(np.arange(40) >= 30, 0.8, 0.0)
    frames = list(playback.open_frames())[20:]
    other = replace(playback, title="other", columns=columns, state_TH=playback.state_TH[20:], tau_s_TH=None, open_frames=lambda: iter(frames))
    write_page(tmp_path / "neurons.html", playback, additions=Additions(other))
    ask = "{ there: besideTick(now), apart: divergent, words: byId('divergences').textContent, hidden: byId('beside').hidden }"
    places = "[20, 44].map((t) => [besideChart.x(ownPlaces[t]), 40])"
    script = f"(() => {{ {DRAG} {PRESS} go(35); const seen = {ask}; drag(byId('beside-chart'), ...{places}); seen.dragged = selection;"
    seen = open_page(tmp_path / "neurons.html", f"{script} press('Escape'); seen.cleared = selection; return seen; }})()")
    assert (seen["dragged"], seen["cleared"]) == ([20, 44], None)
    assert seen["there"] == 15
    assert seen["apart"] == [[50, 59]]
    assert "0.80 m" in seen["words"]
    assert seen["hidden"] is False
    with pytest.raises(UserError, match="not on the route"):
        write_page(tmp_path / "refused.html", playback, additions=Additions(make_playback(60, seed=4)))


def test_the_page_shows_what_the_same_lesion_did_in_closed_loop_and_the_rule_in_words(tmp_path: Path) -> None:
    playback, network = make_watched_playback(8)
    names = playback.neurons.names
    change = {"value": 0.0213, "interval": {"low": 0.01, "high": None}}
    effects = [{"lesion": {"words": [names[2]]}, "words": "it drifts left", "drives": 4, "changes": {"mean_abs_lateral_m": change}}]
    policy = {"label": "run", "effects": effects, "rules": [{"neuron": name, "words": f"high where {name}"} for name in names]}
    (tmp_path / "explain.json").write_text(json.dumps({"policies": [policy]}))
    write_page(tmp_path / "neurons.html", playback, network, Additions(explained=tmp_path))
    ask = "[2, 3].map((i) => { changes = noChanges(); changeNeuron(i, { scale: 0 }); return byId('closed-loop').textContent; })"
    seen = open_page(tmp_path / "neurons.html", f"(choose(1), {{ words: {ask}, rule: byId('card-rule').textContent }})")
    assert seen["words"] == [
        "Closed loop, over 4 drives: it drifts left, +0.021 m off the centre (+0.010 to ?).",
        "This lesion was not driven in closed loop.",
    ]
    assert f"high where {names[1]}" in seen["rule"]
    with pytest.raises(UserError, match="of which 0 have these 19 neurons"):
        write_page(tmp_path / "refused.html", make_playback(8), additions=Additions(explained=tmp_path))


@pytest.mark.parametrize("size", ["500,900", "1920,1000"])
def test_the_page_fits_a_phone_and_a_wide_screen_in_the_dark_and_in_the_light(watched: tuple[Path, Playback], size: str) -> None:
    look = "{ over: document.documentElement.scrollWidth - window.innerWidth, ground: getComputedStyle(document.body).backgroundColor }"
    script = f"(() => {{ choose(3); byId('why').click(); return ['dark', 'light'].map((name) => {{ setTheme(name); return {look}; }}); }})()"
    dark, light = open_page(watched[0], script, size=size)
    assert max(dark["over"], light["over"]) <= 0
    assert dark["ground"] != light["ground"]
