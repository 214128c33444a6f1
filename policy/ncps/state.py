"""Conversion of LTC weights to and from the state dicts of `ncps.torch.LTC` and `LTCCell`, value for value.

ncps stores masked matrices (source, target), and this package stores vectors over the synapses. The stored form of positive parameters is the same
when both use a softplus (in ncps: implicit_param_constraints=True, the default of its LTC) or neither does.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from perception.errors import ConfigError
from policy.cells.ltc import Ltc
from policy.kernels.plan import LtcParameters

SYNAPSES = ("w", "mu", "sigma", "erev")
PREFIX = "rnn_cell."


def to_ncps(cell: Ltc, prefix: str = PREFIX) -> dict[str, Tensor]:
    """Return the state dict for an ncps LTC with the same wiring and constraints. Use the prefix "" for an LTCCell."""
    result: dict[str, Tensor] = {}
    for name in LtcParameters._fields:
        value = getattr(cell, name)
        if name in dict(cell.named_parameters()):
            result[name] = _matrix(cell, name, value.detach()) if _is_synaptic(name) else value.detach().clone()
    for name, sensory in (("sparsity_mask", False), ("sensory_sparsity_mask", True)):
        result[name] = torch.from_numpy(np.abs(cell.wiring.adjacency(sensory))).to(cell.value("w").dtype)
    return {prefix + name: value for name, value in result.items()}


def from_ncps(cell: Ltc, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Convert the state dict of an ncps LTC or LTCCell with the same wiring to the cell's own. Raises ConfigError when wiring or keys differ."""
    own = {name.removeprefix(PREFIX): value for name, value in state.items()}
    expected = to_ncps(cell, "")
    if set(own) != set(expected):
        raise ConfigError(f"the ncps state dict has the keys {sorted(own)}, this cell expects {sorted(expected)}: use the same mappings")
    for name, sensory in (("sparsity_mask", False), ("sensory_sparsity_mask", True)):
        if own[name].shape != expected[name].shape or not torch.equal(own[name].to(expected[name]), expected[name]):
            here, there = int(expected[name].sum()), int(own[name].sum())
            kind = "sensory synapses" if sensory else "synapses"
            raise ConfigError(f"the ncps wiring has {there} {kind} where this cell has {here}, or others: make the wiring with the same arguments")
    names = [name for name in expected if not name.endswith("sparsity_mask")]
    return {name: _edges(cell, name, own[name]) if _is_synaptic(name) else own[name] for name in names}


def load_ncps(cell: Ltc, state: Mapping[str, Tensor]) -> None:
    """Load the weights of an ncps LTC or LTCCell with the same wiring. Raises ConfigError when wiring or keys differ."""
    with torch.no_grad():
        for name, value in from_ncps(cell, state).items():
            cell.get_parameter(name).copy_(value)


def _is_synaptic(name: str) -> bool:
    return name.removeprefix("sensory_") in SYNAPSES


def _places(cell: Ltc, name: str) -> tuple[Tensor, Tensor]:
    source, target, _ = cell.wiring.index_arrays(name.startswith("sensory_"))
    return torch.from_numpy(source.copy()), torch.from_numpy(target.copy())


def _matrix(cell: Ltc, name: str, edge_E: Tensor) -> Tensor:
    rows = cell.wiring.inputs if name.startswith("sensory_") else cell.wiring.units
    matrix = edge_E.new_zeros(rows, cell.wiring.units)
    matrix[_places(cell, name)] = edge_E
    return matrix


def _edges(cell: Ltc, name: str, matrix: Tensor) -> Tensor:
    return matrix[_places(cell, name)]
