"""Stop an evaluation as soon as a claim such as "departures_per_km < 0.1" is shown or refuted.

The test may be looked at after each drive (`driving.evaluation.statistics.sequential`). A claim that is false is shown in at most 5 % of all
evaluations, and one that is true is refuted in at most 5 %. It is about the mean over the suite's undisturbed drives, as the headline figures are,
so all drives are made in random order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from driving.evaluation.comparison.measures import MEASURES, find_measure
from driving.evaluation.estimates import choose_headline
from driving.evaluation.statistics.sequential import first_decision, mean_evidence, rate_evidence
from driving.quantities import UserError

CLAIM = re.compile(r"\s*(\w+)\s*([<>])\s*([-+.\w]+)\s*")

Row = Mapping[str, Any]


@dataclass(frozen=True)
class StopRule:
    """A claim about the mean over drives: a measure is below, or above, a limit."""

    measure: str
    is_below: bool
    limit: float

    def __str__(self) -> str:
        return f"{self.measure} {'<' if self.is_below else '>'} {self.limit:g}"

    def decide(self, rows: Sequence[Row]) -> tuple[bool, int] | None:
        """Return whether the claim is shown (else it is refuted), and after how many of these drives; None where they decide nothing yet.

        All of them count: the caller has chosen those of the headline. Drives beyond the decision do not change it.
        """
        if not rows:
            return None
        shown, refuted = (self._evidence(rows, is_below) for is_below in (self.is_below, not self.is_below))
        return first_decision(shown, refuted)

    def __call__(self, rows: Sequence[Row]) -> str | None:
        """Return the decision in words, None where there is none."""
        decided = self.decide(rows)
        return None if decided is None else f"{self} is {'shown' if decided[0] else 'refuted'}"

    def describe(self, rows: Sequence[Row], planned: int) -> dict[str, Any]:
        """Return the outcome as plain values: what was decided, after how many drives of how many, and what it saved in words.

        `rows` are all drives that were made, of which those of the headline count.
        """
        counted = choose_headline(rows)
        decided = self.decide(counted)
        if decided is not None:
            counted = counted[: decided[1]]
            rows = rows[: rows.index(counted[-1]) + 1]
        word = "undecided" if decided is None else "shown" if decided[0] else "refuted"
        km, drives = sum(float(row["km"]) for row in counted), len(rows)
        which = "" if len(counted) == drives else f", of which the {len(counted)} undisturbed ones count"
        text = f"{self} is {word} after {drives} of {planned} drives{which} ({km:.1f} km)"
        saved = planned - drives
        text += f": {saved} drives ({saved / planned:.0%}) were saved" if decided is not None else ": evaluate a longer suite to decide it"
        return {"claim": str(self), "decision": word, "drives": drives, "counted": len(counted), "planned": planned, "km": km, "text": text}

    def _evidence(self, rows: Sequence[Row], is_below: bool) -> np.ndarray:
        """Return the log evidence after each drive that the measure is below, or above, the limit."""
        measure = MEASURES[self.measure]
        if measure.events:
            events, km = (np.array([float(row[name]) for row in rows]) for name in (measure.events, measure.weight))
            return rate_evidence(events, km, self.limit, is_below)
        least, greatest = measure.extremes
        values = np.array([float(row[self.measure]) for row in rows])
        return mean_evidence((values - least) / (greatest - least), (self.limit - least) / (greatest - least), is_below)


def parse_until(text: str) -> StopRule:
    """Read a claim. Raises UserError where it is not "MEASURE < NUMBER" or "MEASURE > NUMBER", and where it cannot be tested."""
    read = CLAIM.fullmatch(text)
    if read is None:
        raise UserError(f'--until "{text}": expected a measure, < or >, and a number, such as "departures_per_km < 0.1"')
    name, sign, number = read.groups()
    least, greatest = find_measure(name).extremes
    if not np.isfinite(greatest):
        testable = [one for one, measure in MEASURES.items() if np.isfinite(measure.extremes[1])]
        raise UserError(f"--until: {name} has no greatest value, so that no number of drives could bound its mean: choose from {', '.join(testable)}")
    try:
        limit = float(number)
    except ValueError:
        limit = float("nan")
    if not least < limit < greatest:
        raise UserError(f"--until: the limit of {name} is {number}: give a number between {least:g} and {greatest:.4g}")
    return StopRule(name, sign == "<", limit)
