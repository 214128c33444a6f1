"""A cell without memory: one hidden layer over the current features. This baseline shows what recurrence is worth."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from policy.bounds import CellBounds
from policy.cell import ConnectionMatrix, Edge
from policy.cells.hidden import HiddenCell


@dataclass
class FeedForwardConfig:
    """Options of the feed-forward cell. units: hidden neurons."""

    units: int = 64


class FeedForward(HiddenCell):
    """h = tanh(W x + b). The state is empty."""

    Config = FeedForwardConfig
    uses_dt = False

    def __init__(self, inputs: int, motors: int, config: FeedForwardConfig) -> None:
        super().__init__(inputs, motors, config, config.units)
        self.state_size = 0
        self.hidden = nn.Linear(inputs, config.units)

    def unroll(self, features_BTI: Tensor, dt_BT: Tensor, state_BS: Tensor) -> tuple[Tensor, Tensor]:
        return torch.tanh(self.hidden(features_BTI)), state_BS

    def connection_matrices(self) -> list[ConnectionMatrix]:
        return self.name_matrices(self.hidden.weight)

    def bounds(self) -> CellBounds:
        return self.bound_by(1.0, "each state is a tanh")

    def edges(self) -> list[Edge]:
        return self.matrix_edges(self.hidden.weight)
