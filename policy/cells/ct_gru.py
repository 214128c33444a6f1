"""The continuous-time GRU (Mozer, Kazakov and Lindsey 2017). Each neuron keeps traces that decay at fixed time scales, and learns which to use.

z_ki is the trace of neuron k at scale tau_i. r and s weight the scales to retrieve and to store: softmax_i -(ln tau(x, h) - ln tau_i)^2.
    q = tanh(W x + U (sum_i r_ki z_ki) + b),   z_ki <- ((1 - s_ki) z_ki + s_ki q_k) exp(-dt / tau_i),   h_k = sum_i z_ki
Here the decay comes before storing, so that an output contains its own features undamped.
Shapes: B batch, T time, I features, H hidden neurons, K scales; the state consists of all traces, S = H K.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from perception.errors import ConfigError
from policy.cell import ConnectionMatrix, Edge
from policy.cells.hidden import HiddenCell


@dataclass
class CtGruConfig:
    """Options of the CT-GRU. scales: number of time scales, each sqrt(10) times the previous one. first_scale_s: the shortest scale (s)."""

    units: int = 64
    scales: int = 6
    first_scale_s: float = 0.03


class CtGru(HiddenCell):
    """A continuous-time GRU of `units` hidden neurons."""

    Config = CtGruConfig

    def __init__(self, inputs: int, motors: int, config: CtGruConfig) -> None:
        super().__init__(inputs, motors, config, config.units)
        if config.scales < 1 or config.first_scale_s <= 0:
            raise ConfigError(f"scales is {config.scales}, first_scale_s {config.first_scale_s}: give 1 scale or more and a time above 0 s")
        units = config.units
        self.state_size = units * config.scales
        self.input_weight, self.recurrent_weight = self.weight(3 * units, inputs), self.weight(2 * units, units)
        self.candidate_weight, self.bias = self.weight(units, units), nn.Parameter(torch.zeros(3 * units))
        log_scales = math.log(config.first_scale_s) + math.log(10) / 2 * torch.arange(config.scales)
        self.register_buffer("log_scales", log_scales.float(), persistent=False)

    def unroll(self, features_BTI: Tensor, dt_BT: Tensor, state_BS: Tensor) -> tuple[Tensor, Tensor]:
        log_scales = self.get_buffer("log_scales")
        middle = log_scales.mean()
        decays = torch.exp(-dt_BT[..., None, None] / log_scales.exp()).unbind(1)
        drives = torch.nn.functional.linear(features_BTI, self.input_weight, self.bias).unbind(1)
        traces, neurons = state_BS.view(-1, self.units, self.config.scales), []
        for drive, decay in zip(drives, decays, strict=True):
            traces = traces * decay
            recurrent = traces.sum(-1) @ self.recurrent_weight.t()
            retrieve, store = (drive[:, : 2 * self.units] + recurrent).chunk(2, dim=1)
            weights = (torch.softmax(-(one[..., None] + middle - log_scales).square(), dim=-1) for one in (retrieve, store))
            retrieve_share, store_share = weights
            candidate = torch.tanh(drive[:, 2 * self.units :] + (retrieve_share * traces).sum(-1) @ self.candidate_weight.t())
            traces = torch.lerp(traces, candidate[..., None].expand_as(traces), store_share)
            neurons.append(traces.sum(-1))
        return torch.stack(neurons, dim=1), traces.flatten(1)

    def connection_matrices(self) -> list[ConnectionMatrix]:
        return self.name_matrices(self.input_weight, self.recurrent_weight, self.candidate_weight)

    def edges(self) -> list[Edge]:
        return self.matrix_edges(self.input_weight[2 * self.units :], self.candidate_weight)
