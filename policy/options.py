"""Config dataclasses from plain mappings (YAML, JSON): unknown keys are refused with the nearest known one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, TypeVar

from perception.errors import ConfigError

Config = TypeVar("Config")


def nearest(name: str, known: Iterable[str]) -> str:
    """ ", did you mean 'x'?" for the known name closest to `name`, or "" when none is close."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f", did you mean '{close[0]}'?" if close else ""


def from_options(kind: type[Config], options: Mapping[str, Any], where: str) -> Config:
    """The dataclass `kind` with `options` as its fields; `where` names the section in errors.

    Raises ConfigError for a key that `kind` does not have.
    """
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    for key in options:
        if key not in known:
            raise ConfigError(f"{where} has no option '{key}'{nearest(key, known)} (known: {', '.join(known)})")
    return kind(**options)


def choose(table: Mapping[str, Config], name: str, what: str) -> Config:
    """`table[name]`; raises ConfigError naming the known entries when there is no such one."""
    if name not in table:
        raise ConfigError(f"there is no {what} '{name}'{nearest(name, table)} (known: {', '.join(table)})")
    return table[name]
