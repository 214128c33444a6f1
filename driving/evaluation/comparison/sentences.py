"""A comparison in plain sentences and one table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from driving.evaluation.comparison.claims import Judgement
from driving.evaluation.comparison.difference import Difference
from driving.evaluation.comparison.measures import MEASURES
from driving.evaluation.comparison.sides import Side

NARROWEST = 165  # characters; the terminal may wrap, but the table does not drop columns
MANY_TIMES = 1000.0


class Replicates(NamedTuple):
    """What a comparison has several of on each side."""

    unit: str  # drives, or training seeds
    number: int


def print_table(differences: Sequence[Difference], replicates: Replicates) -> None:
    """Print one row per measure. The last two columns say what an undecided comparison could have shown, and what would settle it."""
    table = Table(title="A, B, and A - B with its 95 % interval", title_justify="left")
    for heading in ("measure", "A", "B", "A - B", "95 %", "p", "A better on", "verdict", "could have shown", f"more {replicates.unit} to settle"):
        table.add_column(heading, justify="left" if heading in ("measure", "verdict") else "right", no_wrap=True)
    for one in differences:
        numbers = [f"{number:.3g}" for number in (one.a, one.b, one.difference)]
        interval = f"{one.interval.low:.2g} to {one.interval.high:.2g}"
        share = f"{one.improvement_probability:.0%} ({one.improvement_interval.low:.0%}-{one.improvement_interval.high:.0%})"
        more = describe_more(one.factor_to_settle, replicates) if one.verdict == "undecided" else "0"
        table.add_row(one.measure, *numbers, interval, f"{one.adjusted_p_value:.3f}", share, one.verdict, f"{one.detectable:.2g}", more)
    console = Console()
    Console(width=max(console.width, NARROWEST)).print(table)


def explain_basis(sides: Sequence[Side], drives: int, left_out: int, differences: Sequence[Difference]) -> list[str]:
    """Return sentences on what was compared, and on what the comparison can and cannot say."""
    seeds = [len(side.evaluations) for side in sides]
    lines = [side.describe() for side in sides]
    lines.append(f"{drives} drives are compared in pairs: the same route, weather, disturbance and seed.")
    if left_out:
        lines.append(f"{left_out} drives are left out, because not every evaluation could drive them. See not_driven for the bounds that they leave.")
    if min(seeds) > 1:
        lines.append(f"The unit is the training seed ({seeds[0]} of A, {seeds[1]} of B): the findings hold for the two ways of training.")
    else:
        one = "each side has" if max(seeds) == 1 else f"side {'A' if seeds[0] == 1 else 'B'} has"
        lines.append(f"The findings hold for these policies only: {one} one training seed, so nothing is said about the way of training.")
    lines.append(f"p-values are corrected for {len(differences)} questions (Benjamini-Hochberg).")
    digests = [{evaluation.identity["policy_digest"] for evaluation in side.evaluations} for side in sides]
    if digests[0] & digests[1]:
        lines.append("A and B hold the same policy.")
    return lines


def explain_seeds(differences: Sequence[Difference]) -> list[str]:
    """Return each training seed's own values, where they are several but few."""
    lines = []
    for one in differences:
        if one.seed_values is not None:
            a, b = (", ".join(f"{value:.3g}" for value in values) for values in one.seed_values)
            lines.append(f"{one.measure} of each training seed: A {a}; B {b}.")
    return lines


def explain_findings(differences: Sequence[Difference]) -> str:
    """Return one sentence of what differs and what is undecided."""
    found = [one for one in differences if one.verdict != "undecided"]
    open_ones = [one for one in differences if one.verdict == "undecided"]
    parts = []
    if found:
        parts.append("; ".join(_describe_finding(one) for one in found))
    if open_ones:
        parts.append(f"undecided: {', '.join(one.measure for one in open_ones)}")
    text = "; ".join(parts)
    return text[0].upper() + text[1:] + "."


def _describe_finding(one: Difference) -> str:
    """Return one finding in words."""
    unit = f" {MEASURES[one.measure].unit}".rstrip()
    more = "more" if one.difference > 0 else "less"
    return (
        f"{one.verdict} in {one.measure}: {one.a:.3g} against {one.b:.3g}{unit}, "
        f"{abs(one.difference):.2g} {more} ({one.interval.low:.2g} to {one.interval.high:.2g})"
    )


def explain_departures(one: Difference) -> str:
    """Return in words on which routes a departure happened with one side only."""
    only_a, only_b = one.discordant or (0, 0)
    return f"{only_a} routes had a departure with A only, {only_b} with B only (conditional binomial test: p = {one.discordant_p_value:.3f})."


def describe_more(factor: float, replicates: Replicates) -> str:
    """Return how many more replicates per side would settle a question with 80 % probability, if the observed difference is the true one.

    Where both sides are equal, no number would.
    """
    if not math.isfinite(factor):
        return "no number"
    if factor > MANY_TIMES:
        return f"over {MANY_TIMES * replicates.number:g}"
    return f"about {max(1, math.ceil((factor - 1.0) * replicates.number))}"


def explain_judgement(judgement: Judgement, replicates: Replicates) -> str:
    """Return one sentence about a claim."""
    unit = f" {MEASURES[judgement.claim.measure].unit}".rstrip()
    said = f"{judgement.decision}: {judgement.claim}. A's improvement is {judgement.low:.3g} to {judgement.high:.3g}{unit} (one-sided 95 % each)"
    if judgement.decision != "undecided":
        return f"{said}."
    more = describe_more(judgement.factor_to_settle, replicates)
    more += " of" if math.isinf(judgement.factor_to_settle) else " more"
    return f"{said}; {more} {replicates.unit} per side would settle it, if the observed improvement is the true one."
