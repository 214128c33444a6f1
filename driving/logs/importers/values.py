"""Numbers from other people's files."""

from __future__ import annotations

import math
from collections.abc import Iterable


def read_numbers(words: Iterable[object]) -> tuple[float, ...] | None:
    """Return the words as numbers; None where one is not a finite number."""
    try:
        numbers = tuple(float(word) for word in words)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return numbers if all(map(math.isfinite, numbers)) else None


def clip(value: float, least: float, most: float = 1.0) -> float:
    """Return the value, kept between `least` and `most`."""
    return min(most, max(least, value))
