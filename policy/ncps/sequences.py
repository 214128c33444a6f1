"""Sequences in all forms that the layers of `ncps.torch` accept: with or without a batch, batch or time first, with time spans, with a memory cell.

Shapes: B batch, L time, C features, H neurons.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

State = Tensor | tuple[Tensor, Tensor]


class LSTMCell(nn.Module):
    """`ncps.torch.lstm.LSTMCell`: the memory of a layer with mixed memory. Its forget gate is open at the start."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.input_map = nn.Linear(input_size, 4 * hidden_size)
        self.recurrent_map = nn.Linear(hidden_size, 4 * hidden_size, bias=False)
        nn.init.uniform_(self.input_map.bias, -0.1, 0.1)
        nn.init.xavier_uniform_(self.input_map.weight)
        nn.init.orthogonal_(self.recurrent_map.weight)

    def forward(self, inputs: Tensor, states: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Return the next (output, cell) states (B, H)."""
        output, cell = states
        candidate, input_gate, forget_gate, output_gate = (self.input_map(inputs) + self.recurrent_map(output)).chunk(4, 1)
        cell = cell * torch.sigmoid(forget_gate + 1.0) + torch.tanh(candidate) * torch.sigmoid(input_gate)
        return torch.tanh(cell) * torch.sigmoid(output_gate), cell


class Sequences(nn.Module):
    """The common base of LTC and CfC: `forward(input, hx=None, timespans=None)`."""

    rnn_cell: Any
    lstm: Any
    state_size: int

    def __init__(self, input_size: int, units: Any, return_sequences: bool, batch_first: bool, mixed_memory: bool) -> None:
        super().__init__()
        self.input_size, self.wiring_or_units = input_size, units
        self.return_sequences, self.batch_first, self.use_mixed = return_sequences, batch_first, mixed_memory
        self.fc: nn.Module = nn.Identity()

    def forward(self, input: Tensor, hx: State | None = None, timespans: Tensor | None = None) -> tuple[Tensor, State]:
        """Return the outputs and the last state, which is (h, c) with mixed memory, in the weights' precision also under autocast.

        input: (L, C), (B, L, C) or, with batch_first=False, (L, B, C). timespans: the shape of the input without its last dimension, or with a last
        dimension of size 1. Without timespans each step takes 1.0. Raises RuntimeError for a state that does not fit.
        """
        if torch.is_autocast_enabled(input.device.type):
            with torch.autocast(input.device.type, enabled=False):
                return self.forward(input, hx, timespans)
        is_batched = input.dim() == 3
        features = (input if is_batched else input[None]).to(next(self.parameters()).dtype)
        if is_batched and not self.batch_first:
            features = features.transpose(0, 1)
        spans = self._spans(features, timespans, is_batched)
        hidden, memory = self._state(features, hx, is_batched)
        if memory is None:
            outputs, hidden = self.rnn_cell.run_sequence(features, spans, hidden)
        else:
            outputs, hidden, memory = self._with_memory(features, spans, hidden, memory)
        outputs = self.fc(outputs if self.return_sequences else outputs[:, -1])
        if is_batched and self.return_sequences and not self.batch_first:
            outputs = outputs.transpose(0, 1)
        if not is_batched:
            outputs, hidden, memory = outputs[0], hidden[0], None if memory is None else memory[0]
        return outputs, hidden if memory is None else (hidden, memory)

    def _with_memory(self, features: Tensor, spans: Tensor, hidden: Tensor, memory: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        outputs = []
        for t in range(features.shape[1]):
            hidden, memory = self.lstm(features[:, t], (hidden, memory))
            output, hidden = self.rnn_cell.run_sequence(features[:, t : t + 1], spans[:, t : t + 1], hidden)
            outputs.append(output)
        return torch.cat(outputs, dim=1), hidden, memory

    def _spans(self, features: Tensor, timespans: Tensor | None, is_batched: bool) -> Tensor:
        """Return the time spans as (B, L)."""
        shape = features.shape[:2]
        if timespans is None:
            return features.new_ones(shape)
        spans = timespans.to(features)
        if spans.dim() == (3 if is_batched else 2) and spans.shape[-1] == 1:
            spans = spans[..., 0]
        if is_batched and not self.batch_first:
            spans = spans.transpose(0, 1)
        return spans.expand(shape)

    def _state(self, features: Tensor, hx: State | None, is_batched: bool) -> tuple[Tensor, Tensor | None]:
        if hx is None:
            zeros = features.new_zeros(len(features), self.state_size)
            return zeros, zeros if self.use_mixed else None
        if self.use_mixed and isinstance(hx, Tensor):
            raise RuntimeError("a layer with mixed_memory=True has a state (h0, c0), got one tensor: pass both")
        hidden, memory = (hx.to(features), None) if isinstance(hx, Tensor) else (one.to(features) for one in hx)
        expected = 2 if is_batched else 1
        if hidden.dim() != expected:
            raise RuntimeError(f"for a {'batched' if is_batched else 'unbatched'} input, hx must be {expected}-D, got {hidden.dim()}-D")
        return (hidden, memory) if is_batched else (hidden[None], None if memory is None else memory[None])
