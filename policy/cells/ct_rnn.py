"""The continuous-time RNN: tau_i h_i' = -h_i + tanh(W x + U h + b)_i, with one learned time constant per neuron. It can be sparse.

Each sub-step keeps the tanh constant and relaxes towards it exactly, so that h stays within [-1, 1] for any dt. (The explicit Euler method of the
NCP paper needs its states clipped.) Shapes: B batch, T time, I features, H hidden neurons.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from perception.errors import ConfigError
from policy.bounds import CellBounds
from policy.cell import ConnectionMatrix, Edge
from policy.cells.hidden import HiddenCell, sparse_mask


@dataclass
class CtRnnConfig:
    """Options of the CT-RNN. unfolds: sub-steps per step. tau_s: initial time constants (s). sparsity: share of connections left out."""

    units: int = 64
    unfolds: int = 6
    tau_s: float = 0.1
    sparsity: float = 0.0
    seed: int = 22222


class CtRnn(HiddenCell):
    """A continuous-time RNN of `units` hidden neurons."""

    Config = CtRnnConfig

    def __init__(self, inputs: int, motors: int, config: CtRnnConfig) -> None:
        super().__init__(inputs, motors, config, config.units)
        if config.unfolds < 1 or config.tau_s <= 0:
            raise ConfigError(f"unfolds is {config.unfolds}, tau_s {config.tau_s}: give 1 sub-step or more and a time above 0 s")
        self.input_weight, self.recurrent_weight = self.weight(config.units, inputs), self.weight(config.units, config.units)
        self.bias = nn.Parameter(torch.zeros(config.units))
        self.log_tau = nn.Parameter(torch.full((config.units,), math.log(config.tau_s)))
        mask = sparse_mask(config.units, inputs + config.units, config.sparsity, config.seed)
        self.register_buffer("input_mask", mask[:, :inputs].clone(), persistent=False)
        self.register_buffer("recurrent_mask", mask[:, inputs:].clone(), persistent=False)

    def matrices(self) -> tuple[Tensor, Tensor]:
        """Return the weights from the features (H, I) and among the neurons (H, H), with zeros for connections left out."""
        return self.input_weight * self.get_buffer("input_mask"), self.recurrent_weight * self.get_buffer("recurrent_mask")

    def unroll(self, features_BTI: Tensor, dt_BT: Tensor, state_BS: Tensor) -> tuple[Tensor, Tensor]:
        input_weight, recurrent_weight = self.matrices()
        drives = torch.nn.functional.linear(features_BTI, input_weight, self.bias).unbind(1)
        shares = (-torch.expm1(-dt_BT.unsqueeze(-1) / (self.config.unfolds * self.log_tau.exp()))).unbind(1)
        recurrent, hidden, neurons = recurrent_weight.t(), state_BS, []
        for drive, share in zip(drives, shares, strict=True):
            for _ in range(self.config.unfolds):
                hidden = torch.lerp(hidden, torch.tanh(torch.addmm(drive, hidden, recurrent)), share)
            neurons.append(hidden)
        return torch.stack(neurons, dim=1), hidden

    def time_constants(self, features_BTI: Tensor, neuron_BTH: Tensor, state_BS: Tensor) -> Tensor:
        return self.log_tau.exp().expand_as(neuron_BTH)

    def connection_matrices(self) -> list[ConnectionMatrix]:
        return self.name_matrices(self.input_weight, self.recurrent_weight)

    def bounds(self) -> CellBounds:
        tau_s_H = self.log_tau.detach().double().exp().cpu().numpy()
        bounds = self.bound_by(1.0, "each sub-step is a convex combination of the old state and of a tanh, from 0 on; time constants are parameters")
        return bounds._replace(tau_low_s_H=tau_s_H, tau_high_s_H=tau_s_H)

    def edges(self) -> list[Edge]:
        return self.matrix_edges(*self.matrices())
