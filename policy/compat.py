"""The classes of `ncps.torch` 1.0.1 on this package's cells, with the same arguments, methods and state dicts. Only the import changes:

    from policy.compat import LTC, CfC          # instead of: from ncps.torch import LTC, CfC

Wirings of `ncps.wirings` (which is not imported here) and of `policy.wirings` are accepted. One wiring can be used for several layers. Three faults
of ncps are corrected: each time span in a batch acts on its own sample, a time span of 0 keeps the state of an LTC, and `sensory_synapse_count`
counts sensory synapses. `epsilon` is accepted and ignored, because no denominator can be 0.
Shapes: B batch, L time, C features, H neurons; without a batch, and with batch_first=False, as in ncps.
"""

from __future__ import annotations

import copy
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from perception.errors import ConfigError
from policy.cell import Cell
from policy.cells.cfc import MODES, CfcConfig, CfcLayer, Mode, make_wired_layers
from policy.cells.ltc import POSITIVE, Ltc, LtcConfig, Mapping
from policy.kernels.dispatch import Kernel
from policy.kernels.plan import Solver
from policy.ncps.sequences import LSTMCell, Sequences
from policy.ncps.state import from_ncps, to_ncps
from policy.wirings import Synapse, Wiring, fully_connected

__all__ = ["LTC", "CfC", "CfCCell", "LTCCell", "WiredCfCCell"]


# A wiring of ncps is built for the features of its first layer. These copies, made before, are built for layers with other features.
_unbuilt: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()


def wiring_of(units: Any, inputs: int | None) -> Wiring:
    """Return this package's wiring for a number of fully connected units, a wiring of ncps (built or not) or one of our own.

    Raises ConfigError when the number of features is unknown or does not fit.
    """
    if isinstance(units, Wiring):
        if inputs not in (None, units.inputs):
            raise ConfigError(f"the wiring is for {units.inputs} features, input_size is {inputs}: make the wiring for {inputs}")
        return units
    if inputs is None and (isinstance(units, int) or not units.is_built()):
        raise ConfigError("Wiring error! Unknown number of input features: pass the number of features, or call the wiring's build()")
    if isinstance(units, int):
        assert inputs is not None
        return fully_connected(inputs, units, motor=units)
    if not units.is_built():
        _unbuilt[units] = copy.deepcopy(units)
        units.build(inputs)
    built = units  # as it is: ncps would draw the synapses of a built wiring a second time, in addition
    if inputs not in (None, units.input_dim):
        if units not in _unbuilt:
            raise ConfigError(f"the wiring was built for {units.input_dim} features, input_size is {inputs}: make a wiring for each input size")
        built = copy.deepcopy(_unbuilt[units])
        built.build(inputs)
    if built.output_dim is None:
        raise ConfigError("the wiring does not know its number of outputs: call its set_output_dim()")
    found = [
        tuple(Synapse(int(s), int(t), int(matrix[s, t])) for s, t in zip(*matrix.nonzero(), strict=True))
        for matrix in (built.adjacency_matrix, built.sensory_adjacency_matrix)
    ]
    roles = ("motor",) * built.output_dim + tuple(_role(built.get_type_of_neuron(i)) for i in range(built.output_dim, built.units))
    return Wiring("ncps", int(built.input_dim), roles, found[0], found[1])


def _role(kind: str) -> str:
    """Return the role of a neuron that gives no output."""
    return kind if kind in ("inter", "command") else "inter"


def layers_of(units: Any) -> list[list[int]]:
    """Return the neurons of each layer, from the features to the outputs, as the wiring of ncps or of our own says."""
    return units.layers() if isinstance(units, Wiring) else [list(units.get_neurons_of_layer(number)) for number in range(units.num_layers)]


def expand_span(span: Tensor | float, batch: int, like: Tensor) -> Tensor:
    """Return a time span (one number, (B,) or (B, 1)) as (B, 1), with the precision and on the device of `like`."""
    return torch.as_tensor(span, dtype=like.dtype, device=like.device).reshape(-1, 1).expand(batch, 1)


def _to_ncps_layout(cell: Any, state: dict[str, Tensor], prefix: str, *_: Any) -> None:
    state.update(to_ncps(cell, prefix))


