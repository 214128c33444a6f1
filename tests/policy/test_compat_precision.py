"""The front for users of ncps in mixed and other precisions, and on wirings that ncps has built, beside ncps itself."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import ncps.torch
import ncps.wirings
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from policy import compat
from policy.wirings import ncp

LAYERS: dict[str, Callable[[Any], nn.Module]] = {
    "ltc": lambda package: package.LTC(8, ncps.wirings.AutoNCP(12, 2)),
    "ltc with memory": lambda package: package.LTC(8, ncps.wirings.AutoNCP(12, 2), mixed_memory=True),
    "ltc of units": lambda package: package.LTC(8, 5),
    "cfc": lambda package: package.CfC(8, 6, proj_size=3),
    "cfc pure": lambda package: package.CfC(8, 6, mode="pure"),
    "cfc wired": lambda package: package.CfC(8, ncps.wirings.AutoNCP(12, 2)),
    "cfc wired with memory": lambda package: package.CfC(8, ncps.wirings.AutoNCP(12, 2), mixed_memory=True),
}
HALVES = [torch.bfloat16, torch.float16]


def features() -> Tensor:
    return torch.randn(3, 5, 8, generator=torch.Generator().manual_seed(1))


def pair(layer: str) -> tuple[nn.Module, nn.Module]:
    """Return our layer and that of ncps with the same weights."""
    torch.manual_seed(2)
    ours, theirs = LAYERS[layer](compat), LAYERS[layer](ncps.torch)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


@pytest.mark.parametrize("half", HALVES, ids=str)
@pytest.mark.parametrize("layer", LAYERS)
def test_under_autocast_a_layer_computes_in_float32_and_agrees_with_ncps(layer: str, half: torch.dtype) -> None:
    ours, theirs = pair(layer)
    for given in (features(), features().to(half)):
        with torch.autocast("cpu", half):
            (output, state), expected = ours(given), theirs(given)[0]
            again = ours(given, state)[0]
        states = (state,) if isinstance(state, Tensor) else state
        assert {one.dtype for one in (output, again, *states)} == {torch.float32}
        assert torch.allclose(output, expected.float(), atol=0.02)
        assert torch.allclose(output, ours(given)[0], atol=1e-6)


@pytest.mark.parametrize("layer", LAYERS)
def test_gradients_under_autocast_are_those_without_and_a_scaler_can_step(layer: str) -> None:
    ours, _ = pair(layer)
    alone = copy.deepcopy(ours)
    alone(features())[0].square().sum().backward()
    optimiser, scaler = torch.optim.SGD(ours.parameters(), 1e-3), torch.amp.GradScaler("cpu", init_scale=8.0)
    with torch.autocast("cpu", torch.float16):
        loss = ours(features())[0].square().sum()
    scaler.scale(loss).backward()
    scaler.unscale_(optimiser)
    for (name, own), other in zip(ours.named_parameters(), alone.parameters(), strict=True):
        if other.grad is not None:
            assert torch.allclose(own.grad, other.grad, atol=1e-4), name
    before = copy.deepcopy(ours.state_dict())
    scaler.step(optimiser)
    assert any(not torch.equal(before[name], value) for name, value in ours.state_dict().items())


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-5), (torch.bfloat16, 0.05), (torch.float16, 0.01)], ids=str)
@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_in_another_precision_takes_inputs_of_any(layer: str, dtype: torch.dtype, tolerance: float) -> None:
    ours, _ = pair(layer)
    expected = ours(features())[0]
    ours = ours.to(dtype)
    for given in (features().to(dtype), features(), features().double()):
        output, state = ours(given)
        assert output.dtype == dtype
        assert torch.allclose(output.float(), expected, atol=tolerance)
        ours(given, state)[0].sum().backward()


def test_single_cells_step_under_autocast() -> None:
    x, state = features()[:, 0], torch.rand(3, 12)
    cells = [compat.LTCCell(ncps.wirings.AutoNCP(12, 2), 8), compat.WiredCfCCell(8, ncps.wirings.AutoNCP(12, 2)), compat.CfCCell(8, 12)]
    for cell in cells:
        with torch.autocast("cpu", torch.bfloat16):
            got = cell(x.bfloat16(), state, 0.7)
        for one, expected in zip(got, cell(x.bfloat16().float(), state, 0.7), strict=True):
            assert torch.equal(one, expected)


class Chain(ncps.wirings.Wiring):
    """A user's wiring of four layers, one neuron each but the second, whose last neurons are not the first ones."""

    def __init__(self) -> None:
        super().__init__(5)
        self.set_output_dim(1)
        for source, target, polarity in ((4, 2, 1), (4, 3, -1), (2, 1, 1), (3, 1, 1), (1, 0, -1)):
            self.add_synapse(source, target, polarity)

    @property
    def num_layers(self) -> int:
        return 4

    def get_neurons_of_layer(self, layer_id: int) -> list[int]:
        return [[4], [2, 3], [1], [0]][layer_id]

    def get_type_of_neuron(self, neuron_id: int) -> str:
        return "motor" if neuron_id == 0 else "interneuron"

    def build(self, input_dim: int) -> None:
        super().build(input_dim)
        for feature in range(input_dim):
            self.add_sensory_synapse(feature, 4, 1 if feature % 2 else -1)


