"""The wiring of a network: neurons with roles, synapses with polarities, and sensory synapses from the features.

Neurons are numbered as in `ncps`: motor neurons first, then command, then inter neurons. Synapses are sorted by (target, source). All edge vectors
in this package have this order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from perception.errors import ConfigError


class Synapse(NamedTuple):
    """A connection. `source` is a neuron or, for a sensory synapse, a feature. `polarity` is -1 (inhibits) or +1 (excites)."""

    source: int
    target: int
    polarity: int


def sort_synapses(synapses: Iterable[tuple[int, int, int]]) -> tuple[Synapse, ...]:
    """Return the synapses sorted by (target, source)."""
    return tuple(sorted((Synapse(int(s), int(t), int(p)) for s, t, p in synapses), key=lambda synapse: (synapse.target, synapse.source)))


@dataclass(frozen=True)
class Wiring:
    """An immutable wiring: the number of features, one role per neuron, synapses among neurons and from features.

    Raises ConfigError when a synapse has an unknown end, is given twice, or has a polarity other than -1 or +1.
    """

    kind: str
    inputs: int
    roles: tuple[str, ...]
    synapses: tuple[Synapse, ...]
    sensory: tuple[Synapse, ...]

    def __post_init__(self) -> None:
        if self.inputs < 1 or "motor" not in self.roles:
            raise ConfigError(f"a wiring needs a feature and a motor neuron, got {self.inputs} features and roles {sorted(set(self.roles))}")
        object.__setattr__(self, "synapses", self._check(self.synapses, self.units, "synapse"))
        object.__setattr__(self, "sensory", self._check(self.sensory, self.inputs, "sensory synapse"))

    def _check(self, synapses: Iterable[tuple[int, int, int]], sources: int, what: str) -> tuple[Synapse, ...]:
        result = sort_synapses(synapses)
        for one in result:
            if not (0 <= one.source < sources and 0 <= one.target < self.units and one.polarity in (-1, 1)):
                raise ConfigError(f"{what} {tuple(one)} must lead from 0..{sources - 1} to 0..{self.units - 1} with polarity -1 or 1")
        if len({(one.source, one.target) for one in result}) != len(result):
            raise ConfigError(f"a {what} is given twice in wiring '{self.kind}': keep one for each pair")
        return result

    @property
    def units(self) -> int:
        """The number of neurons (H)."""
        return len(self.roles)

    @cached_property
    def motors(self) -> int:
        """The number of motor neurons (M). They come first."""
        return self.roles.count("motor")

    @cached_property
    def names(self) -> list[str]:
        """One name per neuron: its role and its number within the role."""
        counts: dict[str, int] = {}
        result = []
        for role in self.roles:
            counts[role] = counts.get(role, -1) + 1
            result.append(f"{role} {counts[role]}")
        return result

    @cached_property
    def sensory_names(self) -> list[str]:
        """One name per feature."""
        return [f"sensory {i}" for i in range(self.inputs)]

    def layers(self) -> list[list[int]]:
        """Return the neurons of each layer in the order inter, command, motor. Without command neurons there is one layer."""
        if "command" not in self.roles:
            return [list(range(self.units))]
        return [[i for i, role in enumerate(self.roles) if role == layer] for layer in ("inter", "command", "motor")]

    def index_arrays(self, sensory: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return source (E,), target (E,) and polarity (E,), all int64, of the synapses or of the sensory synapses."""
        rows = np.array(self.sensory if sensory else self.synapses, dtype=np.int64).reshape(-1, 3)
        return rows[:, 0], rows[:, 1], rows[:, 2]

    def adjacency(self, sensory: bool = False) -> np.ndarray:
        """Return the polarities as a dense int64 matrix (source, target), with 0 where no synapse exists."""
        source, target, polarity = self.index_arrays(sensory)
        matrix = np.zeros((self.inputs if sensory else self.units, self.units), dtype=np.int64)
        matrix[source, target] = polarity
        return matrix

    def to_json(self) -> dict[str, Any]:
        """Return the complete wiring as plain JSON values, from which `from_json` makes an equal wiring."""
        return {
            "kind": self.kind,
            "inputs": self.inputs,
            "roles": list(self.roles),
            "synapses": [list(one) for one in self.synapses],
            "sensory": [list(one) for one in self.sensory],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Wiring:
        """Make the wiring that `to_json` wrote. Raises ConfigError when a part is missing or unknown."""
        expected = {"kind", "inputs", "roles", "synapses", "sensory"}
        if set(data) != expected:
            raise ConfigError(f"a stored wiring has the keys {sorted(expected)}, got {sorted(data)}")
        synapses, sensory = (tuple(Synapse(*one) for one in data[key]) for key in ("synapses", "sensory"))
        return cls(str(data["kind"]), int(data["inputs"]), tuple(data["roles"]), synapses, sensory)
