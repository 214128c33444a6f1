"""Print evaluations on the terminal: their drives, their figures with intervals, and in words what these show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from driving.evaluation.disturbances.kinds import KINDS
from driving.evaluation.estimates import Estimate, Row, choose_headline, describe, group_by_disturbance, make_estimates
from driving.evaluation.statistics.not_driven import bound_ratio
from driving.rollout.disturbance import Disturbance

# (key in a drive's row, heading, format)
COLUMNS = (
    ("km", "km", "{:.2f}"),
    ("departures", "departures", "{:.0f}"),
    ("completion", "done", "{:.1%}"),
    ("mean_lateral_m", "right m", "{:+.3f}"),
    ("mean_abs_lateral_m", "off centre m", "{:.3f}"),
    ("max_abs_lateral_m", "at most m", "{:.2f}"),
    ("steering_smoothness", "steering 1/s", "{:.3f}"),
    ("comfortable_share", "comfortable", "{:.0%}"),
    ("driving_score", "score", "{:.1f}"),
    ("mean_speed_mps", "m/s", "{:.1f}"),
)
DISTURBED_FIGURES = ("departures_per_km", "clean_share", "mean_abs_lateral_m")
NARROWEST = 170  # characters; the terminal may wrap, but the table does not drop columns
MOST_DRIVES = 40  # that are listed; of more, the worst


def print_summary(summary: Mapping[str, Any]) -> None:
    """Print one evaluation: its drives, the undisturbed ones together, their figures with intervals, what they show in words, the disturbed ones."""
    rows, headline = summary["routes"], choose_headline(summary["routes"])
    table = Table(title=f"{summary['driver']} on suite '{summary['suite']}'", title_justify="left")
    table.add_column("drive", no_wrap=True)
    table.add_column("weather", no_wrap=True)
    for _, heading, _ in COLUMNS:
        table.add_column(heading, justify="right")
    table.add_column("ended")
    for row in choose_drives(rows):
        table.add_row(row["name"], row["weather"], *_cells(row), row["end_reason"])
    table.add_section()
    table.add_row("overall" if len(headline) == len(rows) else "undisturbed", "", *_cells(summary["overall"]), "", style="bold")
    console = _open_console()
    console.print(table)
    if len(rows) > MOST_DRIVES:
        console.print(f"The {MOST_DRIVES} worst of {len(rows)} drives; summary.json has all of them.")
    console.print(_make_figures_table({"all drives" if len(headline) == len(rows) else "undisturbed drives": summary}))
    for line in (*describe(headline), *describe_not_driven(summary), describe_latency(summary)):
        console.print(line)
    if len(headline) < len(rows):
        console.print(_make_disturbance_table(rows))


def print_comparison(summaries: Mapping[str, Mapping[str, Any]]) -> None:
    """Print several policies' evaluations of one suite side by side, by their labels."""
    console = _open_console()
    console.print(_make_figures_table(summaries))
    for label, summary in summaries.items():
        for line in (*describe(choose_headline(summary["routes"])), *describe_not_driven(summary)):
            console.print(f"{label}: {line}")


def choose_drives(rows: Sequence[Row]) -> list[Row]:
    """Return all drives if they are few, else the worst MOST_DRIVES: those with most departures, then those farthest off the centre."""
    if len(rows) <= MOST_DRIVES:
        return list(rows)
    return sorted(rows, key=lambda row: (-row["departures"], -(row["max_abs_lateral_m"] or 0.0)))[:MOST_DRIVES]


def describe_not_driven(summary: Mapping[str, Any]) -> list[str]:
    """Return in words which drives were not driven, and what that leaves open."""
    missing = summary.get("not_driven", [])
    if not missing:
        return []
    rows = summary["routes"]
    lengths, completions = (np.array([row[name] for row in rows], dtype=float) for name in ("length_m", "completion"))
    bounds = bound_ratio(completions * lengths, lengths, np.array([one["length_m"] for one in missing], dtype=float), (0.0, 1.0))
    names = ", ".join(f"{one['name']} ({one['reason']})" for one in missing)
    return [f"Not driven: {names}.", f"With these, {100.0 * bounds.low:.1f} to {100.0 * bounds.high:.1f} % is driven by itself ({bounds.basis})."]


def describe_latency(summary: Mapping[str, Any]) -> str:
    """Return in words how long the driver took per tick."""
    half, most = (summary["wall_clock"].get(name) for name in ("latency_p50_ms", "latency_p99_ms"))
    return "" if half is None else f"From image to action: {half:.2f} ms in the median, {most:.2f} ms in 99 of 100 ticks of the slowest drive."


def _make_figures_table(summaries: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return a row per figure and a column per evaluation, of undisturbed drives; with a single evaluation, also what was resampled."""
    table = Table(title="95 % intervals in brackets", title_justify="left")
    table.add_column("", no_wrap=True)
    estimates = [make_estimates(choose_headline(summary["routes"])) for summary in summaries.values()]
    for label in summaries:
        table.add_column(label, justify="right")
    if len(estimates) == 1:
        table.add_column("interval")
    for of_figure in zip(*estimates, strict=True):
        basis = [of_figure[0].interval.basis] if len(estimates) == 1 else []
        table.add_row(of_figure[0].figure.heading, *(estimate.text for estimate in of_figure), *basis)
    return table


def _make_disturbance_table(rows: Sequence[Row]) -> Table:
    """Return a table with one row per disturbance and severity, and the main figures of these drives."""
    table = Table(title="Disturbed drives", title_justify="left")
    table.add_column("disturbance", no_wrap=True)
    table.add_column("drives", justify="right")
    for estimate in _choose_figures([]):
        table.add_column(estimate.figure.heading, justify="right")
    for (kind, severity), drives in group_by_disturbance(rows).items():
        name = f"{kind}, {severity:g} {KINDS.get(kind, Disturbance).unit}".rstrip()
        table.add_row(name, str(len(drives)), *(estimate.text for estimate in _choose_figures(drives)))
    return table


def _choose_figures(rows: Sequence[Row]) -> list[Estimate]:
    """Return the figures that the table of the disturbed drives shows."""
    return [estimate for estimate in make_estimates(rows) if estimate.figure.name in DISTURBED_FIGURES]


def _open_console() -> Console:
    """Return a console that is wide enough for the tables."""
    return Console(width=max(Console().width, NARROWEST), highlight=False)


def _cells(row: Row) -> list[str]:
    """Return a row's figures as text, "-" for a missing one."""
    return ["-" if row.get(key) is None else form.format(row[key]) for key, _, form in COLUMNS]
