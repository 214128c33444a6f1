"""Numbers from other people's files."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

DECIMAL_COMMA = re.compile(r"\s*[-+]?\d*,\d+([eE][-+]?\d+)?\s*")


class ValueFault(ValueError):
    """A line that does not hold the numbers that it should. The message says which one, and what stands there."""


def read_numbers(words: Mapping[str, object]) -> tuple[float, ...]:
    """Return words as numbers, a decimal comma read as a point. Raises ValueFault with the name of the first that is not a finite number."""
    return tuple(_read_number(name, word) for name, word in words.items())


def has_decimal_comma(word: object) -> bool:
    """Return whether a word is a number with a decimal comma."""
    return isinstance(word, str) and DECIMAL_COMMA.fullmatch(word) is not None


def _read_number(name: str, word: object) -> float:
    try:
        number = math.nan if isinstance(word, bool) else float(word.replace(",", ".") if has_decimal_comma(word) else word)  # type: ignore
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueFault(f"{name} is {word!r}, expected a finite number")
    return number
