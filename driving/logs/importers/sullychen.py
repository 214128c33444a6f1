"""SullyChen's driving dataset: data.txt, with lines `N.jpg angle` (2017) or `N.jpg angle,YYYY-MM-DD hh:mm:ss:ms` (2018).

The angle is the steering wheel's in degrees, right positive. Here it is divided by the wheel's full lock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from driving.logs import keys
from driving.logs.features import LogError
from driving.logs.importers import clock
from driving.logs.importers.options import RateOption, full_lock_scale
from driving.logs.importers.pictures import PictureFolders
from driving.logs.importers.recording import Frame, Recording
from driving.logs.importers.scales import bring_to_our_units
from driving.logs.importers.tally import Tally
from driving.logs.importers.values import ValueFault, read_numbers

DEFAULT_HZ = 30.0
TABLE = "data.txt"
LINE = re.compile(r"(?P<image>\S+)\s+(?P<angle>[^\s,]+(?:,\d+(?![-\d]))?)(?:,(?P<date>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d):(?P<fraction>\d{1,6}))?")


@dataclass(frozen=True)
class Row:
    """A usable line of the table."""

    place: str  # the line, for messages
    number: int  # of the line
    image: str  # file name
    time_s: float  # NaN without one
    wheel_deg: float  # right positive


@dataclass(frozen=True)
class Options(RateOption):
    """Facts that the source does not state.

    Args:
        full_lock_deg: the steering wheel's largest angle (deg), which becomes steer 1.
    """

    full_lock_deg: float = 540.0


def read(source: Path, options: Options) -> Recording:
    """Open the dataset: its folder, or data.txt. steer = wheel angle / `full_lock_deg`. Raises LogError for impossible options or no table."""
    scale = full_lock_scale("the wheel's angle", options.full_lock_deg, 1.0)
    table = _table(source)
    tally = Tally()
    notes = [f"steer is the wheel's angle over {options.full_lock_deg:g} degrees; give full_lock_deg if the car's lock is another"]
    rows = list(_rows(table, tally))
    times = [row.time_s for row in rows]
    counted_hz = clock.choose_rate(times, options.rate_hz, DEFAULT_HZ, notes) if rows else DEFAULT_HZ
    raw = np.array([row.wheel_deg for row in rows]).reshape(-1, 1)
    steers = bring_to_our_units([scale], raw, [row.place for row in rows], tally)[:, 0]
    frames = _frames(PictureFolders(table.parent, ("data", "."), notes), rows, steers, counted_hz, tally)
    return Recording(counted_hz or clock.nominal_rate(times), {keys.ACTION: ("steer",)}, frames, "sullychen", notes, tally)


def _table(source: Path) -> Path:
    """Return the path of data.txt, beside the images or one folder above them. Raises LogError where it is missing."""
    for table in (source, source / TABLE, source / "data" / TABLE):
        if table.is_file():
            return table
    raise LogError(f"{source / TABLE} is missing: give the folder that holds {TABLE} and the images")


def _rows(table: Path, tally: Tally) -> Iterator[Row]:
    with table.open(encoding="utf-8-sig", errors="replace") as file:
        for number, line in enumerate(file):
            place = f"{table.name} line {number + 1}"
            if not line.strip():
                continue
            try:
                match = LINE.fullmatch(line.strip())
                if match is None:
                    raise ValueFault(f"it is {line.strip()!r}, expected 'N.jpg ANGLE' or 'N.jpg ANGLE,DATE TIME'")
                (angle,) = read_numbers({"the angle": match["angle"]})
            except ValueFault as error:
                tally.skip("broken line in the table", f"{place}: {error}")
                continue
            yield Row(place, number, match["image"], _time(match["date"], match["fraction"]), angle)


def _time(date: str | None, fraction: str | None) -> float:
    """Return a line's time (s); NaN where it has none."""
    if date is None or fraction is None:
        return float("nan")
    try:
        return datetime.strptime(date, "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc).timestamp() + int(fraction) / 1000.0
    except ValueError:
        return float("nan")


def _frames(folders: PictureFolders, rows: list[Row], steers: np.ndarray, counted_hz: float | None, tally: Tally) -> Iterator[Frame]:
    for row, steer in zip(rows, steers, strict=True):
        image = None if np.isnan(steer) else folders.read(row.image, row.place, tally)
        if image is not None:
            time_s = row.time_s if counted_hz is None else row.number / counted_hz
            yield Frame(time_s, "", image, {keys.ACTION: (float(steer),)})
