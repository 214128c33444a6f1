from __future__ import annotations

import ncps.torch
import ncps.wirings
import numpy as np
import pytest
import torch

from policy.cells.ltc import Ltc, LtcConfig
from policy.ncps.state import load_ncps, to_ncps

NETS = {
    "paper": ({"kind": "ncp"}, lambda: ncps.wirings.NCP(12, 6, 1, 6, 4, 4, 6), 1),
    "auto 64": ({"kind": "auto_ncp", "units": 64, "motor": 3}, lambda: ncps.wirings.AutoNCP(64, 3), 3),
    "full": ({"kind": "fully_connected", "units": 9, "motor": 2}, lambda: ncps.wirings.FullyConnected(9, 2), 2),
    "random": ({"kind": "random", "units": 14, "motor": 2}, lambda: ncps.wirings.Random(14, 2, 0.5), 2),
}


def pair(net: str, implicit: bool = True, inputs: int = 32, kernel: str = "auto") -> tuple[Ltc, ncps.torch.LTC]:
    """Our LTC with the weights of an ncps LTC."""
    options, wiring, motors = NETS[net]
    torch.manual_seed(len(net))
    theirs = ncps.torch.LTC(inputs, wiring(), implicit_param_constraints=implicit)
    ours = Ltc(inputs, motors, LtcConfig(wiring=options, positivity="softplus" if implicit else "as_is", kernel=kernel))
    load_ncps(ours, theirs.state_dict())
    return ours, theirs


@pytest.mark.parametrize("implicit", [True, False])
@pytest.mark.parametrize("net", NETS)
def test_outputs_and_gradients_agree_with_ncps(net: str, implicit: bool) -> None:
    ours, theirs = pair(net, implicit)
    features = torch.randn(3, 5, 32, generator=torch.Generator().manual_seed(1))
    state = 0.1 * torch.randn(3, ours.state_size, generator=torch.Generator().manual_seed(2))
    inputs = [(features.clone().requires_grad_(), state.clone().requires_grad_()) for _ in range(2)]
    motor, last = ours(inputs[0][0], torch.ones(3, 5), inputs[0][1])
    motor_ncps, last_ncps = theirs(inputs[1][0], inputs[1][1])
    assert torch.allclose(motor, motor_ncps, atol=1e-5, rtol=0)
    assert torch.allclose(last, last_ncps, atol=1e-5, rtol=0)
    for one, other in ((motor, last), (motor_ncps, last_ncps)):
        (one.square().sum() + other.sin().sum()).backward()
    for mine, other in zip(inputs[0], inputs[1], strict=True):
        assert close(mine.grad, other.grad)
    gradients = {name: parameter.grad for name, parameter in theirs.rnn_cell.named_parameters()}
    for name, parameter in ours.named_parameters():
        expected = gradients[name]
        if name.removeprefix("sensory_") in ("w", "mu", "sigma", "erev"):
            source, target, _ = ours.wiring.index_arrays(name.startswith("sensory"))
            expected = expected[source, target]
        assert close(parameter.grad, expected), name


def close(got: torch.Tensor, expected: torch.Tensor) -> bool:
    return bool((got - expected).abs().max() <= 1e-5 * max(1.0, float(expected.abs().max())))


@pytest.mark.parametrize("net", NETS)
def test_a_state_dict_goes_to_ncps_and_back_bit_for_bit(net: str) -> None:
    ours, theirs = pair(net)
    theirs.load_state_dict(to_ncps(ours))
    again = Ltc(ours.inputs, ours.motors, ours.config)
    load_ncps(again, theirs.state_dict())
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), again.parameters(), strict=True))


def test_an_ltc_cell_state_dict_without_prefix_loads_too() -> None:
    ours, theirs = pair("paper")
    again = Ltc(32, 1, LtcConfig())
    load_ncps(again, theirs.rnn_cell.state_dict())
    assert torch.equal(again.get_parameter("w"), ours.get_parameter("w"))


def test_weights_of_another_wiring_are_refused() -> None:
    _, theirs = pair("auto 64")
    with pytest.raises(ValueError, match="wiring has"):
        load_ncps(Ltc(32, 1, LtcConfig()), theirs.state_dict())


def test_weights_with_other_mappings_are_refused() -> None:
    theirs = ncps.torch.LTC(32, ncps.wirings.NCP(12, 6, 1, 6, 4, 4, 6), output_mapping="linear")
    with pytest.raises(ValueError, match="use the same mappings"):
        load_ncps(Ltc(32, 1, LtcConfig()), theirs.state_dict())


def test_the_synapses_are_counted_where_ncps_counts_the_wrong_matrix() -> None:
    ours, theirs = pair("paper")
    assert len(ours.edges()) == 250
    assert int(np.abs(theirs.rnn_cell._wiring.sensory_adjacency_matrix).sum()) == len(ours.wiring.sensory) == 192