def _from_ncps_layout(cell: Any, state: dict[str, Tensor], prefix: str, *rest: Any) -> None:
    errors: list[str] = rest[-1]
    names = [name for name in state if name.startswith(prefix) and "." not in name[len(prefix) :]]
    given = {name[len(prefix) :]: state.pop(name) for name in names}
    try:
        state.update({prefix + name: value for name, value in from_ncps(cell, given).items()})
    except ConfigError as error:
        errors.append(str(error))


class _Counts:
    """The sizes that the wired cells of ncps have as properties."""

    wiring: Any

    @property
    def sensory_size(self) -> int:
        """The number of features (C)."""
        return int(self.wiring.inputs)

    @property
    def motor_size(self) -> int:
        """The number of motor neurons."""
        return int(self.wiring.motors)

    @property
    def output_size(self) -> int:
        """The number of outputs."""
        return self.motor_size

    @property
    def synapse_count(self) -> int:
        """The number of synapses among neurons."""
        return len(self.wiring.synapses)

    @property
    def sensory_synapse_count(self) -> int:
        """The number of synapses from features."""
        return len(self.wiring.sensory)


class LTCCell(_Counts, Ltc):
    """`ncps.torch.LTCCell`: one step of an LTC. `solver` and `kernel` are additions, see `LtcConfig`."""

    def __init__(
        self,
        wiring: Any,
        in_features: int | None = None,
        input_mapping: Mapping | None = "affine",
        output_mapping: Mapping | None = "affine",
        ode_unfolds: int = 6,
        epsilon: float = 1e-8,
        implicit_param_constraints: bool = False,
        solver: Solver = "semi_implicit",
        kernel: Kernel = "auto",
    ) -> None:
        own = wiring_of(wiring, in_features)
        config = LtcConfig(
            wiring=own.to_json(),
            solver=solver,
            unfolds=ode_unfolds,
            positivity="softplus" if implicit_param_constraints else "as_is",
            input_mapping=input_mapping or "none",
            output_mapping=output_mapping or "none",
            kernel=kernel,
        )
        super().__init__(own.inputs, own.motors, config)
        self.register_state_dict_post_hook(_to_ncps_layout)
        self.register_load_state_dict_pre_hook(_from_ncps_layout)

    def forward(self, inputs: Tensor, states: Tensor, elapsed_time: Tensor | float = 1.0) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        """Return outputs (B, M) and the next state (B, H) after `elapsed_time`: one number, (B,) or (B, 1)."""
        motor, state = self.run_sequence(inputs[:, None], expand_span(elapsed_time, len(inputs), self.get_parameter("vleak")), states)
        return motor[:, 0], state

    def run_sequence(self, features_BTI: Tensor, dt_BT: Tensor, state_BS: Tensor) -> tuple[Tensor, Tensor]:
        """Run a whole sequence in one call of the kernel."""
        return Cell.forward(self, features_BTI, dt_BT, state_BS)

    def apply_weight_constraints(self) -> None:
        """Clip parameters that must be positive to 0 or more, unless they are positive by construction."""
        if not self.plan.softplus:
            with torch.no_grad():
                for name in POSITIVE:
                    self.get_parameter(name).clamp_(min=0.0)


