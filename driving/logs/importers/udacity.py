"""Udacity's simulator: driving_log.csv with center, left, right, steering, throttle, brake, speed, and the folder IMG.

Its steering is in [-1, 1], right positive, as ours is; its speed is in mph. The times are in the file names, as in
center_2019_04_02_19_25_33_671.jpg. Only the centre camera is imported.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path, PureWindowsPath

from driving.logs import keys
from driving.logs.features import LogError
from driving.logs.importers import clock
from driving.logs.importers.recording import Frame, Recording, read_image
from driving.logs.importers.values import clip, read_numbers

DEFAULT_HZ = 15.0
MPS_PER_MPH = 0.44704
TABLE = "driving_log.csv"
COLUMNS = 7
TIME_IN_NAME = re.compile(r"(\d{4})_(\d\d)_(\d\d)_(\d\d)_(\d\d)_(\d\d)_(\d{1,3})")
NAMES = {keys.ACTION: keys.ACTION_NAMES, keys.STATE: ("speed_mps",)}


@dataclass(frozen=True)
class Row:
    """A usable line of the table."""

    number: int  # of the line
    image: str  # file name
    time_s: float  # from the file name; NaN without one
    numbers: tuple[float, ...]  # steering, throttle, brake, speed (mph)


@dataclass(frozen=True)
class Options:
    """Facts that the source does not state.

    Args:
        rate_hz: the frame rate (Hz) to count time by instead of the source's clock.
    """

    rate_hz: float | None = None


def read(source: Path, options: Options) -> Recording:
    """Open a recording: its folder, or the CSV file. Raises LogError where the table is missing or the rate impossible."""
    table = source / TABLE if source.is_dir() else source
    skipped: Counter[str] = Counter()
    notes: list[str] = []
    rows = list(_rows(table, skipped))
    times = [row.time_s for row in rows]
    counted_hz = clock.choose_rate(times, options.rate_hz, DEFAULT_HZ, notes) if rows else DEFAULT_HZ
    frames = _frames(table.parent, rows, counted_hz, skipped)
    return Recording(counted_hz or clock.nominal_rate(times), NAMES, frames, "udacity simulator", notes, skipped)


def _rows(table: Path, skipped: Counter[str]) -> Iterator[Row]:
    if not table.is_file():
        raise LogError(f"{table} is missing: give the folder that holds {TABLE} and IMG/")
    with table.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        for number, cells in enumerate(csv.reader(file)):
            if number == 0 and cells and cells[0].strip().lower() == "center":
                continue
            numbers = read_numbers(cells[3:COLUMNS]) if len(cells) == COLUMNS else None
            if numbers is None:
                skipped["broken line in the table"] += 1
                continue
            image = PureWindowsPath(cells[0].strip()).name
            yield Row(number, image, _time_in(image), numbers)


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


def _frames(folder: Path, rows: list[Row], counted_hz: float | None, skipped: Counter[str]) -> Iterator[Frame]:
    for row in rows:
        image = read_image(folder / "IMG" / row.image)
        if image is None:
            skipped["image missing or broken"] += 1
            continue
        steer, throttle, brake, speed_mph = row.numbers
        action = (clip(steer, -1.0), clip(throttle, 0.0), clip(brake, 0.0))
        time_s = row.time_s if counted_hz is None else row.number / counted_hz
        yield Frame(time_s, "", image, {keys.ACTION: action, keys.STATE: (speed_mph * MPS_PER_MPH,)})