BUILT: dict[str, Callable[[], Any]] = {
    "auto": lambda: ncps.wirings.AutoNCP(19, 1),
    "ncp": lambda: ncps.wirings.NCP(10, 8, 4, 6, 6, 4, 6),
    "full": lambda: ncps.wirings.FullyConnected(8, 4, self_connections=False),
    "random": lambda: ncps.wirings.Random(9, 2, 0.5),
    "a user's": Chain,
}


@pytest.mark.parametrize("wiring", BUILT)
def test_a_wiring_that_ncps_has_built_is_taken_as_it_is(wiring: str) -> None:
    for layer in ("LTC", "CfC"):
        built = BUILT[wiring]()
        theirs = getattr(ncps.torch, layer)(8, built)
        built.adjacency_matrix[:, 0] = -np.abs(built.adjacency_matrix[:, 0])  # as after pruning or editing
        theirs_edited = getattr(ncps.torch, layer)(8, _keep(built))
        matrices = built.adjacency_matrix.copy(), built.sensory_adjacency_matrix.copy()
        ours = getattr(compat, layer)(8, built)
        assert all(np.array_equal(*one) for one in zip(matrices, (built.adjacency_matrix, built.sensory_adjacency_matrix), strict=True))
        own = ours.rnn_cell.wiring
        assert np.array_equal(own.adjacency(), matrices[0])
        assert np.array_equal(own.adjacency(sensory=True), matrices[1])
        ours.load_state_dict(theirs_edited.state_dict())
        assert torch.allclose(ours(features())[0], theirs_edited(features())[0], atol=1e-5)
        assert theirs.state_size == ours.state_size


def _keep(built: Any) -> Any:
    """Return the wiring with a `build` that draws nothing, so that ncps takes it as it is, too."""
    kept = copy.deepcopy(built)
    kept.build = lambda inputs: None
    return kept


def test_a_built_wiring_has_the_synapses_that_its_owner_sees() -> None:
    built = ncps.wirings.AutoNCP(19, 1)
    built.build(4)
    assert compat.LTC(4, built).synapse_count == built.synapse_count
    assert compat.LTC(4, built).sensory_synapse_count == built.sensory_synapse_count
    with pytest.raises(ValueError, match="built for 4 features, input_size is 5"):
        compat.LTC(5, built)
    open_ended = ncps.wirings.Wiring(3)
    with pytest.raises(ValueError, match="set_output_dim"):
        compat.LTC(4, open_ended)
    with pytest.raises(ValueError, match="input_size is 9"):
        compat.CfC(9, ncp(8))
