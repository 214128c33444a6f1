"""Recurrently connected, adaptive leaky integrate-and-fire neurons with a surrogate gradient.

The current is I = W x + U s + b. Over a sub-step of length d, the membrane v goes the share 1 - exp(-d / tau) of its way to I, and the adaptation a
the same share, with its own tau, of its way to 0. A neuron whose v exceeds 1 + a fires: v returns to 0, a grows by `adaptation`, and the trace s by
membrane_s / trace_s. Between spikes s decays. s is a low-pass of the spikes. Other neurons and the read-out see s, and a drive's trace shows it.
In the backward pass a spike counts as a steep sigmoid. With dt = 0 no neuron fires and nothing changes.
Shapes: B batch, T time, I features, H neurons; the state is (v, a, s).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from perception.errors import ConfigError
from policy.cell import ConnectionMatrix, Edge
from policy.cells.hidden import HiddenCell


@dataclass
class SpikingConfig:
    """Options of the spiking cell.

    Args:
        units: hidden neurons.
        unfolds: sub-steps per step.
        membrane_s: time constant of the membrane (s).
        adaptation_s: time constant of the adaptation (s).
        trace_s: time constant of the trace (s).
        adaptation: how much a spike adds to the threshold.
        steepness: steepness of the surrogate gradient.
    """

    units: int = 64
    unfolds: int = 4
    membrane_s: float = 0.05
    adaptation_s: float = 0.5
    trace_s: float = 0.1
    adaptation: float = 0.2
    steepness: float = 8.0


class Spiking(HiddenCell):
    """Adaptive leaky integrate-and-fire neurons."""

    Config = SpikingConfig

    def __init__(self, inputs: int, motors: int, config: SpikingConfig) -> None:
        super().__init__(inputs, motors, config, config.units)
        if config.unfolds < 1 or min(config.membrane_s, config.adaptation_s, config.trace_s) <= 0:
            raise ConfigError("unfolds must be 1 or more, membrane_s, adaptation_s and trace_s above 0 s")
        self.input_weight, self.recurrent_weight = self.weight(config.units, inputs), self.weight(config.units, config.units)
        nn.init.xavier_uniform_(self.input_weight, gain=2.0)
        self.bias = nn.Parameter(torch.full((config.units,), 0.5))
        self.state_size = 3 * config.units

    def unroll(self, features_BTI: Tensor, dt_BT: Tensor, state_BS: Tensor) -> tuple[Tensor, Tensor]:
        c, recurrent = self.config, self.recurrent_weight.t()
        drives = torch.nn.functional.linear(features_BTI, self.input_weight, self.bias).unbind(1)
        taus_3 = dt_BT.new_tensor([c.membrane_s, c.adaptation_s, c.trace_s])
        keeps = torch.exp(-dt_BT[..., None, None] / (c.unfolds * taus_3)).unbind(1)
        (membrane, adaptation, trace), neurons = state_BS.chunk(3, dim=1), []
        for drive, keep_B13 in zip(drives, keeps, strict=True):
            keep_v, keep_a, keep_s = keep_B13.unbind(-1)
            for _ in range(c.unfolds):
                membrane = torch.lerp(torch.addmm(drive, trace, recurrent), membrane, keep_v)
                adaptation = adaptation * keep_a
                spike = self.fire(membrane - 1.0 - adaptation)
                membrane = membrane * (1.0 - spike)
                adaptation = adaptation + c.adaptation * spike
                trace = trace * keep_s + spike * c.membrane_s / c.trace_s
            neurons.append(trace)
        return torch.stack(neurons, dim=1), torch.cat([membrane, adaptation, trace], dim=1)

    def fire(self, above: Tensor) -> Tensor:
        """Return 1 where the threshold is exceeded and 0 elsewhere, with the gradient of a steep sigmoid."""
        soft = torch.sigmoid(self.config.steepness * above)
        return (above > 0).to(above.dtype) + soft - soft.detach()

    def connection_matrices(self) -> list[ConnectionMatrix]:
        return self.name_matrices(self.input_weight, self.recurrent_weight)

    def edges(self) -> list[Edge]:
        return self.matrix_edges(self.input_weight, self.recurrent_weight)
