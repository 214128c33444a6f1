"""The common parts of cells without a neural wiring: numbered hidden neurons, a linear read-out, weight matrices as edges, random sparsity.

Shapes: B batch, T time, I features, H hidden neurons, M motor outputs, S state values.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from perception.errors import ConfigError
from policy.bounds import CellBounds, bound_linear_read_out
from policy.cell import OUTPUT, Cell, ConnectionMatrix, Edge


class HiddenCell(Cell):
    """A cell of `units` hidden neurons with a linear read-out to the motors."""

    def __init__(self, inputs: int, motors: int, config: Any, units: int) -> None:
        super().__init__(inputs, motors, config)
        if units < 1:
            raise ConfigError(f"units is {units}: give 1 hidden neuron or more")
        self.units = self.state_size = units
        self.neuron_names, self.neuron_roles = [f"hidden {i}" for i in range(units)], ["hidden"] * units
        self.output = nn.Linear(units, motors)

    def read_out(self, neuron_BTH: Tensor) -> Tensor:
        return self.output(neuron_BTH)

    def weight(self, *shape: int) -> nn.Parameter:
        """Make a weight or bias with uniform values within 1 / sqrt(H), as in torch's recurrent layers."""
        bound = 1.0 / math.sqrt(self.units)
        return nn.Parameter(torch.empty(*shape).uniform_(-bound, bound))

    def bound_by(self, reach: float, why: str) -> CellBounds:
        """Return the bounds of neurons that stay within [-reach, reach]."""
        return bound_linear_read_out(self.output.weight, self.output.bias, reach, why)

    def name_matrices(self, input_GI: Tensor, *recurrent: Tensor) -> list[ConnectionMatrix]:
        """Name both sides of the weights from the features (G H, I), of those among the neurons (G H, H) and of the read-out; G gates are stacked."""
        senses, names = [f"sensory {i}" for i in range(input_GI.shape[1])], self.neuron_names
        blocks = [(input_GI, senses), *((one, names) for one in recurrent)]
        inner = [ConnectionMatrix(one, names * (one.shape[0] // self.units), sources) for one, sources in blocks]
        return [*inner, ConnectionMatrix(self.output.weight, [OUTPUT] * self.motors, names)]

    def matrix_edges(self, input_HI: Tensor, recurrent_HH: Tensor | None = None) -> list[Edge]:
        """Return the non-zero weights as edges from the features and among the hidden neurons."""
        senses = [f"sensory {i}" for i in range(input_HI.shape[1])]
        blocks = [(senses, input_HI)] + ([] if recurrent_HH is None else [(self.neuron_names, recurrent_HH)])
        return [
            (sources[source], self.neuron_names[target], weight)
            for sources, matrix in blocks
            for target, row in enumerate(matrix.detach().cpu().tolist())
            for source, weight in enumerate(row)
            if weight != 0.0
        ]


def sparse_mask(rows: int, columns: int, sparsity: float, seed: int) -> Tensor:
    """Make a mask (rows, columns) of ones in which the share `sparsity` is zero. The same seed gives the same mask.

    Raises ConfigError when `sparsity` is outside [0, 1).
    """
    if not 0.0 <= sparsity < 1.0:
        raise ConfigError(f"sparsity is {sparsity}: give 0 (all connections) up to, but not including, 1")
    order = np.random.default_rng(seed).permutation(rows * columns)
    mask = np.ones(rows * columns, dtype=np.float32)
    mask[order[: round(sparsity * rows * columns)]] = 0.0
    return torch.from_numpy(mask).view(rows, columns)
