"""The wiring of a network: neurons with roles, synapses with polarities, sensory synapses from the features.

Neuron numbers are those of `ncps`: motor neurons first, then command, then inter neurons. Synapses are sorted by (target, source):
the order of every edge vector in this package.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from perception.errors import ConfigError

ROLES = ("motor", "command", "inter", "hidden")


class Synapse(NamedTuple):
    """A connection; `source` is a neuron (or, for a sensory synapse, a feature), `polarity` is -1 (inhibits) or +1 (excites)."""

    source: int
    target: int
    polarity: int


def ordered(synapses: Iterable[tuple[int, int, int]]) -> tuple[Synapse, ...]:
    """The synapses sorted by (target, source)."""
    return tuple(sorted((Synapse(int(s), int(t), int(p)) for s, t, p in synapses), key=lambda synapse: (synapse.target, synapse.source)))


@dataclass(frozen=True)
class Wiring:
    """An immutable wiring: `inputs` features, one role a neuron, synapses among neurons and from features.

    Raises ConfigError when a synapse leads nowhere, is given twice, or has a polarity other than -1 or +1.
    """

    kind: str
    inputs: int
    roles: tuple[str, ...]
    synapses: tuple[Synapse, ...]
    sensory: tuple[Synapse, ...]

    def __post_init__(self) -> None:
        if self.inputs < 1 or "motor" not in self.roles:
            raise ConfigError(f"a wiring needs a feature and a motor neuron, got {self.inputs} features and roles {sorted(set(self.roles))}")
        object.__setattr__(self, "synapses", self._checked(self.synapses, self.units, "synapse"))
        object.__setattr__(self, "sensory", self._checked(self.sensory, self.inputs, "sensory synapse"))

    def _checked(self, synapses: Iterable[tuple[int, int, int]], sources: int, what: str) -> tuple[Synapse, ...]:
        result = ordered(synapses)
        for one in result:
            if not (0 <= one.source < sources and 0 <= one.target < self.units and one.polarity in (-1, 1)):
                raise ConfigError(f"{what} {tuple(one)} must lead from 0..{sources - 1} to 0..{self.units - 1} with polarity -1 or 1")
        if len({(one.source, one.target) for one in result}) != len(result):
            raise ConfigError(f"a {what} is given twice in wiring '{self.kind}': keep one for each pair")
        return result

    @property
    def units(self) -> int:
        """How many neurons (H)."""
        return len(self.roles)

    @cached_property
    def motors(self) -> int:
        """How many motor neurons (M): the first ones."""
        return self.roles.count("motor")

    @cached_property
    def names(self) -> list[str]:
        """A name a neuron: its role and a number within it."""
        counts: dict[str, int] = {}
        result = []
        for role in self.roles:
            counts[role] = counts.get(role, -1) + 1
            result.append(f"{role} {counts[role]}")
        return result

    @cached_property
    def sensory_names(self) -> list[str]:
        """A name a feature."""
        return [f"sensory {i}" for i in range(self.inputs)]

    def layers(self) -> list[list[int]]:
        """The neurons by layer from the senses to the motors: inter, command, motor; one layer when the roles are not these three."""
        if "command" not in self.roles:
            return [list(range(self.units))]
        return [[i for i, role in enumerate(self.roles) if role == layer] for layer in ("inter", "command", "motor")]

    def index_arrays(self, sensory: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(source (E,), target (E,), polarity (E,)) int64 of the synapses, or of the sensory ones."""
        rows = np.array(self.sensory if sensory else self.synapses, dtype=np.int64).reshape(-1, 3)
        return rows[:, 0], rows[:, 1], rows[:, 2]

    def adjacency(self, sensory: bool = False) -> np.ndarray:
        """The polarities as a dense int64 matrix (source, target), 0 where there is no synapse."""
        source, target, polarity = self.index_arrays(sensory)
        matrix = np.zeros((self.inputs if sensory else self.units, self.units), dtype=np.int64)
        matrix[source, target] = polarity
        return matrix

    def to_json(self) -> dict[str, Any]:
        """The wiring in full as plain JSON values; `from_json` gives back an equal wiring."""
        return {
            "kind": self.kind,
            "inputs": self.inputs,
            "roles": list(self.roles),
            "synapses": [list(one) for one in self.synapses],
            "sensory": [list(one) for one in self.sensory],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Wiring:
        """The wiring that `to_json` wrote; raises ConfigError when a part is missing or unknown."""
        expected = {"kind", "inputs", "roles", "synapses", "sensory"}
        if set(data) != expected:
            raise ConfigError(f"a stored wiring has the keys {sorted(expected)}, got {sorted(data)}")
        synapses, sensory = (tuple(Synapse(*one) for one in data[key]) for key in ("synapses", "sensory"))
        return cls(str(data["kind"]), int(data["inputs"]), tuple(data["roles"]), synapses, sensory)
