"""The neurons that run again in the page, against the kernel: states, changes, and what moved the motor neuron."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch

from driving.viewer.page.writer import write_page
from driving.viewer.playback import Playback
from policy.cells.ltc import Ltc
from policy.kernels.plan import SOLVERS, LtcPlan
from tests.viewer.page.browser import open_page
from tests.viewer.playbacks import make_watched_playback

OUT, HELD, HELD_AT, SCALED, CUT = 3, 8, 0.4, 5, 11  # neurons; and a synapse by its number among those between neurons


def run_kernel(cell: Ltc, playback: Playback, start: torch.Tensor | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return the states (T, H) and the motor outputs (T,) of a cell on a drive's features."""
    assert playback.features_TI is not None
    dt = torch.from_numpy(playback.columns["dt_s"].astype(np.float32))[None]
    with torch.no_grad():
        trace = cell.trace(torch.from_numpy(playback.features_TI)[None], dt, start)
    return trace.neuron_BTH[0].numpy(), trace.motor_BTM[0, :, 0].numpy()


def change_cell(cell: Ltc, solver: str) -> tuple[Ltc, torch.Tensor]:
    """Return a copy with a neuron out, one held (by an endless capacitance), one scaled and a synapse cut, and its start state."""
    changed = deepcopy(cell)
    changed.plan = LtcPlan(cell.wiring, solver, cell.plan.unfolds, softplus=True)  # type: ignore[arg-type]
    weight, capacitance = changed.value("w").detach().clone(), changed.value("cm").detach().clone()
    weight[torch.from_numpy(cell.plan.source == OUT)] = 0.0
    weight[torch.from_numpy(cell.plan.source == SCALED)] *= 0.5
    weight[CUT] = 0.0
    capacitance[HELD] = 1e12
    with torch.no_grad():
        changed.w.copy_(changed.to_stored("w", weight))
        changed.cm.copy_(torch.where(capacitance > 1e6, capacitance, changed.cm))
    start = torch.zeros(1, cell.state_size)
    start[0, HELD] = HELD_AT
    return changed, start


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Playback, Ltc]:
    playback, network = make_watched_playback()
    path = tmp_path_factory.mktemp("circuit") / "neurons.html"
    write_page(path, playback, network)
    assert isinstance(network.policy.cell, Ltc)
    return path, playback, network.policy.cell


def test_the_page_runs_the_neurons_as_the_kernel_does_with_and_without_changes(watched: tuple[Path, Playback, Ltc]) -> None:
    path, playback, cell = watched
    changes = {"neurons": {OUT: {"scale": 0}, HELD: {"clamp": HELD_AT}, SCALED: {"scale": 0.5}}, "synapses": {"SENSORY": 0}}
    words = json.dumps(changes).replace('"SENSORY"', f"[sensoryCount + {CUT}]")
    numbers = "({ states, outs }) => ({ states: Array.from(states), outs: Array.from(outs) })"
    run = f"(solver) => {{ circuit.solver = solver; return [numbers(runCircuit(noChanges())), numbers(runCircuit({words}))]; }}"
    seen = open_page(path, f"(() => {{ const numbers = {numbers}; return {json.dumps(SOLVERS)}.map({run}); }})()")
    for solver, (driven, changed) in zip(SOLVERS, seen, strict=True):
        own = deepcopy(cell)
        own.plan = LtcPlan(cell.wiring, solver, cell.plan.unfolds, softplus=True)
        other, start = change_cell(cell, solver)
        expected = run_kernel(own, playback), run_kernel(other, playback, start)
        for there, (states, outs) in zip((driven, changed), expected, strict=True):
            np.testing.assert_allclose(np.reshape(there["states"], states.shape), states, atol=1e-4)
            np.testing.assert_allclose(there["outs"], outs, atol=1e-4)
    assert np.abs(np.subtract(seen[0][0]["outs"], seen[0][1]["outs"])).max() > 1e-3


def test_the_bars_of_why_this_steer_add_up_to_the_change_and_are_those_of_the_equations(watched: tuple[Path, Playback, Ltc]) -> None:
    path, playback, cell = watched
    assert playback.features_TI is not None
    ask = "[0, 17].map((t) => { go(t); return { motor: listReasons(t, motor), back: listReasons(t, 9), bars: byId('reasons-motor').dataset.sum }; })"
    seen = open_page(path, f"(() => {{ if (byId('reasons').hidden) byId('why').click(); return {ask}; }})()")
    dt = torch.from_numpy(playback.columns["dt_s"].astype(np.float32))[None]
    states, features = torch.from_numpy(playback.state_TH)[None], torch.from_numpy(playback.features_TI)[None]
    with torch.no_grad():
        synapse, leak = cell.split_changes(features, dt, states, cell.initial_state(1))
    before = np.concatenate([np.zeros_like(playback.state_TH[:1]), playback.state_TH])
    motor = cell.neuron_roles.index("motor")
    for answer, t in zip(seen, (0, 17), strict=True):
        for there, neuron in ((answer["motor"], motor), (answer["back"], 9)):
            name = cell.neuron_names[neuron]
            expected = [synapse[0, t, e] for e, (_, target, _) in enumerate(cell.edges()) if target == name] + [leak[0, t, neuron]]
            assert sorted(item["amount"] for item in there["items"]) == pytest.approx(sorted(map(float, expected)), abs=1e-5)
            assert there["sum"] == pytest.approx(before[t + 1, neuron] - before[t, neuron], abs=1e-5)
        assert float(answer["bars"]) == pytest.approx(answer["motor"]["sum"])


def test_the_edges_carry_the_synaptic_currents_of_the_moment(watched: tuple[Path, Playback, Ltc]) -> None:
    path, playback, cell = watched
    assert playback.features_TI is not None
    with torch.no_grad():
        current = cell.currents(torch.from_numpy(playback.features_TI)[None], torch.from_numpy(playback.state_TH)[None], cell.initial_state(1))
    seen = open_page(
        path, "[5, 31].map((t) => { show(t); return { flows: Array.from(flowNow), colours: wires.map((wire) => wire.getAttribute('stroke')) }; })"
    )
    for answer, t in zip(seen, (5, 31), strict=True):
        np.testing.assert_allclose(answer["flows"], current[0, t], atol=1e-4)
        assert len(set(answer["colours"])) == 2


def test_a_motor_output_becomes_the_steer_that_the_car_would_get(tmp_path: Path) -> None:
    playback, network = make_watched_playback(8)
    network.policy.config.target, network.policy.config.output, network.policy.config.scale = "curvature", "sinh", 0.03
    write_page(tmp_path / "neurons.html", playback, network)
    outs = [-2.5, -0.2, 0.0, 0.7]
    seen = open_page(tmp_path / "neurons.html", f"{outs}.map((out) => toSteer(out, 3))")
    speed = float(playback.columns["speed_mps"][3])
    assert seen == pytest.approx([network.bicycle.steer(float(np.sinh(out) * 0.03), speed) for out in outs], abs=1e-4)


def test_a_page_of_another_cell_says_plainly_that_it_cannot_run_its_neurons_again(tmp_path: Path) -> None:
    playback, network = make_watched_playback(8, "gru")
    write_page(tmp_path / "neurons.html", playback, network)
    ask = "{ why: byId('why').disabled, words: byId('cannot-change').textContent, change: byId('change').hidden }"
    seen = open_page(tmp_path / "neurons.html", f"(choose(2), {ask})")
    assert seen == {"why": True, "words": "Only an LTC's equations are in this page. Other cells show states and weighted signals.", "change": True}
