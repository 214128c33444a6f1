"""Lesions: what a policy does without some of its neurons or synapses.

A lesion is a list of words. "inter 7" takes a neuron out: all its outgoing synapses conduct nothing, those to itself as well, and so does its way to
the output where the read-out sees it. Its own state goes on, but nothing sees it. "inter -> command" cuts a class of synapses, "inter 7 -> command 2"
a single one. Each end is a neuron, a feature ("sensory 3"), a role, or "output". A motor neuron without its way to the output leaves a constant.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

from perception.errors import ConfigError
from policy.cell import OUTPUT, Cell
from policy.network import DrivingPolicy
from policy.options import nearest

ARROW = " -> "
SENSORY = "sensory"


def lesion_policy(policy: DrivingPolicy, lesion: Sequence[str]) -> DrivingPolicy:
    """Return a copy of a policy without what the lesion names. Raises ConfigError for an unknown name, and for a cell that cannot be cut."""
    copy = deepcopy(policy)
    copy.cell.cut(_make_rule(copy.cell, lesion))
    return copy


def list_synapse_classes(cell: Cell) -> list[str]:
    """Return the classes of a cell's synapses by the roles of their ends, from the features on, as words of a lesion."""
    roles = dict(zip(cell.neuron_names, cell.neuron_roles, strict=True))
    return list(dict.fromkeys(f"{roles.get(source, SENSORY)}{ARROW}{roles[target]}" for source, target, _ in cell.edges()))


class _Rule:
    """Decides which connections the words of a lesion cut."""

    def __init__(self, roles: dict[str, str], cuts: list[tuple[str, str | None]]) -> None:
        self._roles, self._cuts = roles, cuts

    def __call__(self, source: str, target: str) -> bool:
        return any(self._is(source, start) and (end is None or self._is(target, end)) for start, end in self._cuts)

    def _is(self, name: str, word: str) -> bool:
        return word in (name, self._roles.get(name))


def _make_rule(cell: Cell, lesion: Sequence[str]) -> _Rule:
    """Return the rule of a lesion's words."""
    senses = [f"{SENSORY} {number}" for number in range(cell.inputs)]
    roles = dict(zip(cell.neuron_names, cell.neuron_roles, strict=True)) | dict.fromkeys(senses, SENSORY)
    cuts = []
    for word in lesion:
        start, arrow, end = word.partition(ARROW)
        for name, known in ((start, [*roles, *roles.values()]), *([(end, [*roles, *roles.values(), OUTPUT])] if arrow else [])):
            if name not in known:
                remedy = f"give neurons ({cell.neuron_names[0]}) or classes ({'; '.join(list_synapse_classes(cell)) or f'hidden{ARROW}{OUTPUT}'})"
                raise ConfigError(f"the lesion '{word}' names '{name}', which this policy does not have{nearest(name, known)}: {remedy}")
        cuts.append((start, end if arrow else None))
    return _Rule(roles, cuts)
