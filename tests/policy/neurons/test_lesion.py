"""Lesions of neurons and synapses, for every cell that can be cut."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from perception.errors import ConfigError
from policy.cells.ltc import Ltc
from policy.lesion import lesion_policy, list_synapse_classes
from policy.network import DrivingPolicy
from tests.policy.cells import CASES, build, build_policy, sequence

UNCUT = {"transformer"}
WIRED = ("cfc wired", "cfc wired pure")


def make_policy(case: str) -> DrivingPolicy:
    return build_policy(case)


@pytest.mark.parametrize("case", [name for name in CASES if name not in UNCUT])
def test_nothing_depends_on_a_neuron_that_is_taken_out(case: str) -> None:
    policy = make_policy(case)
    number = next(i for i, role in enumerate(policy.cell.neuron_roles) if role != "motor")
    name = policy.cell.neuron_names[number]
    lesioned = lesion_policy(policy, [name]).cell
    features, dt = torch.randn(2, 9, lesioned.inputs, generator=torch.Generator().manual_seed(0)), torch.full((2, 9), 0.1)
    states = lesioned.initial_state(2)
    disturbed = states.clone()
    if lesioned.state_size:  # the neuron's own part of the state, in cells whose state begins with the neurons
        size = 5 * 4 if case == "ct_gru" else 0
        disturbed[:, number * (size // 5 or 1)] += 1.0
    whole, other = (lesioned.trace(features, dt, one) for one in (states, disturbed))
    rest = [i for i in range(lesioned.neurons) if i != number]
    np.testing.assert_allclose(other.motor_BTM.detach(), whole.motor_BTM.detach(), atol=1e-6)
    np.testing.assert_allclose(other.neuron_BTH[..., rest].detach(), whole.neuron_BTH[..., rest].detach(), atol=1e-6)
    assert not torch.equal(whole.motor_BTM, policy.cell.trace(features, dt).motor_BTM) or case in (*WIRED, "ltc full")


def test_a_lesion_leaves_the_policy_itself_as_it_is_and_all_kernels_agree_about_it(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = make_policy("ltc")
    before = {name: value.clone() for name, value in policy.state_dict().items()}
    lesioned = lesion_policy(policy, ["inter 1", "command -> motor"])
    assert all(torch.equal(value, before[name]) for name, value in policy.state_dict().items())
    features, dt = torch.randn(2, 7, lesioned.cell.inputs, generator=torch.Generator().manual_seed(1)), sequence(2, 7)[1]
    results = []
    for kernel in ("reference", "auto"):
        monkeypatch.setenv("LIQUIDLANE_KERNEL", kernel)
        results.append(lesioned.cell.trace(features, dt).neuron_BTH.detach().numpy())
    np.testing.assert_allclose(*results, atol=1e-6)
    assert np.isfinite(results[0]).all()


def test_an_ltc_neuron_without_its_synapses_is_the_equation_without_their_terms() -> None:
    cell = build("ltc")
    assert isinstance(cell, Ltc)
    policy = make_policy("ltc")
    policy.cell = cell
    cut = lesion_policy(policy, ["inter 0", "sensory -> command"]).cell
    assert isinstance(cut, Ltc)
    inner = [(one.source, w) for one, w in zip(cut.wiring.synapses, cut.value("w").tolist(), strict=True)]
    taken = cut.wiring.names.index("inter 0")
    assert all((w == 0.0) == (source == taken) for source, w in inner)
    assert torch.equal(cut.value("sensory_w"), cell.value("sensory_w"))  # features reach inter neurons only


def test_without_its_motor_neuron_a_policy_steers_a_constant() -> None:
    policy = make_policy("ltc")
    features, dt = torch.randn(1, 6, policy.cell.inputs), torch.full((1, 6), 0.1)
    motor, _ = lesion_policy(policy, ["motor 0"]).cell(features, dt)
    assert torch.equal(motor, policy.cell.output_b.detach().expand(1, 6, 1))


def test_classes_of_synapses_are_named_by_the_roles_of_their_ends() -> None:
    assert list_synapse_classes(build("ltc")) == ["sensory -> inter", "command -> motor", "inter -> command", "command -> command"]
    assert list_synapse_classes(build("gru")) == ["sensory -> hidden", "hidden -> hidden"]
    policy = make_policy("gru")
    features, dt = torch.randn(1, 5, policy.cell.inputs), torch.full((1, 5), 0.1)
    blind = lesion_policy(policy, ["sensory -> hidden"]).cell
    assert torch.equal(blind(features, dt)[0], blind(-features, dt)[0])


def test_what_a_policy_does_not_have_and_what_cannot_be_cut_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"the lesion 'inter 77' names 'inter 77', which this policy does not have, did you mean 'inter"):
        lesion_policy(make_policy("ltc"), ["inter 77"])
    with pytest.raises(ConfigError, match=r"names 'moter', which this policy does not have, did you mean 'motor'"):
        lesion_policy(make_policy("ltc"), ["command -> moter"])
    with pytest.raises(ConfigError, match=r"a Transformer has no connections between single neurons"):
        lesion_policy(make_policy("transformer"), ["hidden 0"])
