from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from policy.cells import CELLS, make_cell
from tests.policy.cells import AWARE_OF_TIME, CASES, INPUTS, MOTORS, SOLVED, build, sequence

every_cell = pytest.mark.parametrize("case", CASES)


def test_every_registered_cell_is_tested() -> None:
    assert {name for name, _ in CASES.values()} == set(CELLS)


@every_cell
@settings(max_examples=8, deadline=None, derandomize=True)
@given(batch=st.integers(1, 9), time=st.integers(0, 7))
def test_shapes_fit_for_any_batch_and_length(case: str, batch: int, time: int) -> None:
    cell = build(case)
    motor, last = cell(*sequence(batch, time))
    trace = cell.trace(*sequence(batch, time))
    assert motor.shape == trace.motor_BTM.shape == (batch, time, MOTORS)
    assert last.shape == trace.state_BS.shape == (batch, cell.state_size)
    assert trace.neuron_BTH.shape == (batch, time, cell.neurons)
    assert torch.allclose(motor, trace.motor_BTM, atol=1e-6)
    assert torch.equal(last, trace.state_BS)


@every_cell
def test_step_by_step_equals_the_whole_sequence(case: str) -> None:
    cell = build(case).double()
    features, dt = sequence(3, 7, dtype=torch.float64)
    whole, last = cell(features, dt)
    state, motors = None, []
    for t in range(7):
        motor, state = cell(features[:, t : t + 1], dt[:, t : t + 1], state)
        motors.append(motor)
    assert torch.allclose(torch.cat(motors, dim=1), whole, atol=1e-12)
    assert torch.allclose(state, last, atol=1e-12)


@every_cell
def test_a_sequence_of_length_0_keeps_the_state(case: str) -> None:
    cell = build(case)
    _, state = cell(*sequence(2, 3))
    motor, again = cell(*sequence(2, 0), state)
    assert motor.shape == (2, 0, MOTORS)
    assert torch.equal(state, again)


@every_cell
@pytest.mark.parametrize("batch", [3, 8, 12])
def test_time_steps_of_a_batch_act_on_their_own_samples(case: str, batch: int) -> None:
    cell = build(case).double()
    features, dt = sequence(batch, 4, dtype=torch.float64)
    together, _ = cell(features, dt)
    alone = [cell(features[i : i + 1], dt[i : i + 1])[0] for i in range(batch)]
    assert torch.allclose(together, torch.cat(alone), atol=1e-12)


@pytest.mark.parametrize("case", AWARE_OF_TIME)
def test_time_steps_matter_to_cells_that_know_them(case: str) -> None:
    cell = build(case)
    features, dt = sequence(2, 8)
    assert cell.uses_dt
    assert float((cell(features, dt)[0] - cell(features, dt + 0.5)[0]).abs().max().detach()) > 1e-4


@pytest.mark.parametrize("case", [case for case in CASES if case not in AWARE_OF_TIME])
def test_time_steps_do_not_matter_to_the_others(case: str) -> None:
    cell = build(case)
    features, dt = sequence(2, 4)
    assert not cell.uses_dt
    assert torch.equal(cell(features, dt)[0], cell(features, dt + 1)[0])


@pytest.mark.parametrize("case", SOLVED)
def test_a_time_step_of_0_keeps_the_state(case: str) -> None:
    cell = build(case)
    _, state = cell(*sequence(3, 9))
    features, dt = sequence(3, 2, seed=1)
    _, after = cell(features, 0 * dt, state)
    assert torch.equal(state, after)


