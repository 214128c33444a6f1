"""The kernels under what torch offers around a module."""

from __future__ import annotations

import copy
import io
from pathlib import Path

import pytest
import torch
from torch import Tensor

from policy.cell import Cell
from tests.policy.cells import build, sequence


@pytest.fixture(params=["ltc", "ltc midpoint", "hybrid", "cfc wired"])
def cell(request: pytest.FixtureRequest) -> Cell:
    return build(request.param)


def gradients(cell: Cell, motor: Tensor, last: Tensor) -> dict[str, Tensor]:
    """The gradients of a loss over outputs and state, by parameter."""
    names, values = zip(*((name, value) for name, value in cell.named_parameters() if value.requires_grad), strict=True)
    loss = motor.square().sum() + last.sin().sum()
    return dict(zip(names, torch.autograd.grad(loss, values, materialize_grads=True), strict=True))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("case", ["ltc", "hybrid"])
def test_torch_compile_keeps_a_cell_in_one_graph(case: str) -> None:
    torch.compiler.reset()
    cell = build(case)
    compiled = torch.compile(cell, fullgraph=True, backend="aot_eager", dynamic=True)
    for batch, time in ((3, 4), (5, 6)):
        features, dt = sequence(batch, time)
        expected, found = cell(features, dt), compiled(features, dt)
        assert torch.allclose(found[0], expected[0], atol=1e-6)
        mine, theirs = gradients(cell, *found), gradients(cell, *expected)
        assert all(torch.allclose(mine[name], theirs[name], atol=1e-4, rtol=1e-4) for name in mine)


def test_torch_func_grad_and_vmap_give_a_gradient_a_sample(cell: Cell) -> None:
    parameters = {name: value.detach() for name, value in cell.named_parameters()}
    features, dt = sequence(3, 2)

    def loss(parameters: dict[str, Tensor], features: Tensor, dt: Tensor) -> Tensor:
        motor, last = torch.func.functional_call(cell, parameters, (features[None], dt[None]))
        return motor.square().sum() + last.sin().sum()

    each = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0))(parameters, features, dt)
    together = gradients(cell, *cell(features, dt))
    assert all(torch.allclose(each[name].sum(0), together[name], atol=1e-4, rtol=1e-4) for name in together)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_distributed_data_parallel_trains_a_cell(cell: Cell, tmp_path: Path) -> None:
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path / 'meet'}", rank=0, world_size=1)
    try:
        parallel = torch.nn.parallel.DistributedDataParallel(cell)
        motor, _ = parallel(*sequence(4, 3))
        motor.sum().backward()
    finally:
        torch.distributed.destroy_process_group()
    alone = copy.deepcopy(cell)
    alone.zero_grad()
    alone(*sequence(4, 3))[0].sum().backward()
    for one, other in zip(cell.parameters(), alone.parameters(), strict=True):
        assert (one.grad is None) == (other.grad is None)
        assert one.grad is None or torch.equal(one.grad, other.grad)


def test_a_cell_can_be_pickled_and_copied(cell: Cell) -> None:
    buffer = io.BytesIO()
    torch.save(cell, buffer)
    buffer.seek(0)
    for other in (copy.deepcopy(cell), torch.load(buffer, weights_only=False)):
        assert torch.equal(other(*sequence(2, 3))[0], cell(*sequence(2, 3))[0])


def test_a_second_derivative_is_refused_by_the_kernel_and_given_by_the_reference() -> None:
    cell = build("ltc")
    features, dt = sequence(2, 2)
    features.requires_grad_()
    with pytest.raises(RuntimeError, match="can be differentiated once: for create_graph=True set the cell's kernel to 'reference'"):
        torch.autograd.grad(cell(features, dt)[0].sum(), features, create_graph=True)
    cell.config.kernel = "reference"
    (first,) = torch.autograd.grad(cell(features, dt)[0].sum(), features, create_graph=True)
    assert torch.autograd.grad(first.sum(), features)[0].shape == features.shape


def test_one_step_is_exported_in_torch_operations_only() -> None:
    cell = build("ltc").eval()
    features, dt = sequence(1, 1)
    exported = torch.export.export(cell, (features, dt, cell.initial_state(1)))
    assert not any("liquidlane" in str(node.target) for node in exported.graph.nodes)
    found = exported.module()(features, dt, cell.initial_state(1))[0]
    assert torch.allclose(found, cell(features, dt)[0], atol=1e-6)


@pytest.mark.parametrize("kernel", ["auto", "cpu"])
def test_a_cell_that_was_exported_is_still_itself(kernel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIQUIDLANE_KERNEL", kernel)
    cell = build("ltc").eval()
    features, dt = sequence(1, 1)
    for _ in range(2):
        torch.export.export(cell, (features, dt, cell.initial_state(1)), strict=False)
    monkeypatch.setenv("LIQUIDLANE_KERNEL", "reference")
    found = cell(features, dt)[0]
    assert type(found) is Tensor
    assert torch.allclose(found, build("ltc").eval()(features, dt)[0])
