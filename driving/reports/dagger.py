"""The DAgger part of a report: departures per km by round, of each family of roads and of all, and what each round did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from driving.dagger.history import FinishedStep, read_history
from driving.evaluation.estimates import DEPARTURES, choose_headline, make_estimates, sum_by_route
from driving.evaluation.measures.families import measure_families
from driving.evaluation.statistics.rates import rate_interval
from driving.quantities import UserError
from driving.reports import figures
from driving.reports.document import Gallery, Paragraph, Picture, Section, Table
from driving.reports.drives import read_evaluation

Row = Mapping[str, Any]
ABOUT = (
    "In round 0 the expert drove, unless its log or its policy was given. In each later round the policy of the round before drove new roads, the "
    "expert labelled every frame, and the policy was trained further on all logs. Every round is judged on the same suite."
)


@dataclass(frozen=True)
class Round:
    """A round whose policy was evaluated."""

    number: int
    rows: Sequence[Row]  # its drives
    steps: Sequence[FinishedStep]


def make_dagger_section(out: Path) -> Section:
    """Return a chart and a table of the rounds of a run of scripts/dagger.py. Raises UserError where none is evaluated yet."""
    rounds = read_rounds(out)
    if not rounds:
        raise UserError(f"{out} has no round that is evaluated: let scripts/dagger.py go on")
    chart = figures.draw_rates_of_parts(make_line(rounds), make_family_lines(rounds), "round")
    caption = "departures per km by round: all roads with their 95 % interval (thick), and each family (thin)"
    return Section("Rounds of DAgger", [Paragraph(ABOUT), Gallery([Picture("dagger", caption, svg=chart)]), _tabulate(rounds)])


def read_rounds(out: Path) -> list[Round]:
    """Return the rounds that are evaluated, in order. Raises UserError where the run cannot be read."""
    _, steps = read_history(out)
    numbers = sorted(one.round for one in steps if one.step == "evaluate")
    return [
        Round(number, choose_headline(read_evaluation(out / f"round_{number}" / "evaluation").routes), [one for one in steps if one.round == number])
        for number in numbers
    ]


def make_line(rounds: Sequence[Round]) -> figures.RateLine:
    """Return the departures per km over all roads, with their intervals. Drives of one route count together."""
    points = []
    for one in rounds:
        events_R, km_R = sum_by_route(DEPARTURES, one.rows)
        interval = rate_interval(events_R, km_R)
        points.append((float(one.number), float(events_R.sum() / km_R.sum()) if km_R.sum() > 0 else np.nan, interval.low, interval.high))
    return figures.RateLine(*(np.array(part) for part in zip(*points, strict=True)))


def make_family_lines(rounds: Sequence[Round]) -> dict[str, figures.Line]:
    """Return the departures per km of each family in the rounds in which it was driven."""
    points: dict[str, list[tuple[float, float]]] = {}
    for one in rounds:
        for family, measures in measure_families(one.rows).items():
            points.setdefault(family, []).append((float(one.number), measures.departures_per_km))
    return {family: (np.array([x for x, _ in line]), np.array([y for _, y in line])) for family, line in points.items()}


def _tabulate(rounds: Sequence[Round]) -> Table:
    """Return a row per round: how it drove, its worst families, and what its steps were and took."""
    rows = []
    for one in rounds:
        per_km = {family: measures.departures_per_km for family, measures in measure_families(one.rows).items()}
        worst = sorted((family for family in per_km if per_km[family] > 0), key=lambda family: -per_km[family])[:3]
        steps = "; ".join(f"{step.what.partition(': ')[2]} ({step.seconds:.0f} s)" for step in one.steps)
        named = ", ".join(f"{family} {per_km[family]:.2f}" for family in worst) or "none"
        rows.append([str(one.number), f"{sum(float(row['km']) for row in one.rows):.1f}", make_estimates(one.rows)[0].text, named, steps])
    return Table(["round", "km", "departures per km (95 % interval)", "worst families", "steps"], rows, textual=True)
