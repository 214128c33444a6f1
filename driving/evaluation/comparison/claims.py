"""Claims about A that a comparison is asked to show: at least so much better than B, or no worse than B by more than a margin.

Each claim is judged by itself at one-sided 95 %. Where several are asked, all must be shown, so that no correction is needed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from driving.evaluation.comparison.difference import difference_interval
from driving.evaluation.comparison.measures import MEASURES, Rows, find_measure, sum_routes
from driving.evaluation.statistics.interval import CONFIDENCE
from driving.evaluation.statistics.paired import difference_p_value
from driving.evaluation.statistics.power import detectable_difference, detectable_rate_difference, factor_to_settle
from driving.quantities import UserError

Kind = Literal["at_least", "no_worse_than"]
Decision = Literal["shown", "refuted", "undecided"]
ONE_SIDED = 2.0 * CONFIDENCE - 1.0  # a two-sided interval of 90 % has ends that are one-sided at 95 %


@dataclass(frozen=True)
class Claim:
    """A is better than B by at least the margin, or not worse by more than it. The margin is in the measure's unit."""

    kind: Kind
    measure: str
    margin: float

    @property
    def least_improvement(self) -> float:
        """How much better than B A must be; negative where A may be worse."""
        return self.margin if self.kind == "at_least" else -self.margin

    def __str__(self) -> str:
        unit = f" {MEASURES[self.measure].unit}".rstrip()
        if self.kind == "at_least":
            return f"in {self.measure}, A is better than B" + (f" by at least {self.margin:g}{unit}" if self.margin else "")
        return f"in {self.measure}, A is not worse than B by more than {self.margin:g}{unit}"


@dataclass(frozen=True)
class Judgement:
    """What the drives say about a claim."""

    claim: Claim
    decision: Decision
    low: float  # of A's improvement over B, one-sided 95 %
    high: float
    factor_to_settle: float  # as many times as many drives would decide, if the observed improvement is the true one

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; what is infinite becomes None."""
        numbers = {name: getattr(self, name) for name in ("low", "high", "factor_to_settle")}
        return asdict(self.claim) | {"decision": self.decision} | {name: value if math.isfinite(value) else None for name, value in numbers.items()}


def parse_claim(kind: Kind, text: str) -> Claim:
    """Read MEASURE=MARGIN. Raises UserError where it is not that."""
    name, equals, margin_text = text.partition("=")
    measure = find_measure(name.strip())
    try:
        margin = float(margin_text)
    except ValueError:
        margin = math.nan
    if not equals or not 0.0 <= margin < math.inf or (kind == "no_worse_than" and margin == 0.0):
        least = "0 or more" if kind == "at_least" else "above 0: with a margin of 0 no number of drives could show it"
        raise UserError(f"--{kind} {text}: expected {name.strip()}=MARGIN with a margin in {measure.unit or 'the same unit'}, {least}")
    return Claim(kind, name.strip(), margin)


def judge(claim: Claim, sides: Sequence[Sequence[Rows]], seed: int = 0) -> Judgement:
    """Return what the drives [training seed][drive] of A and B say about a claim."""
    measure = MEASURES[claim.measure]
    a, b = sum_routes(claim.measure, sides)
    if not a.routes:
        raise UserError(f"no drive has a {claim.measure} on both sides: choose another measure")
    interval = difference_interval(measure, a, b, seed, ONE_SIDED)
    low, high = (-interval.high, -interval.low) if measure.less_is_better else (interval.low, interval.high)
    improvement = (a.value() - b.value()) * (-1.0 if measure.less_is_better else 1.0)
    least = claim.least_improvement
    decision: Decision = "shown" if low > least else "refuted" if high < least else "undecided"
    if claim.kind == "at_least" and decision == "shown" and difference_p_value(a, b, seed) / 2.0 > 1.0 - CONFIDENCE:
        decision = "undecided"  # an interval over few routes is too narrow; what is better must show in the permutation test as well
    detectable = detectable_rate_difference(a, b) if measure.events else detectable_difference(a, b)
    return Judgement(claim, decision, low, high, factor_to_settle(improvement - least, detectable))
