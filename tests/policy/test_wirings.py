from __future__ import annotations

import dataclasses
import json

import ncps.wirings
import numpy as np
import pytest

from policy.wirings import WIRINGS, Synapse, Wiring, auto_ncp, fully_connected, make_wiring, ncp, random_wiring

PAIRS = {
    "paper": (ncp(32), lambda: ncps.wirings.NCP(12, 6, 1, 6, 4, 4, 6), 32),
    "many motors": (ncp(7, 9, 5, 3, 2, 1, 6, 2, seed=4), lambda: ncps.wirings.NCP(9, 5, 3, 2, 1, 6, 2, seed=4), 7),
    "auto 19": (auto_ncp(32, 19), lambda: ncps.wirings.AutoNCP(19, 1), 32),
    "auto 64": (auto_ncp(32, 64, 4, 0.7, seed=3), lambda: ncps.wirings.AutoNCP(64, 4, 0.7, seed=3), 32),
    "sparse": (auto_ncp(2, 30, 1, 0.9), lambda: ncps.wirings.AutoNCP(30, 1, 0.9), 2),
    "full": (fully_connected(5, 8, 3), lambda: ncps.wirings.FullyConnected(8, 3), 5),
    "no self": (fully_connected(5, 8, 8, False, seed=2), lambda: ncps.wirings.FullyConnected(8, 8, 2, False), 5),
    "random": (random_wiring(6, 11, 2, 0.4), lambda: ncps.wirings.Random(11, 2, 0.4), 6),
}


@pytest.mark.parametrize("name", PAIRS)
def test_the_same_seed_gives_the_same_net_as_ncps(name: str) -> None:
    ours, make_theirs, inputs = PAIRS[name]
    theirs = make_theirs()
    theirs.build(inputs)
    assert np.array_equal(ours.adjacency(), theirs.adjacency_matrix)
    assert np.array_equal(ours.adjacency(sensory=True), theirs.sensory_adjacency_matrix)
    assert list(ours.roles) == [theirs.get_type_of_neuron(i) for i in range(theirs.units)]


def test_the_papers_net_has_250_synapses_where_the_paper_counts_253() -> None:
    wiring = ncp(32)
    assert (len(wiring.sensory), len(wiring.synapses)) == (192, 58)
    assert (wiring.units, wiring.motors) == (19, 1)


@pytest.mark.parametrize("name", PAIRS)
def test_a_wiring_survives_json(name: str) -> None:
    wiring = PAIRS[name][0]
    again = make_wiring(wiring.inputs, json.loads(json.dumps(wiring.to_json())))
    assert again == wiring
    assert hash(again) == hash(wiring)


def test_a_wiring_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        ncp(8).inputs = 3  # type: ignore[misc]


def test_synapses_come_sorted_by_target_then_source() -> None:
    source, target, _ = random_wiring(6, 11).index_arrays()
    assert np.all(np.diff(target * 11 + source) > 0)


def test_every_neuron_has_a_name_and_a_role() -> None:
    wiring = ncp(32)
    assert wiring.names[0] == "motor 0"
    assert wiring.names[1] == "command 0"
    assert wiring.names[-1] == "inter 11"
    assert [len(layer) for layer in wiring.layers()] == [12, 6, 1]


@pytest.mark.parametrize("kind", WIRINGS)
def test_options_name_the_kind(kind: str) -> None:
    options = {"kind": kind} | ({"units": 12} if kind == "auto_ncp" else {})
    assert make_wiring(6, options).kind in (kind, "ncp")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "npc"}, "did you mean 'ncp'"),
        ({"kind": "ncp", "intre": 3}, "intre"),
        ({"inter": 3}, "sensory_fanout is 6, but there are 3 inter neurons"),
        ({"kind": "auto_ncp", "units": 3}, "at least 4 units"),
        ({"kind": "random", "sparsity": 1.0}, "sparsity is 1.0"),
        ({"kind": "fully_connected", "motor": 30}, "30 motor neurons among 19"),
    ],
)
def test_wrong_options_are_refused_with_the_remedy(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_wiring(8, options)


def test_a_stored_wiring_for_other_features_is_refused() -> None:
    with pytest.raises(ValueError, match="for 8 features, the front-end returns 32"):
        make_wiring(32, ncp(8).to_json())


@pytest.mark.parametrize("synapses", [(Synapse(0, 5, 1),), (Synapse(0, 0, 2),), (Synapse(0, 0, 1), Synapse(0, 0, -1))])
def test_synapses_that_lead_nowhere_or_twice_are_refused(synapses: tuple[Synapse, ...]) -> None:
    with pytest.raises(ValueError, match="synapse"):
        Wiring("odd", 1, ("motor",), synapses, ())
