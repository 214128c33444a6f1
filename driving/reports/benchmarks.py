"""The benchmark part of a report: how fast the liquid networks are beside their peers, and how accurate each solver is for its cost.

Reads the JSON that `scripts/benchmark.py ltc` writes; the figures are of the machine that it ran on.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from driving.quantities import UserError
from driving.reports import figures
from driving.reports.document import Gallery, Picture, Section, Table, Words

SOLVERS = "solver error % at evaluations"
PEER = "ncps ltc"
NEEDED = {"case", "units", "batch", "threads", "contender", "value"}


def benchmark_section(path: Path) -> Section:
    """Tables of medians and ratios, and the solvers' accuracy against cost. Raises UserError where the file is not one of benchmark.py's."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        rows = content["rows"]
        whole = bool(rows) and all(row.keys() >= NEEDED for row in rows)
        machine = ", ".join(f"{name} {value}" for name, value in (*content["machine"].items(), ("SIMD lanes", content["lanes"])))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"benchmark {path} cannot be read ({error!r}): run scripts/benchmark.py ltc --out {path}") from error
    if not whole:
        raise UserError(f"benchmark {path} has no rows of {', '.join(sorted(NEEDED))}: run scripts/benchmark.py ltc --out {path}")
    cases = [row for row in rows if row["case"] != SOLVERS]
    tables = [_table(name, list(part)) for name, part in groupby(cases, key=lambda row: str(row["case"]))]
    pictures = solver_pictures([row for row in rows if row["case"] == SOLVERS])
    return Section("Liquid networks beside their peers", [Words(f"Measured on: {machine}."), *tables, Gallery(pictures)])


def _table(case: str, rows: Sequence[dict[str, Any]]) -> Table:
    """One line a contender, one column a size: the median, and how many times less than ncps's LTC takes."""
    sizes = list(dict.fromkeys(_size(row) for row in rows))
    found = {(_size(row), row["contender"]): float(row["value"]) for row in rows}
    lines = [[name, *(_cell(found, size, name) for size in sizes)] for name in dict.fromkeys(row["contender"] for row in rows)]
    return Table([case, *(f"{units} units, batch {batch}, {threads} threads" for units, batch, threads in sizes)], lines)


def _size(row: dict[str, Any]) -> tuple[int, int, int]:
    return row["units"], row["batch"], row["threads"]


def _cell(found: dict[tuple[tuple[int, int, int], str], float], size: tuple[int, int, int], name: str) -> str:
    value, peer = found.get((size, name)), found.get((size, PEER))
    if value is None:
        return "–"
    return f"{value:.4g}" + (f" ({peer / value:.3g}×)" if peer and value and name != PEER else "")


def solver_pictures(rows: Sequence[dict[str, Any]]) -> list[Picture]:
    """A drawing for each size: error in % of the states' spread against evaluations of all synapses a step."""
    pictures = []
    for units in dict.fromkeys(row["units"] for row in rows):
        lines = {}
        for solver in dict.fromkeys(row["contender"] for row in rows):
            mine = [(row["batch"], row["value"]) for row in rows if (row["units"], row["contender"]) == (units, solver) and row["value"] > 0]
            lines[str(solver).replace("_", " ")] = (np.array([cost for cost, _ in mine], float), np.array([error for _, error in mine], float))
        caption = f"{units} units: solver error in % of the states' standard deviation, by evaluations of the synapses a step"
        pictures.append(Picture(f"solvers_{units}", caption, svg=figures.cost_curves(lines, "evaluations a step")))
    return pictures
