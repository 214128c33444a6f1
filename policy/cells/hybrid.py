"""A liquid transformer: attention over the last W feature vectors is added to the current one, and the sum feeds an LTC.

Neurons, roles and time constants are those of the LTC. Shapes: B batch, T time, I features, H neurons, W window, P = W - 1 cached steps;
the state consists of the LTC's state, the cached features and the count of real ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from perception.errors import ConfigError
from policy.bounds import CellBounds
from policy.cell import Cell, Edge
from policy.cells.attention import attend, count_cached, extend
from policy.cells.ltc import Ltc, LtcConfig
from policy.options import from_options


@dataclass
class HybridConfig:
    """Options of the hybrid. window: feature vectors seen, including the current one. width: width of the attention. ltc: options of the LTC."""

    window: int = 8
    width: int = 32
    ltc: dict[str, Any] = field(default_factory=dict)


class Hybrid(Cell):
    """Attention over a window of features in front of an LTC."""

    Config = HybridConfig
    flow = Ltc.flow

    def __init__(self, inputs: int, motors: int, config: HybridConfig) -> None:
        super().__init__(inputs, motors, config)
        if config.window < 1 or config.width < 1:
            raise ConfigError(f"window is {config.window}, width {config.width}: give 1 or more")
        self.ltc = Ltc(inputs, motors, from_options(LtcConfig, config.ltc, "ltc of Hybrid"))
        self.query, self.key, self.value = (nn.Linear(inputs, config.width) for _ in range(3))
        self.merge, self.bias = nn.Linear(config.width, inputs), nn.Parameter(torch.zeros(1, config.window))
        self.state_size = self.ltc.state_size + (config.window - 1) * inputs + 1
        self.neuron_names, self.neuron_roles = self.ltc.neuron_names, self.ltc.neuron_roles

    def _look(self, features_BTI: Tensor, cache_BPI: Tensor, count_B1: Tensor) -> tuple[Tensor, Tensor]:
        """Return the features with the attention's result added, and the new cache."""
        seen_BPI, last_BPI = extend(cache_BPI, features_BTI)
        found = attend(self.query(features_BTI), self.key(seen_BPI), self.value(seen_BPI), count_B1, self.bias)
        return features_BTI + self.merge(found), last_BPI

    def _parts(self, state_BS: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        liquid, cache, count_B1 = state_BS.split([self.ltc.state_size, (self.config.window - 1) * self.inputs, 1], dim=1)
        return liquid, cache.view(-1, self.config.window - 1, self.inputs), count_B1

    def unroll(self, features_BTI: Tensor, dt_BT: Tensor, state_BS: Tensor) -> tuple[Tensor, Tensor]:
        liquid, cache_BPI, count_B1 = self._parts(state_BS)
        looked_BTI, last_BPI = self._look(features_BTI, cache_BPI, count_B1)
        neuron_BTH, last_BH = self.ltc.unroll(looked_BTI, dt_BT, liquid)
        return neuron_BTH, torch.cat([last_BH, last_BPI.flatten(1), count_cached(count_B1, features_BTI.shape[1], self.config.window)], dim=1)

    def read_out(self, neuron_BTH: Tensor) -> Tensor:
        return self.ltc.read_out(neuron_BTH)

    def time_constants(self, features_BTI: Tensor, neuron_BTH: Tensor, state_BS: Tensor) -> Tensor:
        return self.ltc.time_constants(self._look_from(features_BTI, state_BS), neuron_BTH, state_BS)

    def currents(self, features_BTI: Tensor, neuron_BTH: Tensor, state_BS: Tensor) -> Tensor:
        return self.ltc.currents(self._look_from(features_BTI, state_BS), neuron_BTH, state_BS)

    def _look_from(self, features_BTI: Tensor, state_BS: Tensor) -> Tensor:
        _, cache_BPI, count_B1 = self._parts(state_BS)
        return self._look(features_BTI, cache_BPI, count_B1)[0]

    def bounds(self) -> CellBounds:
        return self.ltc.bounds()

    def cut(self, is_cut: Callable[[str, str], bool]) -> None:
        self.ltc.cut(is_cut)

    def edges(self) -> list[Edge]:
        return self.ltc.edges()

    def portable_options(self) -> dict[str, Any]:
        return asdict(self.config) | {"ltc": self.ltc.portable_options()}
