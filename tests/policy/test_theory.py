"""What the maths says of the solvers, asked of the kernels."""

from __future__ import annotations

import math
from itertools import pairwise

import ncps.torch
import ncps.wirings
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from policy.cells.ltc import Ltc, LtcConfig
from policy.kernels.plan import SOLVERS
from policy.ncps.state import load_ncps

ORDERS = {"semi_implicit": 1, "exponential_euler": 1, "exponential_midpoint": 2}


def make(solver: str, unfolds: int, seed: int = 1, inputs: int = 4) -> Ltc:
    torch.manual_seed(seed)
    return Ltc(inputs, 1, LtcConfig(wiring={"kind": "auto_ncp", "units": 19}, solver=solver, unfolds=unfolds))


def with_unfolds(cell: Ltc, solver: str, unfolds: int) -> Ltc:
    """The same weights under another solver or number of sub-steps."""
    other = Ltc(cell.inputs, cell.motors, LtcConfig(wiring=cell.wiring.to_json(), solver=solver, unfolds=unfolds))
    other.load_state_dict(cell.state_dict())
    return other.to(next(cell.parameters()).dtype)


def features_of(batch: int, time: int, inputs: int = 4) -> torch.Tensor:
    return torch.randn(batch, time, inputs, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


@torch.no_grad()
@pytest.mark.parametrize("solver", SOLVERS)
def test_each_solver_converges_with_its_order(solver: str) -> None:
    cell = make(solver, 1).double()
    features, dt = features_of(8, 1), torch.full((8, 1), 0.5, dtype=torch.float64)
    exact = with_unfolds(cell, "exponential_midpoint", 1024)(features, dt)[1]
    unfolds = [16, 32, 64, 128]
    errors = [float((with_unfolds(cell, solver, n)(features, dt)[1] - exact).abs().max()) for n in unfolds]
    orders = [math.log2(a / b) for a, b in pairwise(errors)]
    assert orders[-1] == pytest.approx(ORDERS[solver], abs=0.15)


@torch.no_grad()
def test_the_midpoint_with_four_evaluations_beats_the_papers_six_fused_steps_threefold() -> None:
    cell = make("semi_implicit", 6).double()
    features, dt = features_of(16, 8), torch.ones(16, 8, dtype=torch.float64)
    exact = with_unfolds(cell, "exponential_midpoint", 128)(features, dt)[1]
    paper, midpoint = (float((one(features, dt)[1] - exact).square().mean()) for one in (cell, with_unfolds(cell, "exponential_midpoint", 2)))
    assert 3 * midpoint**0.5 < paper**0.5


@settings(max_examples=15, deadline=None, derandomize=True)
@given(seed=st.integers(0, 99), solver=st.sampled_from(SOLVERS), unfolds=st.integers(1, 6), dt_s=st.sampled_from([0.0, 0.01, 0.3, 10.0, 1e4]))
def test_states_stay_within_leak_and_reversal_potentials(seed: int, solver: str, unfolds: int, dt_s: float) -> None:
    cell = make(solver, unfolds, seed)
    potentials = torch.cat([cell.value(name).detach() for name in ("vleak", "erev", "sensory_erev")])
    low, high = float(potentials.min()), float(potentials.max())
    states = cell.states(5 * features_of(4, 12).float(), torch.full((4, 12), dt_s))
    assert low - 1e-5 <= float(states.min().detach())
    assert float(states.max().detach()) <= high + 1e-5


@pytest.mark.parametrize("solver", SOLVERS)
def test_two_half_steps_are_one_step_with_twice_the_sub_steps(solver: str) -> None:
    cell = make(solver, 3).double()
    features, dt = features_of(5, 1), torch.full((5, 1), 0.2, dtype=torch.float64)
    halves = cell(features.expand(5, 2, 4), dt.expand(5, 2) / 2)[1]
    assert torch.allclose(halves, with_unfolds(cell, solver, 6)(features, dt)[1], atol=1e-13)


@pytest.mark.parametrize("solver", SOLVERS)
def test_how_a_time_is_cut_into_steps_hardly_matters(solver: str) -> None:
    cell = make(solver, 6).double()
    features = features_of(5, 1)
    once = cell(features, torch.full((5, 1), 0.1, dtype=torch.float64))[1]
    cut = torch.tensor([0.01, 0.0, 0.05, 0.04], dtype=torch.float64).expand(5, 4)
    assert torch.allclose(cell(features.expand(5, 4, 4), cut)[1], once, atol=0.02)


@pytest.mark.parametrize("solver", SOLVERS)
def test_after_a_long_time_neurons_rest_where_their_currents_cancel(solver: str) -> None:
    cell = make(solver, 6).double()
    features, long = features_of(3, 400)[:, :1].expand(3, 400, 4), torch.ones(3, 400, dtype=torch.float64)
    _, rest = cell(features, long)
    _, later = cell(features[:, :1], long[:, :1], rest)
    assert torch.allclose(rest, later, atol=1e-9)


@pytest.mark.parametrize("batch", [4, 19])
def test_a_batch_of_time_steps_is_right_where_ncps_is_wrong(batch: int) -> None:
    """With batch == units ncps broadcasts time steps against neurons without a word; with another batch it fails."""
    torch.manual_seed(0)
    theirs = ncps.torch.LTC(4, ncps.wirings.AutoNCP(19, 1))
    features = torch.randn(batch, 1, 4)
    dt = torch.rand(batch, 1) + 0.1
    alone = torch.cat([theirs(features[i : i + 1], timespans=dt[i : i + 1])[0] for i in range(batch)])
    if batch == 19:
        assert float((theirs(features, timespans=dt)[0] - alone).abs().max().detach()) > 1e-3
    else:
        with pytest.raises(RuntimeError, match="must match the size"):
            theirs(features, timespans=dt)
    ours = make("semi_implicit", 6)
    load_ncps(ours, theirs.state_dict())
    assert torch.allclose(ours(features, dt)[0], alone, atol=1e-5)


def trained(cell: torch.nn.Module, steps: int = 160) -> float:
    """The largest loss, or NaN as soon as one appears, of training at a learning rate of 0.1 to follow a sine of the features."""
    random = torch.Generator().manual_seed(6)
    optimiser = torch.optim.Adam(cell.parameters(), lr=0.1)
    for _ in range(steps):
        features = torch.randn(16, 8, 4, generator=random)
        wanted = torch.sin(3 * features.sum(-1, keepdim=True).cumsum(1))
        motor = cell(features)[0] if isinstance(cell, ncps.torch.LTC) else cell(features, torch.ones(16, 8))[0]
        loss = (motor - wanted).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if not math.isfinite(float(loss.detach())):
            return math.nan
    return float(loss.detach())


def test_training_at_a_high_rate_stays_finite_where_ncps_without_constraints_becomes_nan() -> None:
    torch.manual_seed(0)
    theirs = ncps.torch.LTC(4, ncps.wirings.AutoNCP(19, 1), implicit_param_constraints=False)
    assert math.isnan(trained(theirs))
    assert math.isfinite(trained(make("semi_implicit", 6, seed=0)))


def test_a_time_step_of_0_is_nan_in_ncps_and_rest_here() -> None:
    ours = make("semi_implicit", 6)
    theirs = ncps.torch.LTC(4, ncps.wirings.AutoNCP(19, 1))
    features = torch.randn(1, 1, 4)
    assert bool(theirs(features, timespans=torch.zeros(1, 1))[0].isnan().all())
    assert torch.equal(ours(features, torch.zeros(1, 1))[1], torch.zeros(1, 19))
