"""Wirings: NCP, AutoNCP, fully connected and random. They are immutable and have named neurons with roles, and a JSON form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from perception.errors import ConfigError
from policy.options import choose
from policy.wirings.dense import fully_connected, random_wiring
from policy.wirings.ncp import auto_ncp, ncp
from policy.wirings.wiring import Synapse, Wiring

WIRINGS: dict[str, Callable[..., Wiring]] = {"ncp": ncp, "auto_ncp": auto_ncp, "fully_connected": fully_connected, "random": random_wiring}

__all__ = ["WIRINGS", "Synapse", "Wiring", "auto_ncp", "fully_connected", "make_wiring", "ncp", "random_wiring"]


def make_wiring(inputs: int, options: Mapping[str, Any]) -> Wiring:
    """Make a wiring for `inputs` sensory features from plain options: {"kind": "ncp", "inter": 12, ...}.

    Options with the key "synapses" are the explicit form that `Wiring.to_json` writes. Raises ConfigError for an unknown kind or option.
    """
    if "synapses" in options:
        wiring = Wiring.from_json(options)
        if wiring.inputs != inputs:
            raise ConfigError(f"the wiring is for {wiring.inputs} features, the front-end returns {inputs}: make the wiring for {inputs}")
        return wiring
    arguments = dict(options)
    kind = str(arguments.pop("kind", "ncp"))
    builder = choose(WIRINGS, kind, "wiring")
    try:
        return builder(inputs, **arguments)
    except TypeError as error:
        raise ConfigError(f"wiring '{kind}' cannot be made from {sorted(arguments)}: {error}") from error
