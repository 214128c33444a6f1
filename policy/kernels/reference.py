"""The reference of the LTC in plain torch. It runs on any device, in any precision, and can be differentiated any number of times.

Neuron i has capacitance cm, leak conductance gleak and leak potential vleak. Synapse j -> i has weight w_ij and reversal potential E_ij:
    G_i = gleak_i vleak_i + sum_j w_ij sigma_ij(v_j) E_ij,   D_i = gleak_i + sum_j w_ij sigma_ij(v_j),   cm_i v_i' = G_i - D_i v_i
The solvers keep G and D constant over a sub-step of length d:
    semi_implicit         v + d (G - D v) / (cm + d D)                    (fused Euler of the paper and of ncps; first order)
    exponential_euler     v + (G - D v) (1 - exp(-d D / cm)) / D          (exact for frozen synapses; first order)
    exponential_midpoint  the same with G and D at the half step          (second order, two evaluations)
With d = 0, all three return v. The result always lies between the smallest and the largest of v, vleak and the reversal potentials.
Shapes: B batch, T time, I features, H neurons, M motors; J sources and K targets of a dense block of synapses.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from policy.kernels.plan import LtcParameters, LtcPlan, SynapseBlock

Evaluate = Callable[[Tensor], Tensor]


class _Synapses:
    """The synapses of one block with their parameters as dense matrices (J, K)."""

    def __init__(self, block: SynapseBlock, w: Tensor, mu: Tensor, sigma: Tensor, erev: Tensor) -> None:
        self.block = block
        self.sigma, self.mu_sigma = block.dense(sigma), block.dense(mu * sigma)
        self.weights = torch.stack([block.dense(w * erev), block.dense(w)])

    def drive(self, potential: Tensor) -> Tensor:
        """Return sum w sigma E and sum w sigma, stacked (..., 2, H), for source potentials (..., J)."""
        activity = torch.sigmoid(torch.addcmul(-self.mu_sigma, potential.unsqueeze(-1), self.sigma))
        sums = (activity.unsqueeze(-3) * self.weights).sum(-2)
        return torch.nn.functional.pad(sums, (0, self.block.padding))


def semi_implicit(v: Tensor, evaluate: Evaluate, cm: Tensor, d: Tensor) -> Tensor:
    """Make one fused Euler sub-step of length d (B, 1)."""
    numerator, denominator = evaluate(v).unbind(-2)
    return torch.addcdiv(v, d * torch.addcmul(numerator, denominator, v, value=-1), torch.addcmul(cm, d, denominator))


def exponential_euler(v: Tensor, evaluate: Evaluate, cm: Tensor, d: Tensor) -> Tensor:
    """Make one exponential sub-step of length d (B, 1), with the synapses evaluated at its start."""
    return _relax(v, evaluate(v), cm, d)


def exponential_midpoint(v: Tensor, evaluate: Evaluate, cm: Tensor, d: Tensor) -> Tensor:
    """Make one exponential sub-step of length d (B, 1), with the synapses evaluated at its middle."""
    return _relax(v, evaluate(_relax(v, evaluate(v), cm, d / 2)), cm, d)


def _relax(v: Tensor, drive: Tensor, cm: Tensor, d: Tensor) -> Tensor:
    numerator, denominator = drive.unbind(-2)
    return v - (numerator - denominator * v) * torch.expm1(-d * denominator / cm) / denominator


STEPS = {step.__name__: step for step in (semi_implicit, exponential_euler, exponential_midpoint)}


def ltc_sequence(plan: LtcPlan, parameters: LtcParameters, features_BTI: Tensor, dt_BT: Tensor, state_BH: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return motor outputs (B, T, M), the last state (B, H) and the neurons after each step (B, T, H), for T >= 1."""
    p, step = parameters, STEPS[plan.solver]
    cm = plan.positive(p.cm)
    synapses = _Synapses(plan.block, plan.positive(p.w), p.mu, p.sigma, p.erev)
    drives = sensory_drive(plan, p, features_BTI).unbind(1)
    states = []
    for drive, d in zip(drives, (dt_BT / plan.unfolds).unsqueeze(-1).unbind(1), strict=True):

        def evaluate(v: Tensor, drive: Tensor = drive) -> Tensor:
            return synapses.drive(v) + drive

        for _ in range(plan.unfolds):
            state_BH = step(state_BH, evaluate, cm, d)
        states.append(state_BH)
    neuron_BTH = torch.stack(states, dim=1)
    return neuron_BTH[..., : plan.motors] * p.output_w + p.output_b, state_BH, neuron_BTH


def sensory_drive(plan: LtcPlan, parameters: LtcParameters, features_BTI: Tensor) -> Tensor:
    """Return the part of G and D that does not depend on the neurons, stacked (B, T, 2, H): leak and sensory synapses."""
    p = parameters
    synapses = _Synapses(plan.sensory_block, plan.positive(p.sensory_w), p.sensory_mu, p.sensory_sigma, p.sensory_erev)
    gleak = plan.positive(p.gleak)
    return synapses.drive(features_BTI * p.input_w + p.input_b) + torch.stack([gleak * p.vleak, gleak])


def time_constants(plan: LtcPlan, parameters: LtcParameters, features_BTI: Tensor, neuron_BTH: Tensor) -> Tensor:
    """Return the liquid time constants (B, T, H) in s: tau_sys = cm / D = 1 / (gleak / cm + sum_j w_ij sigma_ij / cm)."""
    p = parameters
    synapses = _Synapses(plan.block, plan.positive(p.w), p.mu, p.sigma, p.erev)
    return plan.positive(p.cm) / (synapses.drive(neuron_BTH) + sensory_drive(plan, p, features_BTI))[..., 1, :]
