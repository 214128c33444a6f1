"""The liquid time-constant network (Hasani et al. 2021) on a sparse wiring, the NCP paper's by default.

Parameters are vectors over the wiring's synapses, not masked matrices. Conductances and capacitances are positive by construction, because they
are stored before a softplus. `kernels/reference.py` states the equations, and all kernels give its results.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from perception.errors import ConfigError
from policy.bounds import CellBounds
from policy.cell import OUTPUT, Cell, Edge, Stepper
from policy.kernels import dispatch, reference
from policy.kernels.bounds import POSITIVE, bound_ltc
from policy.kernels.cpu.native import NativeStepper
from policy.kernels.currents import Flows, find_currents, split_changes
from policy.kernels.plan import LtcParameters, LtcPlan, Solver
from policy.options import check_choices
from policy.wirings import make_wiring

# Uniform ranges of the initial parameters, from the NCP paper: conductances in S, capacitances in F, potentials in V.
START = {
    "gleak": (0.001, 1.0),
    "vleak": (-0.2, 0.2),
    "cm": (0.4, 0.6),
    "w": (0.001, 1.0),
    "sigma": (3.0, 8.0),
    "mu": (0.3, 0.8),
    "sensory_w": (0.001, 1.0),
    "sensory_sigma": (3.0, 8.0),
    "sensory_mu": (0.3, 0.8),
}
Mapping = Literal["affine", "linear", "none"]


@dataclass
class LtcConfig:
    """Options of the LTC.

    Args:
        wiring: options of `make_wiring`.
        solver: how a sub-step is solved, see `kernels/reference.py`.
        unfolds: sub-steps per step.
        positivity: "softplus", or "as_is" for weights that the user keeps positive, like ncps without implicit constraints.
        input_mapping: what is learned between features and sensory neurons.
        output_mapping: what is learned between motor neurons and outputs.
        kernel: which kernel runs the cell, see `kernels/dispatch.py`.
    """

    wiring: dict[str, Any] = field(default_factory=lambda: {"kind": "ncp"})
    solver: Solver = "semi_implicit"
    unfolds: int = 6
    positivity: Literal["softplus", "as_is"] = "softplus"
    input_mapping: Mapping = "affine"
    output_mapping: Mapping = "affine"
    kernel: dispatch.Kernel = "auto"

    def __post_init__(self) -> None:
        """Raises ConfigError for an unknown word."""
        check_choices(self)


class Ltc(Cell):
    """An LTC layer: sensory synapses from the features, and synapses among neurons. The first M neurons are the motor neurons."""

    Config = LtcConfig
    flow = "synaptic current w sigma(v_source) (E - v_target), positive where it raises the target"

    def __init__(self, inputs: int, motors: int, config: LtcConfig) -> None:
        super().__init__(inputs, motors, config)
        self.wiring = make_wiring(inputs, config.wiring)
        if self.wiring.motors != motors:
            raise ConfigError(f"the wiring has {self.wiring.motors} motor neurons, the policy needs {motors}: set the wiring's motor to {motors}")
        self.plan = LtcPlan(self.wiring, config.solver, config.unfolds, config.positivity == "softplus")
        self.state_size = self.wiring.units
        self.neuron_names, self.neuron_roles = self.wiring.names, list(self.wiring.roles)
        self._allocate(config)

    def _allocate(self, config: LtcConfig) -> None:
        """Make and initialise the parameters."""
        synapses, sensory = len(self.wiring.synapses), len(self.wiring.sensory)
        for name, (low, high) in START.items():
            size = sensory if name.startswith("sensory") else self.wiring.units if name in ("gleak", "vleak", "cm") else synapses
            value = torch.empty(size).uniform_(low, high)
            self.register_parameter(name, nn.Parameter(self.to_stored(name, value)))
        for name, is_sensory in (("erev", False), ("sensory_erev", True)):
            polarity = torch.from_numpy(self.wiring.index_arrays(is_sensory)[2])
            self.register_parameter(name, nn.Parameter(polarity.to(torch.get_default_dtype())))
        for prefix, mapping, size in (("input", config.input_mapping, self.inputs), ("output", config.output_mapping, self.motors)):
            self._register(f"{prefix}_w", torch.ones(size), learned=mapping != "none")
            self._register(f"{prefix}_b", torch.zeros(size), learned=mapping == "affine")

    def _register(self, name: str, value: Tensor, learned: bool) -> None:
        if learned:
            self.register_parameter(name, nn.Parameter(value))
        else:
            self.register_buffer(name, value, persistent=False)

    def to_stored(self, name: str, value: Tensor) -> Tensor:
        """Return the stored form of the parameter `name`: before its softplus where the parameter must be positive."""
        if name not in POSITIVE or not self.plan.softplus:
            return value
        return (value.double() + torch.log(-torch.expm1(-value.double()))).to(value.dtype)

    def parameters_by_name(self) -> LtcParameters:
        """Return the parameters as stored, in the kernels' order."""
        own: dict[str, Any] = {**self._parameters, **self._buffers}  # looking up attributes takes as long as a step of a small net
        return LtcParameters(*(own[name] if name in own else getattr(self, name) for name in LtcParameters._fields))

    def value(self, name: str) -> Tensor:
        """Return the value of the parameter `name` in the equations: after the softplus where there is one."""
        return self.plan.positive(getattr(self, name)) if name in POSITIVE else getattr(self, name)

    def run(self, features_BTI: Tensor, dt_BT: Tensor, state_BS: Tensor, want_neurons: bool) -> tuple[Tensor, Tensor, Tensor | None]:
        """Return motor outputs (B, T, M), the last state and, if wanted, the neurons (B, T, H), from the selected kernel."""
        return dispatch.ltc_sequence(self.plan, self.parameters_by_name(), features_BTI, dt_BT, state_BS, self.config.kernel, want_neurons)

    def kernel(self) -> dispatch.Choice:
        """Return the kernel that runs this cell now, and why. Inputs on another device or in a torch.func transform can change it."""
        state = self.initial_state(1)
        return dispatch.select(self.parameters_by_name(), state, state, state, dispatch.requested(self.config.kernel))

    def stepper(self) -> Stepper:
        return NativeStepper(self.plan, self.parameters_by_name()) if self.kernel().kernel == "cpu" else super().stepper()

    def outputs(self, features_BTI: Tensor, dt_BT: Tensor, state_BS: Tensor) -> tuple[Tensor, Tensor]:
        motor_BTM, last_BS, _ = self.run(features_BTI, dt_BT, state_BS, want_neurons=False)
        return motor_BTM, last_BS

    def unroll(self, features_BTI: Tensor, dt_BT: Tensor, state_BS: Tensor) -> tuple[Tensor, Tensor]:
        _, last_BS, neuron_BTH = self.run(features_BTI, dt_BT, state_BS, want_neurons=True)
        assert neuron_BTH is not None
        return neuron_BTH, last_BS

    def read_out(self, neuron_BTH: Tensor) -> Tensor:
        p = self.parameters_by_name()
        return neuron_BTH[..., : self.motors] * p.output_w + p.output_b

    def time_constants(self, features_BTI: Tensor, neuron_BTH: Tensor, state_BS: Tensor) -> Tensor:
        return reference.time_constants(self.plan, self.parameters_by_name(), features_BTI, neuron_BTH)

    def currents(self, features_BTI: Tensor, neuron_BTH: Tensor, state_BS: Tensor) -> Tensor:
        return find_currents(self.plan, self.parameters_by_name(), features_BTI, neuron_BTH).synapse_BTE

    def split_changes(self, features_BTI: Tensor, dt_BT: Tensor, neuron_BTH: Tensor, state_BS: Tensor) -> Flows:
        """Return what each synapse, in the order of `edges`, and each leak added to its neuron in each step of a sequence from `state_BS` on."""
        return split_changes(self.plan, self.parameters_by_name(), features_BTI, dt_BT, neuron_BTH, state_BS)

    def bounds(self) -> CellBounds:
        box = bound_ltc(self.plan, self.parameters_by_name())
        gain, offset = (getattr(self, name).detach().double().cpu().numpy() for name in ("output_w", "output_b"))
        ends_2M = [gain * end_H[: self.motors] + offset for end_H in (box.low_H, box.high_H)]
        why = "each sub-step is a convex combination of the old state, the leak potential and the reversal potentials, from 0 on"
        return CellBounds(*box, np.minimum(*ends_2M), np.maximum(*ends_2M), why)

    def cut(self, is_cut: Callable[[str, str], bool]) -> None:
        names, senses = self.wiring.names, self.wiring.sensory_names
        for name, synapses, sources in (("w", self.wiring.synapses, names), ("sensory_w", self.wiring.sensory, senses)):
            weight_E = getattr(self, name).detach()
            cut_E = torch.tensor([is_cut(sources[one.source], names[one.target]) for one in synapses], dtype=torch.bool, device=weight_E.device)
            weight_E[cut_E] = self.to_stored(name, torch.zeros((), dtype=weight_E.dtype, device=weight_E.device))
        gain_M = self.parameters_by_name().output_w.detach()
        for motor in range(self.motors):
            if is_cut(names[motor], OUTPUT):
                gain_M[motor] = 0.0

    def edges(self) -> list[Edge]:
        names, senses = self.wiring.names, self.wiring.sensory_names
        sensory_weight, weight = ((self.value(prefix + "w") * getattr(self, prefix + "erev")).tolist() for prefix in ("sensory_", ""))
        outer = [(senses[one.source], names[one.target], w) for one, w in zip(self.wiring.sensory, sensory_weight, strict=True)]
        inner = [(names[one.source], names[one.target], w) for one, w in zip(self.wiring.synapses, weight, strict=True)]
        return outer + inner

    def portable_options(self) -> dict[str, Any]:
        return asdict(self.config) | {"wiring": self.wiring.to_json()}
