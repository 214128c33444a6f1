"""Fully connected and random wirings, the controls of the NCP paper. They are drawn as in `ncps` 1.0.1: two of three synapses excite."""

from __future__ import annotations

import numpy as np

from perception.errors import ConfigError
from policy.wirings.wiring import Synapse, Wiring


def fully_connected(inputs: int, units: int = 19, motor: int = 1, self_connections: bool = True, seed: int = 1111) -> Wiring:
    """Connect each neuron and each feature to each neuron; a neuron to itself only with `self_connections`."""
    random = np.random.default_rng(seed)
    pairs = [(s, t) for s in range(units) for t in range(units) if self_connections or s != t]
    synapses = tuple(Synapse(s, t, _polarity(random)) for s, t in pairs)
    sensory = tuple(Synapse(s, t, _polarity(random)) for s in range(inputs) for t in range(units))
    return Wiring("fully_connected", inputs, _roles(units, motor), synapses, sensory)


def random_wiring(inputs: int, units: int = 19, motor: int = 1, sparsity: float = 0.5, seed: int = 1111) -> Wiring:
    """Connect a random share (1 - sparsity) of all pairs, for synapses and sensory synapses alike.

    Raises ConfigError when `sparsity` is outside [0, 1).
    """
    if not 0.0 <= sparsity < 1.0:
        raise ConfigError(f"sparsity is {sparsity}: give 0 (all pairs) up to, but not including, 1")
    random = np.random.default_rng(seed)
    synapses = _draw(random, units, units, sparsity, 1)
    sensory = _draw(random, inputs, units, sparsity, 2)  # ncps draws a sensory polarity twice and uses the second
    return Wiring("random", inputs, _roles(units, motor), synapses, sensory)


def _polarity(random: np.random.Generator) -> int:
    return int(random.choice([-1, 1, 1]))


def _roles(units: int, motor: int) -> tuple[str, ...]:
    if not 1 <= motor <= units:
        raise ConfigError(f"{motor} motor neurons among {units} units: give 1 to {units}")
    return ("motor",) * motor + ("inter",) * (units - motor)


def _draw(random: np.random.Generator, sources: int, units: int, sparsity: float, draws: int) -> tuple[Synapse, ...]:
    pairs = [(s, t) for s in range(sources) for t in range(units)]
    chosen = random.choice(pairs, size=round(sources * units * (1 - sparsity)), replace=False)
    return tuple(Synapse(int(s), int(t), [_polarity(random) for _ in range(draws)][-1]) for s, t in chosen)
