"""The one form in which all intervals are returned. Each one says what was resampled or assumed."""

from __future__ import annotations

import math
from dataclasses import dataclass

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval. An end without a bound is infinite."""

    low: float
    high: float
    basis: str  # what it rests on, in words: "exact Poisson over 11.0 km", "bootstrap over 12 routes"

    def __contains__(self, value: float) -> bool:
        """Return whether the interval covers a value."""
        return self.low <= value <= self.high

    def as_dict(self) -> dict[str, float | str | None]:
        """Return the interval as plain values for JSON; an end without a bound becomes None."""
        ends = {name: value if math.isfinite(value) else None for name, value in (("low", self.low), ("high", self.high))}
        return {**ends, "basis": self.basis}
