"""Closed-form continuous-time networks (CfC; Hasani et al. 2022), dense or on a wiring's layers. They agree with `ncps` 1.0.1 and its state dicts.

Let z be the features of input and state, after the backbone if there is one. f and g are tanh of linear maps of z, and t = sigmoid(a(z) dt + b(z)):
    default   h' = f (1 - t) + g t        no_gate   h' = f + g t
    pure      h' = A - A exp(-dt (|w_tau| + |f|)) f, with f before its tanh
A wired CfC has one such layer, without backbone, per layer of the wiring (inter, command, motor). f and g follow the wiring's synapses. Each layer
is dense within itself and, as in ncps, so are the maps of time. The neurons are those of the wiring, layer by layer, with the motor neurons last.
Shapes: B batch, T time, I features, H neurons, Z features of a layer's maps, N neurons of a layer.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor, nn

from perception.errors import ConfigError
from policy.bounds import CellBounds, bound_linear_read_out
from policy.cell import OUTPUT, Cell, ConnectionMatrix, Edge
from policy.options import check_choices, choose
from policy.wirings import Wiring, make_wiring

Mode = Literal["default", "pure", "no_gate"]
MODES = get_args(Mode)


class LeCunTanh(nn.Module):
    """The activation 1.7159 tanh(0.666 x)."""

    def forward(self, x: Tensor) -> Tensor:
        return 1.7159 * torch.tanh(0.666 * x)


ACTIVATIONS: dict[str, type[nn.Module]] = {"lecun_tanh": LeCunTanh, "silu": nn.SiLU, "relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU}


@dataclass
class CfcConfig:
    """Options of the CfC.

    Args:
        mode: which of the equations above is used.
        wiring: options of `make_wiring`, or None for a dense cell of `units` neurons with a linear read-out.
        units: neurons of a dense cell.
        activation: activation of the backbone.
        backbone_units: width of the dense cell's layers between (features, state) and the maps.
        backbone_layers: number of these layers.
        backbone_dropout: dropout between these layers, in [0, 1).
    """

    mode: Mode = "default"
    wiring: dict[str, Any] | None = None
    units: int = 64
    activation: str = "lecun_tanh"
    backbone_units: int = 128
    backbone_layers: int = 1
    backbone_dropout: float = 0.0

    def __post_init__(self) -> None:
        """Raises ConfigError for an unknown word."""
        check_choices(self)


class CfcLayer(nn.Module):
    """One layer of N neurons. The names and layouts of its parameters are those of `ncps.torch.CfCCell`."""

    def __init__(self, inputs: int, units: int, config: CfcConfig, mask_NZ: np.ndarray | None = None) -> None:
        super().__init__()
        self.inputs, self.units, self.mode = inputs, units, config.mode
        width = inputs + units
        self.backbone = None
        if mask_NZ is None and config.backbone_layers > 0:
            layers: list[nn.Module] = []
            for i in range(config.backbone_layers):
                layers += [nn.Linear(width, config.backbone_units), choose(ACTIVATIONS, config.activation, "activation")()]
                layers += [nn.Dropout(config.backbone_dropout)] if i > 0 and config.backbone_dropout > 0 else []
                width = config.backbone_units
            self.backbone = nn.Sequential(*layers)
        self.sparsity_mask = None if mask_NZ is None else nn.Parameter(torch.from_numpy(mask_NZ.astype(np.float32)), requires_grad=False)
        self.ff1 = nn.Linear(width, units)
        if config.mode == "pure":
            self.w_tau, self.A = nn.Parameter(torch.zeros(1, units)), nn.Parameter(torch.ones(1, units))
        else:
            self.ff2, self.time_a, self.time_b = nn.Linear(width, units), nn.Linear(width, units), nn.Linear(width, units)
        for parameter in self.parameters():
            if parameter.dim() == 2 and parameter.requires_grad:
                nn.init.xavier_uniform_(parameter)

    def mask(self, linear: nn.Linear) -> Tensor:
        """Return the weight (N, Z) of a map, with zeros where the wiring does not have a synapse."""
        return linear.weight if self.sparsity_mask is None else linear.weight * self.sparsity_mask

    def first_weights(self) -> list[Tensor]:
        """Return the weights (N or hidden units, Z) that read the features and the state: those of the backbone, or of the maps without one."""
        if self.backbone is not None:
            first = self.backbone[0]
            assert isinstance(first, nn.Linear)
            return [first.weight]
        return [one.weight for one in ([self.ff1] if self.mode == "pure" else [self.ff1, self.ff2, self.time_a, self.time_b])]

    def maps(self) -> tuple[Tensor, Tensor]:
        """Return all maps stacked: weight (N or 4 N, Z) and bias."""
        if self.mode == "pure":
            return self.mask(self.ff1), self.ff1.bias
        weight = torch.cat([self.mask(self.ff1), self.mask(self.ff2), self.time_a.weight, self.time_b.weight])
        return weight, torch.cat([one.bias for one in (self.ff1, self.ff2, self.time_a, self.time_b)])

    def unroll(self, x_BTI: Tensor, dt_BT: Tensor, state_BN: Tensor) -> tuple[Tensor, Tensor]:
        """Return the neurons after each step (B, T, N) and after the last, in the weights' precision also under autocast."""
        if torch.is_autocast_enabled(x_BTI.device.type):
            with torch.autocast(x_BTI.device.type, enabled=False):
                return self.unroll(x_BTI, dt_BT, state_BN)
        weight, bias = self.maps()
        x_BTI, dt_BT, state_BN = (one.to(weight.dtype) for one in (x_BTI, dt_BT, state_BN))
        first_weight, first_bias, rest = weight, bias, None
        if self.backbone is not None:
            first, rest = self.backbone[0], self.backbone[1:]
            assert isinstance(first, nn.Linear)
            first_weight, first_bias = first.weight, first.bias
        recurrent = first_weight[:, self.inputs :].t()
        # What does not depend on the state is computed for all steps at once.
        drives = torch.nn.functional.linear(x_BTI, first_weight[:, : self.inputs], first_bias).unbind(1)
        neurons = []
        for drive, dt_B1 in zip(drives, dt_BT.unsqueeze(-1).unbind(1), strict=True):
            z = torch.addmm(drive, state_BN, recurrent)
            if rest is not None:
                z = torch.nn.functional.linear(rest(z), weight, bias)
            state_BN = self.advance(z, dt_B1)
            neurons.append(state_BN)
        return torch.stack(neurons, dim=1), state_BN

    def advance(self, maps: Tensor, dt_B1: Tensor) -> Tensor:
        """Return the new state (B, N) from the values of the maps."""
        if self.mode == "pure":
            return self.A - self.A * torch.exp(-dt_B1 * (self.w_tau.abs() + maps.abs())) * maps
        both, time_a, time_b = maps.split([2 * self.units, self.units, self.units], dim=1)
        f, g = torch.tanh(both).chunk(2, dim=1)
        t = torch.sigmoid(torch.addcmul(time_b, time_a, dt_B1))
        return torch.addcmul(f, g, t) if self.mode == "no_gate" else torch.lerp(f, g, t)


