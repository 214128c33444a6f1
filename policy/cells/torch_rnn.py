"""The discrete baselines on torch's own fused layers: vanilla RNN, LSTM and GRU. Each can be sparse. They do not use dt.

Shapes: B batch, T time, I features, H hidden neurons, S state values; G gates stacked in the rows of a weight (1, 4, 3).
A sparse cell keeps a random share of the connections between neurons, the same for all gates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from policy.bounds import CellBounds
from policy.cell import ConnectionMatrix, Edge
from policy.cells.hidden import HiddenCell, sparse_mask


@dataclass
class RecurrentConfig:
    """Options of rnn, lstm and gru. units: hidden neurons. sparsity: share of connections left out, drawn from seed."""

    units: int = 64
    sparsity: float = 0.0
    seed: int = 22222


class Rnn(HiddenCell):
    """A vanilla RNN: h' = tanh(W x + U h + b)."""

    Config = RecurrentConfig
    uses_dt = False
    gates: ClassVar[int] = 1
    shown_gate: ClassVar[int] = 0  # the gate whose weights are shown as connections

    def __init__(self, inputs: int, motors: int, config: RecurrentConfig) -> None:
        super().__init__(inputs, motors, config, config.units)
        units, gates = config.units, self.gates
        self.input_weight, self.recurrent_weight = self.weight(gates * units, inputs), self.weight(gates * units, units)
        self.input_bias, self.recurrent_bias = self.weight(gates * units), self.weight(gates * units)
        mask = sparse_mask(units, inputs + units, config.sparsity, config.seed).repeat(gates, 1)
        self.register_buffer("input_mask", mask[:, :inputs].clone(), persistent=False)
        self.register_buffer("recurrent_mask", mask[:, inputs:].clone(), persistent=False)

    def weights(self) -> list[Tensor]:
        """Return the weights and biases in the order of torch's layers. Connections left out are zero."""
        matrices: list[Tensor] = [self.input_weight, self.recurrent_weight]
        if self.config.sparsity:
            matrices = [self.input_weight * self.get_buffer("input_mask"), self.recurrent_weight * self.get_buffer("recurrent_mask")]
        return [*matrices, self.input_bias, self.recurrent_bias]

    def unroll(self, features_BTI: Tensor, dt_BT: Tensor, state_BS: Tensor) -> tuple[Tensor, Tensor]:
        neuron_BTH, last = torch.rnn_tanh(features_BTI, state_BS[None], self.weights(), True, 1, 0.0, False, False, True)
        return neuron_BTH, last[0]

    def connection_matrices(self) -> list[ConnectionMatrix]:
        return self.name_matrices(self.input_weight, self.recurrent_weight)

    def bounds(self) -> CellBounds:
        return self.bound_by(1.0, "each state is a tanh")

    def edges(self) -> list[Edge]:
        input_weight, recurrent_weight = (one.chunk(self.gates)[self.shown_gate] for one in self.weights()[:2])
        return self.matrix_edges(input_weight, recurrent_weight)


class Lstm(Rnn):
    """An LSTM; its state is (h, c). Its connections are shown by the weights of the cell input."""

    gates = 4
    shown_gate = 2

    def __init__(self, inputs: int, motors: int, config: RecurrentConfig) -> None:
        super().__init__(inputs, motors, config)
        self.state_size = 2 * config.units

    def unroll(self, features_BTI: Tensor, dt_BT: Tensor, state_BS: Tensor) -> tuple[Tensor, Tensor]:
        start = [one.contiguous()[None] for one in state_BS.chunk(2, dim=1)]
        neuron_BTH, hidden, memory = torch.lstm(features_BTI, start, self.weights(), True, 1, 0.0, False, False, True)
        return neuron_BTH, torch.cat([hidden[0], memory[0]], dim=1)

    def bounds(self) -> CellBounds:
        return self.bound_by(1.0, "each state is a sigmoid times a tanh; the memory cells behind them have no bound")


class Gru(Rnn):
    """A GRU. Its connections are shown by the weights of the candidate."""

    gates = 3
    shown_gate = 2

    def unroll(self, features_BTI: Tensor, dt_BT: Tensor, state_BS: Tensor) -> tuple[Tensor, Tensor]:
        neuron_BTH, last = torch.gru(features_BTI, state_BS[None], self.weights(), True, 1, 0.0, False, False, True)
        return neuron_BTH, last[0]

    def bounds(self) -> CellBounds:
        return self.bound_by(1.0, "each step is a convex combination of the old state and of a tanh, from 0 on")
