"""A small causal Transformer over a sliding window. Its state is a cache of the last keys and values of each layer.

It knows the place of a step in the window (by a learned bias per head), but not dt. Layers are pre-norm. The neurons are the channels of the last
layer's normalised output.
Shapes: B batch, T time, I features, D width, W window, P = W - 1 cached steps; the state is (keys, values) per layer and the count of real steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from perception.errors import ConfigError
from policy.cell import Edge
from policy.cells.attention import attend, count_cached, extend
from policy.cells.hidden import HiddenCell


@dataclass
class TransformerConfig:
    """Options of the Transformer. width: channels. window: steps that a layer sees, including the current one."""

    width: int = 32
    heads: int = 4
    layers: int = 2
    window: int = 16


class Block(nn.Module):
    """One layer: attention over the window, then a perceptron of two layers. Each is added to its input."""

    def __init__(self, width: int, heads: int, window: int) -> None:
        super().__init__()
        self.before_attention, self.before_mixing = nn.LayerNorm(width), nn.LayerNorm(width)
        self.project, self.merge = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.bias = nn.Parameter(torch.zeros(heads, window))
        self.mix = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x_BTD: Tensor, cache_B2PD: Tensor, count_B1: Tensor) -> tuple[Tensor, Tensor]:
        """Return the layer's output (B, T, D) and its new cache."""
        query, key, value = self.project(self.before_attention(x_BTD)).chunk(3, dim=-1)
        (keys, last_keys), (values, last_values) = (extend(old, new) for old, new in zip(cache_B2PD.unbind(1), (key, value), strict=True))
        x_BTD = x_BTD + self.merge(attend(query, keys, values, count_B1, self.bias))
        return x_BTD + self.mix(self.before_mixing(x_BTD)), torch.stack([last_keys, last_values], dim=1)


class Transformer(HiddenCell):
    """A causal Transformer with a streaming cache."""

    Config = TransformerConfig
    uses_dt = False

    def __init__(self, inputs: int, motors: int, config: TransformerConfig) -> None:
        super().__init__(inputs, motors, config, config.width)
        if config.width % config.heads or config.window < 1 or config.layers < 1:
            raise ConfigError(f"width {config.width} must be a multiple of heads {config.heads}; window and layers 1 or more")
        self.embed, self.norm = nn.Linear(inputs, config.width), nn.LayerNorm(config.width)
        self.blocks = nn.ModuleList(Block(config.width, config.heads, config.window) for _ in range(config.layers))
        self.state_size = config.layers * 2 * (config.window - 1) * config.width + 1

    def unroll(self, features_BTI: Tensor, dt_BT: Tensor, state_BS: Tensor) -> tuple[Tensor, Tensor]:
        caches_BS, count_B1 = state_BS[:, :-1], state_BS[:, -1:]
        caches = caches_BS.view(-1, self.config.layers, 2, self.config.window - 1, self.config.width).unbind(1)
        x_BTD, last = self.embed(features_BTI), []
        for block, cache in zip(self.blocks, caches, strict=True):
            x_BTD, cache = block(x_BTD, cache, count_B1)
            last.append(cache.flatten(1))
        return self.norm(x_BTD), torch.cat([*last, count_cached(count_B1, features_BTI.shape[1], self.config.window)], dim=1)

    def edges(self) -> list[Edge]:
        return self.matrix_edges(self.embed.weight)
