"""Config dataclasses from plain mappings (YAML, JSON). Unknown keys and words are refused, with the nearest known one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from perception.errors import ConfigError

Config = TypeVar("Config")


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ", did you mean 'x'?" with the known name that is closest to `name`, or "" when none is close."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f", did you mean '{close[0]}'?" if close else ""


def from_options(kind: type[Config], options: Mapping[str, Any], where: str) -> Config:
    """Make the dataclass `kind` with `options` as its fields; `where` names the section in errors.

    Raises ConfigError for a key that `kind` does not have.
    """
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    for key in options:
        if key not in known:
            raise ConfigError(f"{where} has no option '{key}'{nearest(key, known)} (known: {', '.join(known)})")
    return kind(**options)


def check_choices(config: Any) -> None:
    """Check each field of a config dataclass whose type is a `Literal`. Raises ConfigError for a value that is not one of its words."""
    for name, hint in get_type_hints(type(config)).items():
        words, value = get_args(hint), getattr(config, name)
        if get_origin(hint) is Literal and value not in words:
            raise ConfigError(f"there is no {name} '{value}'{nearest(str(value), words)} (known: {', '.join(words)})")


def choose(table: Mapping[str, Config], name: str, what: str) -> Config:
    """Return `table[name]`. Raises ConfigError, which names the known entries, when there is no such entry."""
    if name not in table:
        raise ConfigError(f"there is no {what} '{name}'{nearest(name, table)} (known: {', '.join(table)})")
    return table[name]
