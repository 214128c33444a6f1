"""What every LTC kernel is told beside the tensors: the wiring as index arrays, the solver, the unfolds.

E synapses among H neurons, F sensory synapses from I features, M motor neurons (the first ones).
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from perception.errors import ConfigError
from policy.wirings import Wiring

SOLVERS = ("semi_implicit", "exponential_euler", "exponential_midpoint")
EVALUATIONS = {"semi_implicit": 1, "exponential_euler": 1, "exponential_midpoint": 2}


class LtcParameters(NamedTuple):
    """An LTC's parameters as vectors: (H,) per neuron, (E,) per synapse, (F,) per sensory synapse, (I,) and (M,) for the mappings.

    gleak (S), cm (F), w (S) and sensory_w (S) are positive: as they are, or before a softplus when the plan says so.
    """

    gleak: Tensor
    vleak: Tensor
    cm: Tensor
    w: Tensor
    mu: Tensor
    sigma: Tensor
    erev: Tensor
    sensory_w: Tensor
    sensory_mu: Tensor
    sensory_sigma: Tensor
    sensory_erev: Tensor
    input_w: Tensor
    input_b: Tensor
    output_w: Tensor
    output_b: Tensor


class LtcPlan:
    """The fixed part of an LTC: wiring, solver, sub-steps a step, and whether positive parameters come before their softplus.

    `row[i]` to `row[i + 1]` are the synapses into neuron i. `key` stands for a plan where only plain values go; PLANS finds it.
    """

    def __init__(self, wiring: Wiring, solver: str, unfolds: int, softplus: bool) -> None:
        if solver not in SOLVERS:
            raise ConfigError(f"there is no solver '{solver}' (known: {', '.join(SOLVERS)})")
        if unfolds < 1:
            raise ConfigError(f"unfolds is {unfolds}: give 1 sub-step or more")
        self.wiring, self.solver, self.unfolds, self.softplus = wiring, solver, unfolds, softplus
        self.units, self.inputs, self.motors = wiring.units, wiring.inputs, wiring.motors
        self.source, self.target = (np.ascontiguousarray(a, dtype=np.int32) for a in wiring.index_arrays()[:2])
        self.sensory_source, self.sensory_target = (np.ascontiguousarray(a, dtype=np.int32) for a in wiring.index_arrays(sensory=True)[:2])
        self.row, self.sensory_row = (np.searchsorted(t, np.arange(self.units + 1)).astype(np.int32) for t in (self.target, self.sensory_target))

        # At once, not when first asked for: that may be while a graph is exported, whose stand-ins for tensors must not be kept.
        self.block = SynapseBlock(self.source, self.target, self.units, self.units)  # dense, for the reference kernel
        self.sensory_block = SynapseBlock(self.sensory_source, self.sensory_target, self.inputs, self.units)
        parts = (wiring.inputs, wiring.roles, wiring.synapses, wiring.sensory, solver, unfolds, softplus)
        self.key = hashlib.sha256(repr(parts).encode()).hexdigest()
        PLANS.setdefault(self.key, self)

    def __reduce__(self) -> tuple[type[LtcPlan], tuple[Wiring, str, int, bool]]:
        return LtcPlan, (self.wiring, self.solver, self.unfolds, self.softplus)

    @property
    def evaluations(self) -> int:
        """Evaluations of all synapses a step."""
        return self.unfolds * EVALUATIONS[self.solver]

    @property
    def tape_rows(self) -> int:
        """Values a sample that the CPU kernel keeps of a step for the backward pass: `Tape` of ltc_job.h."""
        driven = int(np.count_nonzero(np.diff(self.row)))
        return self.evaluations * (self.units + 2 * driven) + 2 * (self.units - driven)

    def positive(self, raw: Tensor) -> Tensor:
        """The positive value that a stored parameter stands for."""
        return torch.nn.functional.softplus(raw) if self.softplus else raw


PLANS: dict[str, LtcPlan] = {}


class SynapseBlock:
    """The dense (source, target) block that holds all synapses: all sources, targets 0 to `targets`."""

    def __init__(self, source: np.ndarray, target: np.ndarray, sources: int, units: int) -> None:
        self.sources = sources
        self.targets = int(target.max()) + 1 if len(target) else 0
        self.padding = units - self.targets
        self._place = torch.from_numpy(source.astype(np.int64) * self.targets + target)
        self._places = {self._place.device: self._place}

    def dense(self, edge_E: Tensor) -> Tensor:
        """Edge values as a (sources, targets) matrix, 0 where there is no synapse."""
        if edge_E.device not in self._places:
            self._places[edge_E.device] = self._place.to(edge_E.device)
        flat = edge_E.new_zeros(self.sources * self.targets)
        return flat.index_copy(0, self._places[edge_E.device], edge_E).view(self.sources, self.targets)
