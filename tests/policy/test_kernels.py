from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from policy.cells.ltc import Ltc, LtcConfig
from policy.kernels import dispatch, reference
from policy.kernels.cpu import native
from policy.kernels.plan import SOLVERS, LtcParameters

pytestmark = pytest.mark.skipif(native.unavailable() is not None, reason=str(native.unavailable()))

WIRINGS = {
    "paper": {"kind": "ncp"},
    "auto": {"kind": "auto_ncp", "units": 64, "motor": 3},
    "full": {"kind": "fully_connected", "units": 11, "motor": 11},
    "sparse": {"kind": "random", "units": 23, "motor": 2, "sparsity": 0.95},
    "lone": {"kind": "fully_connected", "units": 1, "self_connections": False},
}
INPUTS = 7


@pytest.fixture(params=[4, 8, 16])
def lanes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Each lane width that this machine has."""
    native.widest_lanes.cache_clear()
    monkeypatch.setenv(native.LANES, str(request.param))
    if native.widest_lanes() != request.param:
        pytest.skip(f"this CPU has no {request.param} lanes")
    yield request.param
    native.widest_lanes.cache_clear()


def make(wiring: dict[str, object], solver: str = "semi_implicit", unfolds: int = 6, positivity: str = "softplus") -> Ltc:
    torch.manual_seed(5)
    motors = int(str(wiring.get("motor", 1)))
    return Ltc(INPUTS, motors, LtcConfig(wiring=dict(wiring), solver=solver, unfolds=unfolds, positivity=positivity))


def inputs(cell: Ltc, batch: int, time: int, pattern: str, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    random = torch.Generator().manual_seed(seed)
    dt = {
        "constant": lambda: torch.full((batch, time), 0.05),
        "one a sample": lambda: torch.rand(batch, 1, generator=random).expand(batch, time),
        "one a step": lambda: torch.rand(batch, time, generator=random),
        "with zeros": lambda: torch.rand(batch, time, generator=random) * (torch.rand(batch, time, generator=random) > 0.5),
        "long": lambda: 10.0 * torch.rand(batch, time, generator=random),
    }[pattern]()
    return torch.randn(batch, time, INPUTS, generator=random), dt, 0.3 * torch.randn(batch, cell.state_size, generator=random)


def results(cell: Ltc, given_inputs: tuple[Tensor, ...], kernel: str, dtype: torch.dtype) -> tuple[list[Tensor], dict[str, Tensor]]:
    """Outputs, and gradients of a loss over all of them by name, as one kernel computes them in one precision."""
    own = [one.to(dtype).clone().requires_grad_() for one in given_inputs]
    parameters = LtcParameters(*(one.detach().to(dtype).clone().requires_grad_() for one in cell.parameters_by_name()))
    run = native.ltc_sequence if kernel == "cpu" else reference.ltc_sequence
    outputs = [one for one in run(cell.plan, parameters, *own) if one is not None]
    random = torch.Generator().manual_seed(9)
    torch.stack([(one * torch.randn(one.shape, generator=random).to(dtype)).sum() for one in outputs]).sum().backward()
    named = dict(zip(("features", "dt", "state"), own, strict=True)) | parameters._asdict()
    return [one.detach() for one in outputs], {name: one.grad for name, one in named.items() if one.grad is not None}


def assert_parity(cell: Ltc, given_inputs: tuple[Tensor, ...]) -> None:
    """The CPU kernel against the reference in double: outputs within 1e-6, gradients within 1e-5 of their largest.

    Where float32 itself cannot do that (sums that cancel), the gradients must be no worse than a few times the reference in float32.
    """
    outputs, gradients = results(cell, given_inputs, "cpu", torch.float32)
    truth, slopes = results(cell, given_inputs, "reference", torch.float64)
    single: dict[str, Tensor] = {}
    for got, expected in zip(outputs, truth, strict=True):
        assert torch.allclose(got.double(), expected, atol=1e-6, rtol=1e-6)
    for name, expected in slopes.items():
        if expected.numel() and float((gradients[name] - expected).abs().max()) > 1e-5 * float(expected.abs().max()):
            single = single or results(cell, given_inputs, "reference", torch.float32)[1]
            worst = max(float((single[name] - expected).abs().max()), 1e-6)
            assert float((gradients[name] - expected).abs().max()) <= 4 * worst, name


@pytest.mark.parametrize("registers", [1, 2])
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("wiring", WIRINGS)
def test_the_cpu_kernel_agrees_with_the_reference_at_every_width(wiring: str, solver: str, lanes: int, registers: int) -> None:
    cell = make(WIRINGS[wiring], solver)
    batch = lanes + 3 if registers == 1 else 4 * lanes + 3
    assert native.tile(batch) == (lanes, registers)
    assert_parity(cell, inputs(cell, batch, 3, "one a step"))


@pytest.mark.parametrize("pattern", ["constant", "one a sample", "one a step", "with zeros", "long"])
@pytest.mark.parametrize("solver", SOLVERS)
def test_it_agrees_for_every_pattern_of_time_steps(solver: str, pattern: str) -> None:
    cell = make(WIRINGS["paper"], solver, unfolds=3)
    assert_parity(cell, inputs(cell, 5, 9, pattern))


@pytest.mark.parametrize("size", [(257, 2), (1, 300), (17, 64)])
def test_it_agrees_for_large_batches_and_long_sequences(size: tuple[int, int]) -> None:
    cell = make(WIRINGS["paper"])
    assert_parity(cell, inputs(cell, *size, "one a step"))


def test_it_agrees_for_256_neurons_and_for_parameters_stored_as_they_are() -> None:
    cell = make({"kind": "auto_ncp", "units": 256}, positivity="as_is")
    assert_parity(cell, inputs(cell, 3, 2, "constant"))


@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    units=st.integers(1, 40),
    sparsity=st.sampled_from([0.0, 0.5, 0.9]),
    solver=st.sampled_from(SOLVERS),
    unfolds=st.integers(1, 7),
    size=st.tuples(st.integers(1, 40), st.integers(1, 12)),
    pattern=st.sampled_from(["one a step", "with zeros"]),
)
def test_it_agrees_for_any_shape(units: int, sparsity: float, solver: str, unfolds: int, size: tuple[int, int], pattern: str) -> None:
    cell = make({"kind": "random", "units": units, "motor": (units + 1) // 2, "sparsity": sparsity}, solver, unfolds)
    assert_parity(cell, inputs(cell, *size, pattern, seed=units))


def test_results_are_bit_for_bit_the_same_for_any_number_of_threads() -> None:
    cell = make(WIRINGS["paper"])
    given_inputs = inputs(cell, 100, 4, "one a step")
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 7):
            torch.set_num_threads(threads)
            found.append(results(cell, given_inputs, "cpu", torch.float32))
    finally:
        torch.set_num_threads(before)
    for outputs, gradients in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(outputs, found[0][0], strict=True))
        assert all(torch.equal(gradients[name], found[0][1][name]) for name in gradients)


def test_calls_from_several_threads_at_once_give_what_one_alone_gives() -> None:
    cell = make(WIRINGS["paper"])
    given_inputs = inputs(cell, 200, 8, "one a step")
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        alone = results(cell, given_inputs, "cpu", torch.float32)
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda _: results(cell, given_inputs, "cpu", torch.float32), range(24)))
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(a, b) for outputs, _ in found for a, b in zip(outputs, alone[0], strict=True))
    assert all(torch.equal(gradients[name], alone[1][name]) for _, gradients in found for name in alone[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_has_its_own_helper_threads() -> None:
    cell = make(WIRINGS["paper"])
    given_inputs = inputs(cell, 100, 4, "one a step")
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with torch.no_grad():
            expected = cell(*given_inputs)[0]
            child = os.fork()
            if child == 0:
                os._exit(0 if torch.equal(cell(*given_inputs)[0], expected) else 1)
    finally:
        torch.set_num_threads(before)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_two_sequences_before_one_backward_pass_keep_apart() -> None:
    cell = make(WIRINGS["paper"])
    first, second = (inputs(cell, 3, 4, "one a step", seed) for seed in (1, 2))
    alone = [torch.autograd.grad(cell(*one)[0].sum(), cell.get_parameter("w"))[0] for one in (first, second)]
    outputs = [cell(*one)[0].sum() for one in (first, second)]
    together = [torch.autograd.grad(one, cell.get_parameter("w"))[0] for one in outputs]
    assert all(torch.equal(a, b) for a, b in zip(alone, together, strict=True))


def test_a_graph_that_is_retained_can_be_gone_through_twice() -> None:
    cell = make(WIRINGS["paper"])
    loss = cell(*inputs(cell, 3, 4, "one a step"))[0].sum()
    first = torch.autograd.grad(loss, cell.get_parameter("mu"), retain_graph=True)[0]
    assert torch.equal(first, torch.autograd.grad(loss, cell.get_parameter("mu"))[0])


def test_inputs_of_any_layout_serve() -> None:
    cell = make(WIRINGS["paper"])
    features, dt, state = inputs(cell, 4, 6, "one a step")
    expected = cell(features, dt, state)[0]
    assert torch.equal(cell(features.transpose(0, 1).contiguous().transpose(0, 1), dt.t().contiguous().t(), state)[0], expected)


def test_an_empty_batch_gives_empty_outputs_and_zero_gradients() -> None:
    cell = make(WIRINGS["paper"])
    motor, last = cell(torch.zeros(0, 3, INPUTS), torch.zeros(0, 3))
    assert (motor.shape, last.shape) == ((0, 3, 1), (0, 19))
    motor.sum().backward()
    assert float(cell.get_parameter("w").grad.abs().sum()) == 0.0  # type: ignore[union-attr]


@pytest.mark.parametrize("solver", SOLVERS)
def test_single_steps_without_torch_follow_the_sequence(solver: str, lanes: int) -> None:
    cell = make(WIRINGS["auto"], solver)
    features, dt, state = inputs(cell, 1, 12, "with zeros")
    stepper = cell.stepper()
    assert isinstance(stepper, native.NativeStepper)
    stepper.state[:] = state[0]
    motors = [torch.from_numpy(stepper(features[0, t].numpy(), float(dt[0, t])).copy()) for t in range(12)]
    expected, last = cell(features, dt, state)
    assert torch.allclose(torch.stack(motors), expected[0].detach(), atol=1e-6, rtol=0)
    assert torch.allclose(torch.from_numpy(stepper.state), last[0].detach(), atol=1e-6, rtol=0)


def test_dispatch_says_which_kernel_serves_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(dispatch.VARIABLE, raising=False)
    cell = make(WIRINGS["paper"])
    assert cell.kernel() == dispatch.Choice("cpu", "float32 on the CPU, and the kernel is built")
    assert "torch.float64" in make(WIRINGS["paper"]).double().kernel().reason
    monkeypatch.setenv(dispatch.VARIABLE, "reference")
    assert cell.kernel() == dispatch.Choice("reference", "asked for")


def test_a_kernel_that_is_forced_but_cannot_serve_is_an_error_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(dispatch.VARIABLE, raising=False)
    cell = make(WIRINGS["paper"]).double()
    cell.config.kernel = "cpu"
    with pytest.raises(ValueError, match=r"'cpu' cannot serve: tensors are torch\.float64"):
        cell(*inputs(cell, 2, 2, "constant"))
    cell.config.kernel = "gpu"
    with pytest.raises(ValueError, match="there is no kernel 'gpu'"):
        cell(*inputs(cell, 2, 2, "constant"))


def test_lane_widths_that_do_not_exist_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(native.LANES, "12")
    native.widest_lanes.cache_clear()
    with pytest.raises(ValueError, match="LIQUIDLANE_LANES is '12': give 4, 8 or 16"):
        native.widest_lanes()


def test_without_the_library_plain_torch_serves_and_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(dispatch.VARIABLE, raising=False)
    monkeypatch.setattr(native, "LIBRARY", native.LIBRARY.with_name("not_built.so"))
    monkeypatch.setattr(native, "_loaded", native._load())
    choice = make(WIRINGS["paper"]).kernel()
    assert choice.kernel == "reference"
    assert "was not built: install a C++ compiler" in choice.reason
