"""The arguments of an LTC kernel that are not tensors: the wiring as index arrays, the solver, the number of sub-steps.

E synapses among H neurons, F sensory synapses from I features, M motor neurons (the first ones).
"""

from __future__ import annotations

import hashlib
from typing import Literal, NamedTuple, get_args

import numpy as np
import torch
from torch import Tensor

from perception.errors import ConfigError
from policy.wirings import Wiring

Solver = Literal["semi_implicit", "exponential_euler", "exponential_midpoint"]
SOLVERS: tuple[Solver, ...] = get_args(Solver)  # the kernels in C++ and Triton number them in this order
EVALUATIONS: dict[Solver, int] = dict(zip(SOLVERS, (1, 1, 2), strict=True))  # of all synapses, per sub-step


class LtcParameters(NamedTuple):
    """An LTC's parameters as vectors. Where the plan says `softplus`, gleak, cm, w and sensory_w are stored before a softplus."""

    gleak: Tensor  # (H,) leak conductance, S
    vleak: Tensor  # (H,) leak potential, V
    cm: Tensor  # (H,) membrane capacitance, F
    w: Tensor  # (E,) largest conductance of a synapse, S
    mu: Tensor  # (E,) potential of the source at which a synapse is half active, V
    sigma: Tensor  # (E,) steepness of the synapse's sigmoid, 1/V
    erev: Tensor  # (E,) reversal potential, V
    sensory_w: Tensor  # (F,) as w, for sensory synapses
    sensory_mu: Tensor  # (F,) as mu
    sensory_sigma: Tensor  # (F,) as sigma
    sensory_erev: Tensor  # (F,) as erev
    input_w: Tensor  # (I,) gain of the features
    input_b: Tensor  # (I,) offset of the features
    output_w: Tensor  # (M,) gain of the motor outputs
    output_b: Tensor  # (M,) offset of the motor outputs


class LtcPlan:
    """The fixed part of an LTC: wiring, solver, sub-steps per step, and whether positive parameters are stored before a softplus.

    The synapses into neuron i are `row[i]` to `row[i + 1]`. Where only plain values can be passed, `key` identifies the plan in PLANS.
    Raises ConfigError when `unfolds` is below 1.
    """

    def __init__(self, wiring: Wiring, solver: Solver, unfolds: int, softplus: bool) -> None:
        if unfolds < 1:
            raise ConfigError(f"unfolds is {unfolds}: give 1 sub-step or more")
        self.wiring, self.solver, self.unfolds, self.softplus = wiring, solver, unfolds, softplus
        self.units, self.inputs, self.motors = wiring.units, wiring.inputs, wiring.motors
        self.source, self.target = (np.ascontiguousarray(a, dtype=np.int32) for a in wiring.index_arrays()[:2])
        self.sensory_source, self.sensory_target = (np.ascontiguousarray(a, dtype=np.int32) for a in wiring.index_arrays(sensory=True)[:2])
        self.row, self.sensory_row = (np.searchsorted(t, np.arange(self.units + 1)).astype(np.int32) for t in (self.target, self.sensory_target))

        # Made here rather than at first use: the first use may be inside an export, whose placeholder tensors must not be kept.
        self.block = SynapseBlock(self.source, self.target, self.units, self.units)  # dense, for the reference kernel
        self.sensory_block = SynapseBlock(self.sensory_source, self.sensory_target, self.inputs, self.units)
        parts = (wiring.inputs, wiring.roles, wiring.synapses, wiring.sensory, solver, unfolds, softplus)
        self.key = hashlib.sha256(repr(parts).encode()).hexdigest()
        PLANS.setdefault(self.key, self)

    def __reduce__(self) -> tuple[type[LtcPlan], tuple[Wiring, Solver, int, bool]]:
        return LtcPlan, (self.wiring, self.solver, self.unfolds, self.softplus)

    @property
    def evaluations(self) -> int:
        """The number of evaluations of all synapses per step."""
        return self.unfolds * EVALUATIONS[self.solver]

    @property
    def tape_rows(self) -> int:
        """The number of values per sample and step that the CPU kernel keeps for the backward pass: `Tape` of ltc_job.h."""
        driven = int(np.count_nonzero(np.diff(self.row)))
        return self.evaluations * (self.units + 2 * driven) + 2 * (self.units - driven)

    def positive(self, raw: Tensor) -> Tensor:
        """Return the positive values of a stored parameter."""
        return torch.nn.functional.softplus(raw) if self.softplus else raw


PLANS: dict[str, LtcPlan] = {}


class SynapseBlock:
    """The dense (source, target) matrix that contains all synapses: all sources, and the targets below `targets`."""

    def __init__(self, source: np.ndarray, target: np.ndarray, sources: int, units: int) -> None:
        self.sources = sources
        self.targets = int(target.max()) + 1 if len(target) else 0
        self.padding = units - self.targets
        self._place = torch.from_numpy(source.astype(np.int64) * self.targets + target)
        self._places = {self._place.device: self._place}

    def dense(self, edge_E: Tensor) -> Tensor:
        """Return edge values (E,) as a matrix (sources, targets), with 0 where no synapse exists."""
        if edge_E.device not in self._places:
            self._places[edge_E.device] = self._place.to(edge_E.device)
        flat = edge_E.new_zeros(self.sources * self.targets)
        return flat.index_copy(0, self._places[edge_E.device], edge_E).view(self.sources, self.targets)
