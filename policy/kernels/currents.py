"""The currents of an LTC's synapses and leaks, and what each of them adds to its neuron in one step. `reference` states the equations.

Synapse j -> i carries the current w_ij sigma_ij(v_j) (E_ij - v_i), and the leak of i carries gleak_i (vleak_i - v_i). Their sum is cm_i v_i'.
A solver's sub-step adds (sum of the currents) times a factor of neuron i alone to v_i: so the change of a step is a sum over the synapses and
the leak, without a rest. Shapes: B batch, T time, I features, H neurons, F sensory synapses, E all synapses with the sensory ones first.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from policy.kernels.plan import LtcParameters, LtcPlan


class Flows(NamedTuple):
    """A value per synapse and per leak, each positive where it raises its neuron's potential."""

    synapse_BTE: Tensor
    leak_BTH: Tensor

    def total(self, target_E: Tensor) -> Tensor:
        """Return the sums into each neuron (B, T, H)."""
        return self.leak_BTH.index_add(-1, target_E, self.synapse_BTE)


class Circuit:
    """The synapses and membranes of an LTC while it sees the features (B, T, I)."""

    def __init__(self, plan: LtcPlan, parameters: LtcParameters, features_BTI: Tensor) -> None:
        p, self.solver, self.unfolds = parameters, plan.solver, plan.unfolds
        device = features_BTI.device
        self._source = torch.from_numpy(plan.source).long().to(device)
        self.target_E = torch.cat([torch.from_numpy(one).long().to(device) for one in (plan.sensory_target, plan.target)])
        self._w, self._mu, self._sigma = plan.positive(p.w), p.mu, p.sigma
        self._cm, self._gleak, self._vleak = plan.positive(p.cm), plan.positive(p.gleak), p.vleak
        self._erev = torch.cat([p.sensory_erev, p.erev])
        seen = (features_BTI * p.input_w + p.input_b)[..., torch.from_numpy(plan.sensory_source).long().to(device)]
        self._sensory_BTF = plan.positive(p.sensory_w) * torch.sigmoid(p.sensory_sigma * (seen - p.sensory_mu))

    def conductances(self, v_BTH: Tensor) -> Tensor:
        """Return w sigma of each synapse (B, T, E) at the potentials of its sources."""
        inner = self._w * torch.sigmoid(self._sigma * (v_BTH[..., self._source] - self._mu))
        return torch.cat([self._sensory_BTF, inner], dim=-1)

    def currents(self, conductance_BTE: Tensor, v_BTH: Tensor) -> Flows:
        """Return the currents at the potentials of the targets."""
        return Flows(conductance_BTE * (self._erev - v_BTH[..., self.target_E]), self._gleak * (self._vleak - v_BTH))

    def step(self, v_BTH: Tensor, d_BT1: Tensor) -> Flows:
        """Return what one sub-step of length d adds to the potentials."""
        conductance = self.conductances(v_BTH)
        if self.solver == "exponential_midpoint":
            half = self._scale(conductance, v_BTH, d_BT1 / 2)
            conductance = self.conductances(v_BTH + half.total(self.target_E))
        return self._scale(conductance, v_BTH, d_BT1)

    def _scale(self, conductance_BTE: Tensor, v_BTH: Tensor, d_BT1: Tensor) -> Flows:
        total = self._gleak.expand_as(v_BTH).index_add(-1, self.target_E, conductance_BTE)
        euler = self.solver == "semi_implicit"
        factor = d_BT1 / (self._cm + d_BT1 * total) if euler else -torch.expm1(-d_BT1 * total / self._cm) / total
        currents = self.currents(conductance_BTE, v_BTH)
        return Flows(currents.synapse_BTE * factor[..., self.target_E], currents.leak_BTH * factor)


def find_currents(plan: LtcPlan, parameters: LtcParameters, features_BTI: Tensor, neuron_BTH: Tensor) -> Flows:
    """Return the currents after each step."""
    circuit = Circuit(plan, parameters, features_BTI)
    return circuit.currents(circuit.conductances(neuron_BTH), neuron_BTH)


def split_changes(plan: LtcPlan, parameters: LtcParameters, features_BTI: Tensor, dt_BT: Tensor, neuron_BTH: Tensor, state_BH: Tensor) -> Flows:
    """Return what each synapse and leak added to its neuron in each step of a sequence that began in `state_BH` and gave `neuron_BTH`."""
    circuit = Circuit(plan, parameters, features_BTI)
    v_BTH = torch.cat([state_BH[:, None], neuron_BTH[:, :-1]], dim=1)
    steps = []
    for _ in range(plan.unfolds):
        steps.append(circuit.step(v_BTH, (dt_BT / plan.unfolds).unsqueeze(-1)))
        v_BTH = v_BTH + steps[-1].total(circuit.target_E)
    return Flows(*(torch.stack(parts).sum(0) for parts in zip(*steps, strict=True)))
