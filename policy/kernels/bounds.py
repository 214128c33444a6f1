"""The box that an LTC's states never leave, and the ranges of its time constants, from its parameters.

A sub-step makes each new state a convex combination of the old state and of A = G / D, for all solvers; G and D are those of `reference.py`. A is an
average of the leak potential, with the weight gleak, and of the reversal potentials, with the weights w sigma. So a neuron that starts at 0 stays
between the smallest and the largest of 0, its leak potential and the reversal potentials of its synapses. A synapse is never more active than its
sigmoid is at an end of its source's range. So each box that holds gives a smaller one that holds as well.

Shapes: H neurons, E synapses of both blocks.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from torch import Tensor

from perception.errors import ConfigError
from policy.kernels.plan import LtcParameters, LtcPlan

ROUNDS = 100  # every round gives a box that holds
SETTLED_V = 1e-9
POSITIVE = ("gleak", "cm", "w", "sensory_w")


class LtcBox(NamedTuple):
    """Ranges of an LTC's neurons, all (H,)."""

    low_H: np.ndarray  # V
    high_H: np.ndarray  # V
    tau_low_s_H: np.ndarray
    tau_high_s_H: np.ndarray


def bound_ltc(plan: LtcPlan, parameters: LtcParameters, rounds: int = ROUNDS) -> LtcBox:
    """Return ranges that hold for all features and all time steps, for a drive that begins with states of 0.

    With `rounds` 0 they follow from the potentials and conductances alone: the time constants lie in [cm / (gleak + sum w), cm / gleak]. Each round
    tightens them. Raises ConfigError where a conductance or a capacitance does not have the sign that the proof needs.
    """
    values = {name: _read(plan.positive(value) if name in POSITIVE else value) for name, value in parameters._asdict().items()}
    _check_signs(values)
    target_E = np.concatenate([plan.target, plan.sensory_target])
    w_E = np.concatenate([values["w"], values["sensory_w"]])
    neurons = _Averages(target_E, w_E, np.concatenate([values["erev"], values["sensory_erev"]]), values["gleak"], values["vleak"])
    least_E, most_E = np.zeros_like(w_E), np.ones_like(w_E)  # the range of each synapse's activity; features may be anything
    low_H, high_H = neurons.widest()
    for _ in range(rounds):
        ends_2E = [_sigmoid(values["sigma"] * (box_H[plan.source] - values["mu"])) for box_H in (low_H, high_H)]
        least_E[: len(plan.source)], most_E[: len(plan.source)] = np.minimum(*ends_2E), np.maximum(*ends_2E)
        new_low_H, new_high_H = (np.clip(one, low_H, high_H) for one in neurons.extremes(least_E, most_E))
        moved = max(np.max(new_low_H - low_H), np.max(high_H - new_high_H))
        low_H, high_H = new_low_H, new_high_H
        if moved < SETTLED_V:
            break
    conductance_2H = [values["gleak"] + np.bincount(target_E, w_E * activity_E, plan.units) for activity_E in (least_E, most_E)]
    return LtcBox(low_H, high_H, values["cm"] / conductance_2H[1], values["cm"] / conductance_2H[0])


class _Averages:
    """Each neuron's A as an average over potentials, for activities in given ranges."""

    def __init__(self, target_E: np.ndarray, w_E: np.ndarray, erev_E: np.ndarray, gleak_H: np.ndarray, vleak_H: np.ndarray) -> None:
        self._target_E, self._w_E, self._erev_E, self._gleak_H, self._vleak_H = target_E, w_E, erev_E, gleak_H, vleak_H

    def widest(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the smallest and the largest of 0, the leak potential and the reversal potentials (H,)."""
        low_H, high_H = np.minimum(self._vleak_H, 0.0), np.maximum(self._vleak_H, 0.0)
        np.minimum.at(low_H, self._target_E, self._erev_E)
        np.maximum.at(high_H, self._target_E, self._erev_E)
        return low_H, high_H

    def extremes(self, least_E: np.ndarray, most_E: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the smallest and the largest of 0 and A (H,) for activities between `least_E` and `most_E`."""
        low_H, high_H = self.widest()
        return -self._largest(-low_H, -1.0, least_E, most_E), self._largest(high_H, 1.0, least_E, most_E)

    def _largest(self, bound_H: np.ndarray, sign: float, least_E: np.ndarray, most_E: np.ndarray) -> np.ndarray:
        """Return the largest of 0 and sign * A (H,), by Dinkelbach's method from above `bound_H`.

        A is largest where each synapse whose potential is above that largest value is as active as it can be, and each other one as little.
        For the activities that maximise G - bound D the quotient G / D rises to the largest value, so the last one is it.
        """
        for _ in range(len(self._erev_E) + 1):
            above_E = sign * self._erev_E > bound_H[self._target_E]
            active_E = self._w_E * np.where(above_E, most_E, least_E)
            top_H = self._gleak_H * self._vleak_H + np.bincount(self._target_E, active_E * self._erev_E, len(bound_H))
            new_H = sign * top_H / (self._gleak_H + np.bincount(self._target_E, active_E, len(bound_H)))
            if np.all(np.abs(new_H - bound_H) < SETTLED_V / 1e3):
                break
            bound_H = new_H
        return np.maximum(new_H, 0.0)


def _read(value: Tensor) -> np.ndarray:
    return value.detach().double().cpu().numpy()


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def _check_signs(values: dict[str, np.ndarray]) -> None:
    """Raise ConfigError where the proof does not hold."""
    wrong = [name for name in ("gleak", "cm") if np.any(values[name] <= 0.0)] + [name for name in ("w", "sensory_w") if np.any(values[name] < 0.0)]
    if wrong:
        raise ConfigError(f"nothing bounds the states of this LTC: {', '.join(wrong)} must be positive, but are not; train with positivity softplus")