def make_wired_layers(wiring: Wiring, config: CfcConfig, groups: list[list[int]]) -> list[CfcLayer]:
    """Make one CfC layer per group of neurons, from the features to the motors, with the wiring's synapses."""
    sensory, inner = np.abs(wiring.adjacency(sensory=True)), np.abs(wiring.adjacency())
    result = []
    for before, group in zip([None, *groups], groups, strict=False):
        sources = sensory[:, group] if before is None else inner[np.ix_(before, group)]
        mask = np.concatenate([sources, np.ones((len(group), len(group)))]).T
        result.append(CfcLayer(len(sources), len(group), config, np.ascontiguousarray(mask)))
    return result


class Cfc(Cell):
    """A CfC, dense or wired."""

    Config = CfcConfig

    def __init__(self, inputs: int, motors: int, config: CfcConfig) -> None:
        super().__init__(inputs, motors, config)
        self.wiring = None if config.wiring is None else make_wiring(inputs, config.wiring)
        self.output = nn.Linear(config.units, motors) if self.wiring is None else None
        if self.wiring is None:
            self.layers = nn.ModuleList([CfcLayer(inputs, config.units, config)])
            self.neuron_names, self.neuron_roles = [f"hidden {i}" for i in range(config.units)], ["hidden"] * config.units
        else:
            if self.wiring.motors != motors:
                raise ConfigError(f"the wiring has {self.wiring.motors} motor neurons, the policy needs {motors}: set the wiring's motor to {motors}")
            self.groups = self.wiring.layers()
            self.layers = nn.ModuleList(make_wired_layers(self.wiring, config, self.groups))
            order = [neuron for group in self.groups for neuron in group]
            self.neuron_names, self.neuron_roles = [self.wiring.names[i] for i in order], [self.wiring.roles[i] for i in order]
        self.state_size = len(self.neuron_names)

    def stack(self) -> list[CfcLayer]:
        """Return the layers from the features to the motor neurons."""
        return [layer for layer in self.layers if isinstance(layer, CfcLayer)]

    def unroll(self, features_BTI: Tensor, dt_BT: Tensor, state_BS: Tensor) -> tuple[Tensor, Tensor]:
        signal, outputs, last = features_BTI, [], []
        sizes = [layer.units for layer in self.stack()]
        for layer, state in zip(self.stack(), state_BS.split(sizes, dim=1), strict=True):
            signal, state = layer.unroll(signal, dt_BT, state)
            outputs.append(signal)
            last.append(state)
        return torch.cat(outputs, dim=-1), torch.cat(last, dim=1)

    def read_out(self, neuron_BTH: Tensor) -> Tensor:
        if self.output is not None:
            return self.output(neuron_BTH)
        start = self.state_size - len(self.groups[-1])
        return neuron_BTH[..., start : start + self.motors]

    def bounds(self) -> CellBounds:
        if self.config.mode == "pure":
            return super().bounds()
        reach = 1.0 if self.config.mode == "default" else 2.0
        why = "each state is a convex combination of two tanhs" if reach == 1.0 else "each state is a tanh plus a share of a tanh"
        if self.output is not None:
            return bound_linear_read_out(self.output.weight, self.output.bias, reach, why)
        picked_MH = torch.eye(self.state_size)[self.state_size - len(self.groups[-1]) :][: self.motors]
        return bound_linear_read_out(picked_MH, torch.zeros(self.motors), reach, why)

    def connection_matrices(self) -> list[ConnectionMatrix]:
        """Return the matrices. The motor neurons of a wired CfC are its outputs: between them nothing can be cut."""
        result: list[ConnectionMatrix] = []
        sources, first = [f"sensory {i}" for i in range(self.inputs)], 0
        for layer in self.stack():
            own = self.neuron_names[first : first + layer.units]
            for weight in layer.first_weights():
                result.append(ConnectionMatrix(weight, own if len(weight) == len(own) else ["backbone"] * len(weight), sources + own))
            sources, first = own, first + layer.units
        return result if self.output is None else [*result, ConnectionMatrix(self.output.weight, [OUTPUT] * self.motors, self.neuron_names)]

    def edges(self) -> list[Edge]:
        """Return the weights of f. A cell with a backbone has no edges, because no single weight connects a pair."""
        result: list[Edge] = []
        sources, first = [f"sensory {i}" for i in range(self.inputs)], 0
        for layer in self.stack():
            own = self.neuron_names[first : first + layer.units]
            if layer.backbone is None:
                for target, row in zip(own, layer.mask(layer.ff1).tolist(), strict=True):
                    result += [(source, target, weight) for source, weight in zip(sources + own, row, strict=True) if weight != 0.0]
            sources, first = own, first + layer.units
        return result

    def portable_options(self) -> dict[str, Any]:
        return asdict(self.config) | {"wiring": None if self.wiring is None else self.wiring.to_json()}
