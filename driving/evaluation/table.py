"""Print a summary as a table on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

# (key in the summary, heading, format)
COLUMNS = (
    ("km", "km", "{:.2f}"),
    ("departures", "departures", "{:.0f}"),
    ("completion", "done %", "{:.1%}"),
    ("mean_abs_lateral_m", "off centre m", "{:.3f}"),
    ("max_abs_lateral_m", "at most m", "{:.2f}"),
    ("mean_abs_heading_error_rad", "heading rad", "{:.4f}"),
    ("steering_smoothness", "steering 1/s", "{:.3f}"),
    ("mean_speed_mps", "m/s", "{:.1f}"),
    ("latency_p50_ms", "p50 ms", "{:.2f}"),
    ("latency_p99_ms", "p99 ms", "{:.2f}"),
)
NARROWEST = 150  # characters; the terminal may wrap, but the table does not drop columns


def print_summary(summary: Mapping[str, Any]) -> None:
    """Print one row per route and one for all routes together."""
    table = Table(title=f"{summary['driver']} on suite '{summary['suite']}'", title_justify="left")
    table.add_column("route", no_wrap=True)
    table.add_column("weather", no_wrap=True)
    for _, heading, _ in COLUMNS:
        table.add_column(heading, justify="right")
    table.add_column("ended")
    for row in summary["routes"]:
        table.add_row(row["name"], row["weather"], *_cells(row), row["end_reason"])
    table.add_section()
    table.add_row("overall", "", *_cells(summary["overall"]), "", style="bold")
    console = Console()
    Console(width=max(console.width, NARROWEST)).print(table)


def _cells(row: Mapping[str, Any]) -> list[str]:
    """Return a row's figures as text, "-" for a missing one."""
    return ["-" if row.get(key) is None else form.format(row[key]) for key, _, form in COLUMNS]
