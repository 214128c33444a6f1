"""The liquid time-constant network (Hasani et al. 2021) on a sparse wiring, the NCP paper's by default.

Parameters are vectors over the wiring's synapses, not masked matrices. Conductances and capacitances are positive by construction: stored
before a softplus. Equations in `kernels/reference.py`, whose results every kernel gives.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from perception.errors import ConfigError
from policy.cell import Cell, Edge, Stepper
from policy.kernels import dispatch, reference
from policy.kernels.cpu.native import NativeStepper
from policy.kernels.plan import LtcParameters, LtcPlan
from policy.wirings import make_wiring

POSITIVE = ("gleak", "cm", "w", "sensory_w")
# Where parameters start, uniformly: conductances in S, capacitances in F, potentials in V; the ranges of the NCP paper.
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
MAPPINGS = ("affine", "linear", "none")


@dataclass
class LtcConfig:
    """Options of the LTC.

    wiring: options of `make_wiring`. solver: semi_implicit, exponential_euler or exponential_midpoint. unfolds: sub-steps a step.
    positivity: "softplus", or "as_is" for weights that the user keeps positive, as ncps without implicit constraints.
    input_mapping, output_mapping: affine, linear or none. kernel: auto, or one of `kernels.dispatch`.
    """

    wiring: dict[str, Any] = field(default_factory=lambda: {"kind": "ncp"})
    solver: str = "semi_implicit"
    unfolds: int = 6
    positivity: str = "softplus"
    input_mapping: str = "affine"
    output_mapping: str = "affine"
    kernel: str = "auto"


class Ltc(Cell):
    """An LTC layer: sensory synapses from the features, synapses among neurons, the first M neurons are the motors."""

    Config = LtcConfig

    def __init__(self, inputs: int, motors: int, config: LtcConfig) -> None:
        super().__init__(inputs, motors, config)
        for mapping in (config.input_mapping, config.output_mapping):
            if mapping not in MAPPINGS:
                raise ConfigError(f"there is no mapping '{mapping}' (known: {', '.join(MAPPINGS)})")
        if config.positivity not in ("softplus", "as_is"):
            raise ConfigError(f"positivity is '{config.positivity}': give softplus or as_is")
        self.wiring = make_wiring(inputs, config.wiring)
        if self.wiring.motors != motors:
            raise ConfigError(f"the wiring has {self.wiring.motors} motor neurons, the policy needs {motors}: set the wiring's motor to {motors}")
        self.plan = LtcPlan(self.wiring, config.solver, config.unfolds, config.positivity == "softplus")
        self.state_size = self.wiring.units
        self.neuron_names, self.neuron_roles = self.wiring.names, list(self.wiring.roles)
        self._allocate(config)

    def _allocate(self, config: LtcConfig) -> None:
        synapses, sensory = len(self.wiring.synapses), len(self.wiring.sensory)
        for name, (low, high) in START.items():
            size = sensory if name.startswith("sensory") else self.wiring.units if name in ("gleak", "vleak", "cm") else synapses
            value = torch.empty(size).uniform_(low, high)
            self.register_parameter(name, nn.Parameter(self.stored(name, value)))
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

    def stored(self, name: str, value: Tensor) -> Tensor:
        """How the value of the parameter `name` is stored: before its softplus where it must be positive."""
        if name not in POSITIVE or not self.plan.softplus:
            return value
        return (value.double() + torch.log(-torch.expm1(-value.double()))).to(value.dtype)

    def parameters_by_name(self) -> LtcParameters:
        """The parameters as stored, in the kernels' order."""
        own: dict[str, Any] = {**self._parameters, **self._buffers}  # not by attribute: that takes as long as a small net's step
        return LtcParameters(*(own[name] if name in own else getattr(self, name) for name in LtcParameters._fields))

    def value(self, name: str) -> Tensor:
        """The parameter `name` as the equations mean it: after the softplus where there is one."""
        return self.plan.positive(getattr(self, name)) if name in POSITIVE else getattr(self, name)

    def run(self, features_BTI: Tensor, dt_BT: Tensor, state_BS: Tensor, want_neurons: bool) -> tuple[Tensor, Tensor, Tensor | None]:
        """Motors (B, T, M), the last state, and the neurons (B, T, H) if wanted, by the kernel that serves."""
        return dispatch.ltc_sequence(self.plan, self.parameters_by_name(), features_BTI, dt_BT, state_BS, self.config.kernel, want_neurons)

    def kernel(self) -> dispatch.Choice:
        """Which kernel serves this cell as it stands, and why; inputs on another device or in a torch.func transform may change it."""
        state = self.initial_state(1)
        return dispatch.select(self.parameters_by_name(), state, state, state, dispatch.asked(self.config.kernel))

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

    def edges(self) -> list[Edge]:
        names, senses = self.wiring.names, self.wiring.sensory_names
        sensory_weight, weight = ((self.value(prefix + "w") * getattr(self, prefix + "erev")).tolist() for prefix in ("sensory_", ""))
        outer = [(senses[one.source], names[one.target], w) for one, w in zip(self.wiring.sensory, sensory_weight, strict=True)]
        inner = [(names[one.source], names[one.target], w) for one, w in zip(self.wiring.synapses, weight, strict=True)]
        return outer + inner

    def portable_options(self) -> dict[str, Any]:
        return asdict(self.config) | {"wiring": self.wiring.to_json()}
