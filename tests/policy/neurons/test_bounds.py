"""What is claimed to be certain about a cell's neurons, and attempts to break it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from perception.errors import ConfigError
from policy.bounds import CellBounds
from policy.cell import Cell
from policy.cells.ltc import Ltc, LtcConfig
from policy.kernels.bounds import bound_ltc
from tests.policy.cells import CASES, INPUTS, MOTORS, NCP, build

UNPROVEN = {"cfc pure", "cfc wired pure", "ct_gru", "transformer", "spiking"}
ROUNDING = 2e-5


def draw_weights(cell: Cell, seed: int, spread: float) -> None:
    """Weights far from those of the start, so that sigmoids and tanhs are driven to their ends."""
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for value in cell.parameters():
            if value.requires_grad:
                value.add_(spread * torch.randn(value.shape, generator=random))


def find_excess(cell: Cell, bounds: CellBounds, features: torch.Tensor, dt_s: torch.Tensor) -> float:
    """By how much a drive leaves the bounds of states, time constants (relative) and outputs; negative inside."""
    trace = cell.trace(features, dt_s)
    pairs = [(trace.neuron_BTH, bounds.low_H, bounds.high_H), (trace.motor_BTM, bounds.motor_low_M, bounds.motor_high_M)]
    if bounds.tau_low_s_H is not None and bounds.tau_high_s_H is not None:
        assert trace.tau_s_BTH is not None
        pairs.append((trace.tau_s_BTH.log(), np.log(bounds.tau_low_s_H), np.log(bounds.tau_high_s_H)))
    excess = []
    for values, low, high in pairs:
        seen = values.detach().double().numpy()
        scale = 1.0 + np.maximum(np.abs(low), np.abs(high))
        excess.append(float((np.maximum(low - seen, seen - high) / scale).max()))
    return max(excess)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    case=st.sampled_from([name for name in CASES if name not in UNPROVEN]),
    seed=st.integers(0, 10_000),
    spread=st.sampled_from([0.0, 0.5, 3.0]),
    loudness=st.sampled_from([0.1, 3.0, 1e3]),
    dt_s=st.sampled_from([0.0, 1e-3, 0.1, 5.0, 1e5]),
)
def test_no_weights_and_no_inputs_leave_the_bounds(case: str, seed: int, spread: float, loudness: float, dt_s: float) -> None:
    cell = build(case, seed)
    draw_weights(cell, seed, spread)
    random = torch.Generator().manual_seed(seed + 1)
    features = loudness * torch.randn(6, 20, INPUTS, generator=random).round(decimals=1)
    assert find_excess(cell, cell.bounds(), features, dt_s * torch.rand(6, 20, generator=random)) < ROUNDING


@pytest.mark.parametrize("case", sorted(UNPROVEN))
def test_where_nothing_is_proven_no_bound_is_stated(case: str) -> None:
    with pytest.raises(ConfigError, match="nothing is proven about the states of a"):
        build(case).bounds()


def test_the_same_check_finds_a_bound_that_does_not_hold() -> None:
    cell = build("ltc")
    bounds = cell.bounds()
    features = 3.0 * torch.randn(6, 40, INPUTS, generator=torch.Generator().manual_seed(0))
    wrong = bounds._replace(high_H=bounds.low_H + 0.5 * (bounds.high_H - bounds.low_H))
    assert find_excess(cell, wrong, features, torch.full((6, 40), 0.1)) > 0.05


def test_rounds_tighten_the_box_that_the_potentials_give_and_a_neuron_can_come_near_its_end() -> None:
    cell = build("ltc")
    assert isinstance(cell, Ltc)
    plain, tight = (bound_ltc(cell.plan, cell.parameters_by_name(), rounds) for rounds in (0, 100))
    gleak, cm = (cell.value(name).detach().double().numpy() for name in ("gleak", "cm"))
    np.testing.assert_allclose(plain.tau_high_s_H, cm / gleak)
    assert np.all(tight.low_H >= plain.low_H)
    assert np.all(tight.high_H <= plain.high_H)
    assert np.mean(tight.high_H - tight.low_H) < 0.8 * np.mean(plain.high_H - plain.low_H)


def test_a_neuron_can_come_as_near_to_its_end_as_its_one_synapse_lets_it() -> None:
    torch.manual_seed(1)
    lone = Ltc(1, 1, LtcConfig(wiring={"kind": "fully_connected", "units": 1, "motor": 1}))
    lone.cut(lambda source, target: source == "motor 0" and target == "motor 0")
    box = bound_ltc(lone.plan, lone.parameters_by_name())
    settled = [float(lone.states(torch.full((1, 100, 1), x), torch.ones(1, 100))[0, -1, 0].detach()) for x in (-1e3, 1e3)]
    np.testing.assert_allclose([min(0.0, *settled), max(0.0, *settled)], [box.low_H[0], box.high_H[0]], atol=1e-4)


def test_an_ltc_whose_conductances_turned_negative_has_no_bound() -> None:
    torch.manual_seed(0)
    cell = Ltc(INPUTS, MOTORS, LtcConfig(wiring=NCP, positivity="as_is"))
    cell.bounds()
    cell.w.data[0] = -0.1
    with pytest.raises(ConfigError, match=r"nothing bounds the states of this LTC: w must be positive"):
        cell.bounds()
