"""Causal attention over a sliding window with a cache, so that a sequence step by step gives what it gives whole.

Shapes: B batch, T time, W window (the step itself and W - 1 before it), D width, N heads; P = W - 1 cached steps. A query sees the keys of
its window that exist: the cache holds `count` (B, 1) real steps, counted from its end.
"""

from __future__ import annotations

import torch
from torch import Tensor


def attend(query_BTD: Tensor, key_BPD: Tensor, value_BPD: Tensor, count_B1: Tensor, bias_NW: Tensor) -> Tensor:
    """Return the attended values (B, T, D) for queries, and keys and values over P + T steps. `bias_NW` depends on head and place in the window."""
    heads, window = bias_NW.shape
    batch, time, width = query_BTD.shape
    query = query_BTD.view(batch, time, heads, width // heads)
    keys, values = (
        torch.stack([one[:, place : place + time] for place in range(window)], dim=-1).unflatten(2, (heads, width // heads))
        for one in (key_BPD, value_BPD)
    )
    scores = torch.einsum("btnd,btndw->btnw", query, keys) / (width // heads) ** 0.5 + bias_NW
    place = torch.arange(time, device=query.device)[:, None] + torch.arange(window, device=query.device)
    missing = place[None] < window - 1 - count_B1[..., None]
    shares = torch.softmax(scores.masked_fill(missing[:, :, None], float("-inf")), dim=-1)
    return torch.einsum("btnw,btndw->btnd", shares, values).flatten(2)


def extend(cache_BPD: Tensor, new_BTD: Tensor) -> tuple[Tensor, Tensor]:
    """Return the cache followed by the new steps, and the new cache."""
    joined = torch.cat([cache_BPD, new_BTD], dim=1)
    return joined, joined[:, joined.shape[1] - cache_BPD.shape[1] :]


def count_cached(count_B1: Tensor, time: int, window: int) -> Tensor:
    """Return the number of real steps in the cache (B, 1) after `time` more steps."""
    return (count_B1 + time).clamp(max=window - 1)