@pytest.mark.parametrize("case", [case for case in CASES if case != "spiking"])
def test_gradients_are_those_of_the_function(case: str) -> None:
    cell = build(case).double().eval()
    features, dt = sequence(2, 3, dtype=torch.float64)
    state = 0.2 * torch.rand(2, cell.state_size, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    if CASES[case][0] in ("transformer", "hybrid"):
        state = cell(*sequence(2, 3, seed=5, dtype=torch.float64))[1].detach()
    names, values = zip(*((name, value) for name, value in cell.named_parameters() if value.requires_grad), strict=True)

    def run(features: torch.Tensor, dt: torch.Tensor, state: torch.Tensor, *parameters: torch.Tensor) -> tuple[torch.Tensor, ...]:
        result: tuple[torch.Tensor, ...] = torch.func.functional_call(cell, dict(zip(names, parameters, strict=True)), (features, dt, state))
        return result

    changing = [features, dt + 0.05, *values] if cell.uses_dt else [features, *values]
    inputs = [one.detach().clone().requires_grad_() for one in changing]
    fixed = () if cell.uses_dt else (dt,)
    assert torch.autograd.gradcheck(lambda x, *rest: run(x, *((fixed + rest)[:1]), state, *(fixed + rest)[1:]), inputs, fast_mode=True)


@every_cell
def test_all_parameters_learn(case: str) -> None:
    cell = build(case)
    motor, _ = cell(*sequence(16, 12))
    motor.square().sum().backward()
    for name, value in cell.named_parameters():
        if value.requires_grad and "time_b" not in name:
            assert value.grad is not None
            assert float(value.grad.abs().max()) > 0, name


@every_cell
def test_a_few_steps_of_training_fit_better(case: str) -> None:
    cell = build(case)
    features, dt = sequence(16, 6)
    dt = dt + 0.5
    wanted = features[..., :MOTORS].tanh()
    optimiser = torch.optim.Adam(cell.parameters(), lr=0.03)
    losses = []
    for _ in range(30):
        loss = (cell(features, dt)[0] - wanted).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.9 * losses[0]


@every_cell
def test_the_portable_options_rebuild_the_cell(case: str) -> None:
    cell = build(case).eval()
    again = make_cell(CASES[case][0], INPUTS, MOTORS, json.loads(json.dumps(cell.portable_options()))).eval()
    again.load_state_dict(cell.state_dict())
    assert torch.equal(again(*sequence(2, 5))[0], cell(*sequence(2, 5))[0])
    assert (again.neuron_names, again.neuron_roles, again.edges()) == (cell.neuron_names, cell.neuron_roles, cell.edges())


@every_cell
def test_neurons_have_names_and_roles_and_edges_lead_to_them(case: str) -> None:
    cell = build(case)
    assert len(set(cell.neuron_names)) == len(cell.neuron_names) == len(cell.neuron_roles)
    assert set(cell.neuron_roles) <= {"motor", "command", "inter", "hidden"}
    sources = set(cell.neuron_names) | {f"sensory {i}" for i in range(INPUTS)}
    assert all(source in sources and target in cell.neuron_names for source, target, _ in cell.edges())


@every_cell
def test_a_stepper_drives_one_car_as_the_cell_would(case: str) -> None:
    cell = build(case).eval()
    features, dt = sequence(1, 9)
    expected, last = cell(features, dt)
    stepper = cell.stepper()
    motors = [np.array(stepper(features[0, t].numpy(), float(dt[0, t]))) for t in range(9)]
    assert np.allclose(np.stack(motors), expected[0].detach().numpy(), atol=1e-5)
    assert np.allclose(stepper.state, last[0].detach().numpy(), atol=1e-5)


@every_cell
def test_under_autocast_cells_compute_in_full_precision(case: str) -> None:
    cell = build(case).eval()
    features, dt = sequence(2, 3)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        motor, _ = cell(features, dt)
    assert torch.equal(motor, cell(features, dt)[0])


@every_cell
def test_functional_call_uses_the_parameters_it_is_given(case: str) -> None:
    cell, other = build(case, seed=3).eval(), build(case, seed=4).eval()
    found, _ = torch.func.functional_call(cell, dict(other.named_parameters()), sequence(2, 3))
    assert torch.equal(found, other(*sequence(2, 3))[0])


@every_cell
def test_shapes_that_do_not_fit_are_refused(case: str) -> None:
    cell = build(case)
    features, dt = sequence(2, 3)
    with pytest.raises(ValueError, match=r"features have shape \(2, 3, 5\), expected \(batch, time, 6\)"):
        cell(features[..., :5], dt)
    with pytest.raises(ValueError, match=r"dt has shape \(3,\)"):
        cell(features, dt[0])
    with pytest.raises(ValueError, match="pass this cell's own state"):
        cell(features, dt, torch.zeros(2, cell.state_size + 1))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("lmst", {}, "did you mean 'lstm'"),
        ("lstm", {"unit": 3}, "did you mean 'units'"),
        ("lstm", {"sparsity": 1.0}, "sparsity is 1.0"),
        ("gru", {"units": 0}, "units is 0"),
        ("cfc", {"mode": "pur"}, "there is no mode 'pur', did you mean 'pure'"),
        ("cfc", {"activation": "lecun"}, "did you mean 'lecun_tanh'"),
        ("cfc", {"wiring": {"kind": "ncp"}}, "the wiring has 1 motor neurons, the policy needs 2"),
        ("ct_rnn", {"tau_s": 0.0}, "time above 0 s"),
        ("ct_gru", {"scales": 0}, "1 scale or more"),
        ("transformer", {"heads": 3}, "must be a multiple of heads 3"),
        ("hybrid", {"window": 0}, "window is 0"),
        ("hybrid", {"ltc": {"unfold": 3}}, "did you mean 'unfolds'"),
        ("spiking", {"trace_s": 0.0}, "above 0 s"),
    ],
)
def test_wrong_options_are_refused(name: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_cell(name, INPUTS, MOTORS, options)


@pytest.mark.parametrize("case", ["ct_rnn sparse", "lstm sparse"])
def test_a_sparse_cell_keeps_its_share_of_connections(case: str) -> None:
    assert len(build(case).edges()) == 8 * (INPUTS + 8) - round(0.7 * 8 * (INPUTS + 8))
