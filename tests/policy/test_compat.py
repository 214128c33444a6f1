"""The front for users of ncps, beside ncps itself."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import ncps.torch
import ncps.wirings
import pytest
import torch

from policy import compat
from policy.wirings import ncp

WIRINGS: dict[str, Callable[[], Any]] = {
    "units": lambda: 9,
    "ncp": lambda: ncps.wirings.NCP(10, 8, 4, 6, 6, 4, 6),
    "auto": lambda: ncps.wirings.AutoNCP(20, 3),
    "full": lambda: ncps.wirings.FullyConnected(8, 4),
    "random": lambda: ncps.wirings.Random(9, 2, 0.5),
}
LTC_OPTIONS: list[dict[str, Any]] = [
    {},
    {"implicit_param_constraints": False, "ode_unfolds": 3},
    {"input_mapping": "linear", "output_mapping": None, "return_sequences": False},
    {"mixed_memory": True, "batch_first": False},
]
CFC_OPTIONS: list[dict[str, Any]] = [
    {},
    {"mode": "pure"},
    {"mode": "no_gate", "proj_size": 5, "return_sequences": False},
    {"mixed_memory": True, "batch_first": False},
]
BACKBONES: list[dict[str, Any]] = [
    {"backbone_layers": 0},
    {"backbone_layers": 2, "backbone_units": 16, "activation": "silu", "backbone_dropout": 0.1},
]


def features(batch: int = 3, time: int = 5) -> torch.Tensor:
    return torch.randn(batch, time, 8, generator=torch.Generator().manual_seed(1))


def assert_same(ours: torch.nn.Module, theirs: torch.nn.Module) -> None:
    """Ours takes the state dict of theirs, gives the same outputs and states, and gives the state dict back to theirs."""
    ours.load_state_dict(theirs.state_dict())
    ours, theirs = ours.eval(), theirs.eval()
    for given in (features(), features()[0]):
        (output, state), (expected, expected_state) = ours(given), theirs(given)
        assert torch.allclose(output, expected, atol=1e-5)
        again, expected_again = ours(given, state)[0], theirs(given, expected_state)[0]
        assert torch.allclose(again, expected_again, atol=1e-5)
    other = copy.deepcopy(theirs)
    other.load_state_dict(ours.state_dict())
    assert torch.equal(other(features())[0], theirs(features())[0])


@pytest.mark.parametrize("options", LTC_OPTIONS, ids=str)
@pytest.mark.parametrize("wiring", WIRINGS)
def test_an_ltc_takes_checkpoints_of_ncps_and_gives_its_outputs(wiring: str, options: dict[str, Any]) -> None:
    torch.manual_seed(2)
    assert_same(compat.LTC(8, WIRINGS[wiring](), **options), ncps.torch.LTC(8, WIRINGS[wiring](), **options))


@pytest.mark.parametrize("options", CFC_OPTIONS, ids=str)
@pytest.mark.parametrize("wiring", list(WIRINGS))
def test_a_cfc_takes_checkpoints_of_ncps_and_gives_its_outputs(wiring: str, options: dict[str, Any]) -> None:
    torch.manual_seed(2)
    if "proj_size" in options and wiring in ("full", "random"):
        pytest.skip("ncps gives such a projection another size than its input")
    assert_same(compat.CfC(8, WIRINGS[wiring](), **options), ncps.torch.CfC(8, WIRINGS[wiring](), **options))


@pytest.mark.parametrize("options", BACKBONES, ids=str)
def test_a_cfc_with_any_backbone_agrees(options: dict[str, Any]) -> None:
    assert_same(compat.CfC(8, 6, **options), ncps.torch.CfC(8, 6, **options))


@pytest.mark.parametrize("shape", [(1, 5), (1, 5, 1)])
@pytest.mark.parametrize("layer", ["LTC", "CfC"])
def test_time_spans_of_one_sample_agree(layer: str, shape: tuple[int, ...]) -> None:
    theirs = getattr(ncps.torch, layer)(8, WIRINGS["ncp"]())
    ours = getattr(compat, layer)(8, WIRINGS["ncp"]())
    ours.load_state_dict(theirs.state_dict())
    spans = torch.rand(shape) + 0.1
    assert torch.allclose(ours(features(1), timespans=spans)[0], theirs(features(1), timespans=spans)[0], atol=1e-5)


@pytest.mark.parametrize("layer", ["LTC", "CfC"])
@pytest.mark.parametrize("batch_first", [True, False])
def test_time_spans_of_a_batch_act_on_their_own_samples(layer: str, batch_first: bool) -> None:
    ours = getattr(compat, layer)(8, WIRINGS["auto"](), batch_first=batch_first)
    spans = torch.rand(20, 5)
    alone = torch.stack([ours(one, timespans=span)[0] for one, span in zip(features(20), spans, strict=True)])
    if batch_first:
        together = ours(features(20), timespans=spans)[0]
    else:
        together = ours(features(20).transpose(0, 1), timespans=spans.t()[..., None])[0].transpose(0, 1)
    assert torch.allclose(together, alone, atol=1e-5)


def test_cells_step_as_those_of_ncps() -> None:
    x, state = features()[:, 0], torch.rand(3, 22)
    ltc, wired = ncps.torch.LTCCell(WIRINGS["ncp"](), 8), ncps.torch.WiredCfCCell(8, WIRINGS["ncp"]())
    dense = ncps.torch.CfCCell(8, 22)
    pairs = [(compat.LTCCell(WIRINGS["ncp"](), 8), ltc), (compat.WiredCfCCell(8, WIRINGS["ncp"]()), wired), (compat.CfCCell(8, 22), dense)]
    for ours, theirs in pairs:
        ours.load_state_dict(theirs.state_dict())
        for got, expected in zip(ours(x, state, 0.7), theirs(x, state, torch.tensor(0.7)), strict=True):
            assert torch.allclose(got, expected, atol=1e-5)


def test_weight_constraints_clip_as_in_ncps() -> None:
    ours, theirs = compat.LTCCell(WIRINGS["ncp"](), 8), ncps.torch.LTCCell(WIRINGS["ncp"](), 8)
    with torch.no_grad():
        for value in theirs.parameters():
            if value.requires_grad:
                value -= 0.5
    ours.load_state_dict(theirs.state_dict())
    ours.apply_weight_constraints()
    theirs.apply_weight_constraints()
    x, state = features()[:, 0], torch.zeros(3, 22)
    assert torch.allclose(ours(x, state)[0], theirs(x, state)[0], atol=1e-5)


def test_one_wiring_serves_several_layers() -> None:
    wiring = ncps.wirings.AutoNCP(12, 2)
    assert (compat.LTC(5, wiring).sensory_size, compat.CfC(7, wiring).rnn_cell.sensory_size) == (5, 7)
    compat.LTC(5, wiring).load_state_dict(compat.LTC(5, ncps.wirings.AutoNCP(12, 2)).state_dict())
    assert compat.LTC(8, ncp(8)).state_size == 19


def test_a_layer_within_a_model_takes_part_in_its_state_dict() -> None:
    ours = torch.nn.Sequential(torch.nn.Linear(8, 8), compat.LTC(8, WIRINGS["ncp"]()))
    theirs = torch.nn.Sequential(torch.nn.Linear(8, 8), ncps.torch.LTC(8, WIRINGS["ncp"]()))
    ours.load_state_dict(theirs.state_dict())
    assert torch.allclose(ours(features())[0], theirs(features())[0], atol=1e-5)
    assert set(ours.state_dict()) == set(theirs.state_dict())


def test_sensory_synapses_are_counted_rightly() -> None:
    layer = compat.LTC(32, ncps.wirings.NCP(12, 6, 1, 6, 4, 4, 6))
    assert (layer.synapse_count, layer.sensory_synapse_count) == (58, 192)
    assert (layer.state_size, layer.motor_size, layer.output_size, layer.sensory_size) == (19, 1, 1, 32)


def test_a_checkpoint_of_another_wiring_is_refused_with_the_reason() -> None:
    with pytest.raises(RuntimeError, match=r"the ncps wiring has .* synapses where this cell has"):
        compat.LTC(8, WIRINGS["auto"]()).load_state_dict(ncps.torch.LTC(8, WIRINGS["ncp"]()).state_dict())


def test_arguments_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="Unknown number of input features"):
        compat.LTCCell(WIRINGS["ncp"]())
    with pytest.raises(ValueError, match="Cannot use backbone_units in wired mode"):
        compat.CfC(8, WIRINGS["ncp"](), backbone_units=3)
    with pytest.raises(ValueError, match="Unknown mode 'fast'"):
        compat.CfC(8, 5, mode="fast")
    with pytest.raises(ValueError, match="input_size is 9"):
        compat.LTC(9, ncp(8))
    with pytest.raises(RuntimeError, match="got one tensor: pass both"):
        compat.CfC(8, 5, mixed_memory=True)(features(), torch.zeros(3, 5))
    with pytest.raises(RuntimeError, match="hx must be 2-D, got 1-D"):
        compat.CfC(8, 5)(features(), torch.zeros(5))
