"""The benchmark part of a report: the speed of the liquid networks beside their peers, and each solver's accuracy against its cost.

Reads the JSON that `scripts/benchmark.py ltc` writes. Its figures belong to the machine that the benchmark ran on.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from driving.quantities import UserError
from driving.reports import figures
from driving.reports.document import Gallery, Paragraph, Picture, Section, Table

SOLVERS = "solver error % at evaluations"
PEER = "ncps ltc"
REQUIRED = {"case", "units", "batch", "threads", "contender", "value"}


class Size(NamedTuple):
    """The size of a measured network and of its work."""

    units: int
    batch: int
    threads: int


def make_benchmark_section(path: Path) -> Section:
    """Return tables of medians and ratios, and charts of the solvers' accuracy against cost.

    Raises UserError when the file does not have the content that `scripts/benchmark.py ltc` writes.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        rows = content["rows"]
        is_complete = bool(rows) and all(row.keys() >= REQUIRED for row in rows)
        machine = ", ".join(f"{name} {value}" for name, value in (*content["machine"].items(), ("SIMD lanes", content["lanes"])))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"benchmark {path} cannot be read ({error!r}): run scripts/benchmark.py ltc --out {path}") from error
    if not is_complete:
        raise UserError(f"benchmark {path} has no rows of {', '.join(sorted(REQUIRED))}: run scripts/benchmark.py ltc --out {path}")
    cases = [row for row in rows if row["case"] != SOLVERS]
    tables = [_make_table(name, list(part)) for name, part in groupby(cases, key=lambda row: str(row["case"]))]
    pictures = draw_solvers([row for row in rows if row["case"] == SOLVERS])
    return Section("Liquid networks beside their peers", [Paragraph(f"Measured on: {machine}."), *tables, Gallery(pictures)])


def _make_table(case: str, rows: Sequence[dict[str, Any]]) -> Table:
    """Return one row per contender and one column per size: the median, and how many times faster than ncps's LTC it is."""
    sizes = list(dict.fromkeys(_read_size(row) for row in rows))
    medians = {(_read_size(row), str(row["contender"])): float(row["value"]) for row in rows}
    lines = [[name, *(_format_cell(medians, size, name) for size in sizes)] for name in dict.fromkeys(str(row["contender"]) for row in rows)]
    return Table([case, *(f"{size.units} units, batch {size.batch}, {size.threads} threads" for size in sizes)], lines)


def _read_size(row: dict[str, Any]) -> Size:
    return Size(row["units"], row["batch"], row["threads"])


def _format_cell(medians: dict[tuple[Size, str], float], size: Size, name: str) -> str:
    value, peer = medians.get((size, name)), medians.get((size, PEER))
    if value is None:
        return "–"
    return f"{value:.4g}" + (f" ({peer / value:.3g}×)" if peer and value and name != PEER else "")


def draw_solvers(rows: Sequence[dict[str, Any]]) -> list[Picture]:
    """Draw one chart per number of units: the error in % of the states' spread against the evaluations of all synapses per step."""
    pictures = []
    for units in dict.fromkeys(row["units"] for row in rows):
        lines = {}
        for solver in dict.fromkeys(row["contender"] for row in rows):
            own = [row for row in rows if (row["units"], row["contender"]) == (units, solver) and row["value"] > 0]
            costs, errors = (np.array([row[key] for row in own], float) for key in ("batch", "value"))
            lines[str(solver).replace("_", " ")] = (costs, errors)
        caption = f"{units} units: solver error in % of the states' standard deviation, against evaluations of the synapses per step"
        pictures.append(Picture(f"solvers_{units}", caption, svg=figures.draw_cost_curves(lines, "evaluations per step")))
    return pictures
