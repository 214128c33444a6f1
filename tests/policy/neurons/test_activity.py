"""The activity of every cell's neurons, against the cells' own equations."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from policy.activity import ActivityReader
from policy.cells.ct_rnn import CtRnn
from policy.cells.ltc import Ltc
from policy.kernels import reference
from tests.policy.cells import CASES, build, sequence

LIQUID = [name for name, (cell, _) in CASES.items() if cell == "ltc"]


@pytest.mark.parametrize("case", CASES)
def test_a_drive_read_as_a_whole_and_tick_by_tick_tells_the_same_as_the_cell(case: str) -> None:
    cell = build(case).eval()
    (features,), (dt,) = sequence(1, 9)
    whole, live = ActivityReader(cell).read(features.numpy(), dt.numpy()), ActivityReader(cell)
    with torch.no_grad():
        trace = cell.trace(features[None], dt[None])
    np.testing.assert_array_equal(whole.state_TH, trace.neuron_BTH[0])
    assert whole.current_TE.shape == (9, len(live.edges)) == (9, len(cell.edges()))
    assert (whole.tau_s_TH is None) == (trace.tau_s_BTH is None)
    ticks = [live.read(features[t : t + 1].numpy(), dt[t : t + 1].numpy()) for t in range(9)]
    for name in ("state_TH", "current_TE", *(["tau_s_TH"] if whole.tau_s_TH is not None else [])):
        np.testing.assert_allclose(np.concatenate([getattr(tick, name) for tick in ticks]), getattr(whole, name), atol=1e-5)
    assert (live.names, live.roles) == (tuple(cell.neuron_names), tuple(cell.neuron_roles))


@pytest.mark.parametrize("case", LIQUID)
def test_an_ltcs_currents_and_leaks_sum_to_the_reference_equations(case: str) -> None:
    cell = build(case).double()
    assert isinstance(cell, Ltc)
    features, dt = sequence(2, 6, dtype=torch.float64)
    with torch.no_grad():
        neuron = cell.states(features, dt)
        p = cell.parameters_by_name()
        own = reference._Synapses(cell.plan.block, cell.value("w"), p.mu, p.sigma, p.erev).drive(neuron)
        pull, hold = (own + reference.sensory_drive(cell.plan, p, features)).unbind(-2)
        current = cell.currents(features, neuron, cell.initial_state(2))
    names = cell.neuron_names
    sums = torch.stack([current[..., [target == name for _, target, _ in cell.edges()]].sum(-1) for name in names], dim=-1)
    leak = cell.value("gleak") * (cell.vleak - neuron)
    torch.testing.assert_close(sums + leak, pull - hold * neuron, atol=1e-12, rtol=0)


@pytest.mark.parametrize("case", LIQUID)
def test_what_synapses_and_leaks_add_in_a_step_is_the_whole_change_of_each_neuron(case: str) -> None:
    cell = build(case).double()
    assert isinstance(cell, Ltc)
    features, dt = sequence(2, 6, dtype=torch.float64)
    start = torch.linspace(-0.5, 0.5, 2 * cell.state_size, dtype=torch.float64).view(2, -1)
    with torch.no_grad():
        neuron = cell.trace(features, dt, start).neuron_BTH
        parts = cell.split_changes(features, dt, neuron, start)
    target = torch.tensor([cell.neuron_names.index(name) for _, name, _ in cell.edges()])
    torch.testing.assert_close(parts.total(target), torch.diff(torch.cat([start[:, None], neuron], dim=1), dim=1), atol=1e-12, rtol=0)


def test_a_ct_rnns_weighted_signals_and_bias_sum_to_what_its_tanh_gets() -> None:
    cell = build("ct_rnn sparse").double()
    assert isinstance(cell, CtRnn)
    features, dt = sequence(1, 5, dtype=torch.float64)
    with torch.no_grad():
        neuron = cell.states(features, dt)
        current = cell.currents(features, neuron, cell.initial_state(1))
        inner, outer = cell.matrices()
        expected = features @ inner.t() + neuron @ outer.t()
    sums = torch.stack([current[..., [target == name for _, target, _ in cell.edges()]].sum(-1) for name in cell.neuron_names], dim=-1)
    torch.testing.assert_close(sums, expected, atol=1e-12, rtol=0)
