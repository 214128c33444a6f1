"""Udacity's simulator: driving_log.csv with center, left, right, steering, throttle, brake, speed, and the folder IMG.

Its steering is in [-1, 1], right positive, as ours is; its speed is in mph. The times are in the file names, as in
center_2019_04_02_19_25_33_671.jpg. Only the centre camera is imported. A table with a header is read by the header's names.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path, PureWindowsPath

import numpy as np

from driving.logs import keys
from driving.logs.features import LogError
from driving.logs.importers import clock
from driving.logs.importers.options import PedalOptions, RateOption, SteerOptions, speed_scale
from driving.logs.importers.pictures import PictureFolders
from driving.logs.importers.recording import Frame, Recording
from driving.logs.importers.scales import bring_to_our_units
from driving.logs.importers.tally import Tally
from driving.logs.importers.values import ValueFault, has_decimal_comma, read_numbers

DEFAULT_HZ = 15.0
TABLE = "driving_log.csv"
NUMBERS = ("steering", "throttle", "brake", "speed")
COLUMNS = ("center", "left", "right", *NUMBERS)
TIME_IN_NAME = re.compile(r"(\d{4})_(\d\d)_(\d\d)_(\d\d)_(\d\d)_(\d\d)_(\d{1,3})")
NAMES = {keys.ACTION: keys.ACTION_NAMES, keys.STATE: ("speed_mps",)}


@dataclass(frozen=True)
class Row:
    """A usable line of the table."""

    place: str  # the line, for messages
    number: int  # of the line
    image: str  # as the simulator wrote it, often a path of another machine
    time_s: float  # from the file name; NaN without one
    numbers: tuple[float, ...]  # in the order of NUMBERS, in the table's units


@dataclass(frozen=True)
class Options(RateOption, SteerOptions, PedalOptions):
    """Facts that the source does not state.

    Args:
        speed_unit: the unit of the speed: m/s, km/h or mph.
    """

    speed_unit: str = "mph"


def read(source: Path, options: Options) -> Recording:
    """Open a recording: its folder, or the CSV file.

    Raises LogError where the table is missing, its columns cannot be told apart, the rate is impossible, or a signal is in another unit.
    """
    table = source / TABLE if source.is_dir() else source
    scales = [options.steer_scale("steering"), options.throttle_scale("throttle"), options.brake_scale("brake")]
    scales.append(speed_scale("speed", options.speed_unit))
    tally = Tally()
    notes: list[str] = []
    rows = list(_rows(table, tally, notes))
    times = [row.time_s for row in rows]
    counted_hz = clock.choose_rate(times, options.rate_hz, DEFAULT_HZ, notes) if rows else DEFAULT_HZ
    raw = np.array([row.numbers for row in rows]).reshape(-1, len(scales))
    values = bring_to_our_units(scales, raw, [row.place for row in rows], tally)
    frames = _frames(PictureFolders(table.parent, ("IMG", "."), notes), rows, values, counted_hz, tally)
    return Recording(counted_hz or clock.nominal_rate(times), NAMES, frames, "udacity simulator", notes, tally)


def _rows(table: Path, tally: Tally, notes: list[str]) -> Iterator[Row]:
    """Yield the usable lines; cells lie between commas, semicolons or tabs."""
    if not table.is_file():
        raise LogError(f"{table} is missing: give the folder that holds {TABLE} and IMG/")
    lines = table.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    start = next((line for line in lines if line.strip()), "")
    separator = max(",;\t", key=start.count) if max(map(start.count, ";\t")) >= len(COLUMNS) - 1 else ","
    columns: Sequence[str] = COLUMNS
    commas = 0
    for number, cells in enumerate(csv.reader(lines, delimiter=separator)):
        place = f"{table.name} line {number + 1}"
        if not any(map(str.strip, cells)):
            continue
        if "center" in (header := [cell.strip().lower() for cell in cells]):
            columns = _check_header(header, place)
            continue
        try:
            words = _name_cells(cells, columns, place)
            commas += any(map(has_decimal_comma, words.values()))
            numbers = read_numbers({name: words[name] for name in NUMBERS})
        except ValueFault as error:
            tally.skip("broken line in the table", f"{place}: {error}")
            continue
        yield Row(place, number, words["center"], _time_in(PureWindowsPath(words["center"]).name), numbers)
    if commas:
        notes.append(f"{commas} lines have numbers with a decimal comma: read as a decimal point")


def _check_header(header: Sequence[str], place: str) -> Sequence[str]:
    lacking = [name for name in ("center", *NUMBERS) if name not in header]
    if lacking:
        raise LogError(f"{place}, the header, lacks {', '.join(lacking)} and has {', '.join(header)}: name the columns as the simulator does")
    return header


def _name_cells(cells: Sequence[str], columns: Sequence[str], place: str) -> dict[str, str]:
    """Return a line's cells by column. Raises ValueFault for another number of cells, LogError where decimal commas make more of them."""
    tail = [cell.strip() for cell in cells[columns.index("steering") :]]
    if len(columns) < len(cells) <= len(columns) + len(NUMBERS) and all(re.fullmatch(r"[-+\d.eE]+", cell) for cell in tail):
        raise LogError(
            f"{place} has {len(cells)} cells, expected {len(columns)}: decimal commas ({','.join(tail[:2])}) between commas cannot be told apart; "
            "record again where numbers have a decimal point, or save the table with semicolons between its cells"
        )
    if len(cells) != len(columns):
        raise ValueFault(f"it has {len(cells)} cells, expected {len(columns)}")
    return {name: cell.strip() for name, cell in zip(columns, cells, strict=True)}


def _time_in(name: str) -> float:
    """Return the time (s) in a file name; NaN where there is none."""
    match = TIME_IN_NAME.search(name)
    if match is None:
        return float("nan")
    year, month, day, hour, minute, second, fraction = map(int, match.groups())
    try:
        return datetime(year, month, day, hour, minute, second, fraction * 1000, timezone.utc).timestamp()
    except ValueError:
        return float("nan")


def _frames(folders: PictureFolders, rows: list[Row], values: np.ndarray, counted_hz: float | None, tally: Tally) -> Iterator[Frame]:
    for row, (steer, throttle, brake, speed_mps) in zip(rows, values.tolist(), strict=True):
        image = None if np.isnan(steer) else folders.read(row.image, row.place, tally)
        if image is not None:
            time_s = row.time_s if counted_hz is None else row.number / counted_hz
            yield Frame(time_s, "", image, {keys.ACTION: (steer, throttle, brake), keys.STATE: (speed_mps,)})
