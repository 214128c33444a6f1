"""The robustness part of a report: how often each policy leaves its lane as a disturbance grows, from the drives of a suite with several severities.

The drives without a disturbance are the point at severity 0. A kind without a severity of 0, such as the frame rate, has no such point.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from driving.evaluation.disturbances.kinds import KINDS
from driving.evaluation.estimates import DEPARTURES, sum_by_route
from driving.evaluation.statistics.interval import Interval
from driving.evaluation.statistics.rates import rate_interval
from driving.reports import figures
from driving.reports.document import Block, Gallery, Paragraph, Picture, Section, Table
from driving.reports.drives import Evaluation
from driving.rollout.disturbance import Disturbance

Row = Mapping[str, Any]


class Point(NamedTuple):
    """All drives of one policy at one severity."""

    severity: float
    drives: int
    km: float
    departures: int
    rate: Interval  # of departures per km

    @property
    def per_km(self) -> float:
        """Departures per km; 0 where nothing was driven."""
        return self.departures / self.km if self.km > 0 else 0.0


def make_robustness_section(evaluations: Sequence[Evaluation]) -> Section | None:
    """Return a chart per kind of disturbance and a table of all its points, None where the evaluations have no disturbed drive."""
    kinds = dict.fromkeys(str(row["disturbance"]) for one in evaluations for row in one.routes if row.get("disturbance", "none") != Disturbance.kind)
    if not kinds:
        return None
    lines = {kind: {one.label: list_points(one.routes, kind) for one in evaluations} for kind in kinds}
    pictures = [_draw(kind, of_kind) for kind, of_kind in lines.items()]
    about = (
        "Departures per km against the severity of one disturbance at a time. Bars are 95 % intervals. A point without a departure has a one-sided "
        "bound: its bar says how many departures per km these drives cannot exclude."
    )
    blocks: list[Block] = [Paragraph(about), Gallery(pictures), *(_tabulate(kind, of_kind) for kind, of_kind in lines.items())]
    return Section("Robustness against disturbances", blocks)


def list_points(rows: Sequence[Row], kind: str) -> list[Point]:
    """Return a point per severity of a kind, in order. Undisturbed drives have the severity 0, where the kind has one."""
    has_zero = KINDS[kind].lowest <= 0.0 <= KINDS[kind].highest
    by_severity: dict[float, list[Row]] = defaultdict(list)
    for row in rows:
        if row["disturbance"] == kind or (has_zero and row["disturbance"] == Disturbance.kind):
            by_severity[float(row["severity"])].append(row)
    return [_make_point(severity, by_severity[severity]) for severity in sorted(by_severity)]


def _make_point(severity: float, rows: Sequence[Row]) -> Point:
    """Return the point of some drives. Drives of one route count together, because they meet the same bends."""
    events_R, km_R = sum_by_route(DEPARTURES, rows)
    return Point(severity, len(rows), float(km_R.sum()), int(events_R.sum()), rate_interval(events_R, km_R))


def _draw(kind: str, lines: Mapping[str, Sequence[Point]]) -> Picture:
    drawn = {
        driver: figures.RateLine(*(np.array(part) for part in zip(*((p.severity, p.per_km, p.rate.low, p.rate.high) for p in points), strict=True)))
        for driver, points in lines.items()
        if points
    }
    most = max(point.km for points in lines.values() for point in points)
    caption = f"{_name(kind)}: departures per km, at most {most:.1f} km per point"
    return Picture(f"robustness_{kind}", caption, svg=figures.draw_rates(drawn, KINDS[kind].unit))


def _tabulate(kind: str, lines: Mapping[str, Sequence[Point]]) -> Table:
    rows = []
    for driver, points in lines.items():
        for point in points:
            counts = [str(point.drives), f"{point.km:.2f}", str(point.departures), f"{point.per_km:.2f}"]
            rows.append([driver, f"{point.severity:g}", *counts, f"{point.rate.low:.2f} to {point.rate.high:.2f}", point.rate.basis])
    header = ["driver", f"{_name(kind)} ({KINDS[kind].unit})", "drives", "km", "departures", "per km", "95 % interval", "which rests on"]
    return Table(header, rows)


def _name(kind: str) -> str:
    return kind.replace("_", " ")