class CfCCell(CfcLayer):
    """`ncps.torch.CfCCell`: one step of a dense CfC."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        mode: Mode = "default",
        backbone_activation: str = "lecun_tanh",
        backbone_units: int = 128,
        backbone_layers: int = 1,
        backbone_dropout: float = 0.0,
        sparsity_mask: Any = None,
    ) -> None:
        if mode not in MODES:
            raise ConfigError(f"Unknown mode '{mode}', valid options are {', '.join(MODES)}")
        config = CfcConfig(mode, None, hidden_size, backbone_activation, backbone_units, backbone_layers, backbone_dropout)
        super().__init__(input_size, hidden_size, config, None if sparsity_mask is None else abs(sparsity_mask.T))
        self.input_size, self.hidden_size = input_size, hidden_size

    def forward(self, input: Tensor, hx: Tensor, ts: Tensor | float) -> tuple[Tensor, Tensor]:
        """Return the new state (B, H), twice, after the time `ts`: one number, (B,) or (B, 1)."""
        _, state = self.unroll(input[:, None], expand_span(ts, len(input), self.ff1.weight), hx)
        return state, state

    def run_sequence(self, features_BTI: Tensor, dt_BT: Tensor, state_BS: Tensor) -> tuple[Tensor, Tensor]:
        """Run a whole sequence."""
        return self.unroll(features_BTI, dt_BT, state_BS)


class WiredCfCCell(_Counts, nn.Module):
    """`ncps.torch.WiredCfCCell`: one step of a CfC on a wiring's layers."""

    def __init__(self, input_size: int | None, wiring: Any, mode: Mode = "default") -> None:
        super().__init__()
        self.wiring = wiring_of(wiring, input_size)
        layers = make_wired_layers(self.wiring, CfcConfig(mode=mode), layers_of(wiring))
        for i, layer in enumerate(layers):
            self.register_module(f"layer_{i}", layer)
        self.state_size, self.num_layers = self.wiring.units, len(layers)
        self.layer_sizes = [layer.units for layer in layers]

    def forward(self, input: Tensor, hx: Tensor, timespans: Tensor | float) -> tuple[Tensor, Tensor]:
        """Return the last layer's state, and the state (B, H) layer by layer, after `timespans`: one number, (B,) or (B, 1)."""
        outputs, state = self.run_sequence(input[:, None], expand_span(timespans, len(input), next(self.parameters())), hx)
        return outputs[:, 0], state

    def run_sequence(self, features_BTI: Tensor, dt_BT: Tensor, state_BS: Tensor) -> tuple[Tensor, Tensor]:
        """Run a whole sequence."""
        signal, last = features_BTI, []
        layers = [getattr(self, f"layer_{i}") for i in range(self.num_layers)]
        for layer, state in zip(layers, state_BS.split(self.layer_sizes, dim=1), strict=True):
            signal, state = layer.unroll(signal, dt_BT, state)
            last.append(state)
        return signal, torch.cat(last, dim=1)


class LTC(_Counts, Sequences):
    """`ncps.torch.LTC`: an LTC over sequences. `solver` and `kernel` are additions, see `LtcConfig`."""

    def __init__(
        self,
        input_size: int,
        units: Any,
        return_sequences: bool = True,
        batch_first: bool = True,
        mixed_memory: bool = False,
        input_mapping: Mapping | None = "affine",
        output_mapping: Mapping | None = "affine",
        ode_unfolds: int = 6,
        epsilon: float = 1e-8,
        implicit_param_constraints: bool = True,
        solver: Solver = "semi_implicit",
        kernel: Kernel = "auto",
    ) -> None:
        super().__init__(input_size, units, return_sequences, batch_first, mixed_memory)
        mappings = (input_mapping, output_mapping, ode_unfolds, epsilon)
        self.rnn_cell = LTCCell(units, input_size, *mappings, implicit_param_constraints, solver, kernel)
        self.wiring, self.state_size = self.rnn_cell.wiring, self.rnn_cell.wiring.units
        if mixed_memory:
            self.lstm = LSTMCell(input_size, self.state_size)


class CfC(Sequences):
    """`ncps.torch.CfC`: a CfC over sequences. It is dense for a number of units and wired for a wiring."""

    def __init__(
        self,
        input_size: int,
        units: Any,
        proj_size: int | None = None,
        return_sequences: bool = True,
        batch_first: bool = True,
        mixed_memory: bool = False,
        mode: Mode = "default",
        activation: str = "lecun_tanh",
        backbone_units: int | None = None,
        backbone_layers: int | None = None,
        backbone_dropout: float | None = None,
    ) -> None:
        super().__init__(input_size, units, return_sequences, batch_first, mixed_memory)
        backbone = {"backbone_units": backbone_units, "backbone_layers": backbone_layers, "backbone_dropout": backbone_dropout}
        given = {name: value for name, value in backbone.items() if value is not None}
        if isinstance(units, int):
            self.rnn_cell = CfCCell(input_size, units, mode, activation, **given)  # type: ignore[arg-type]
            self.state_size = self.output_size = units
        else:
            if given:
                raise ConfigError(f"Cannot use {', '.join(given)} in wired mode")
            self.rnn_cell = WiredCfCCell(input_size, units, mode)
            self.state_size, self.output_size = self.rnn_cell.state_size, self.rnn_cell.layer_sizes[-1]
        if mixed_memory:
            self.lstm = LSTMCell(input_size, self.state_size)
        self.proj_size = proj_size
        self.fc = nn.Identity() if proj_size is None else nn.Linear(self.output_size, proj_size)
