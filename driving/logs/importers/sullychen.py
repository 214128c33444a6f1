"""SullyChen's driving dataset: data.txt, with lines `N.jpg angle` (2017) or `N.jpg angle,YYYY-MM-DD hh:mm:ss:ms` (2018).

The angle is the steering wheel's in degrees, right positive. Here it is divided by the wheel's full lock.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from driving.logs import keys
from driving.logs.features import LogError
from driving.logs.importers import clock
from driving.logs.importers.recording import Frame, Recording, read_image
from driving.logs.importers.values import clip, read_numbers

DEFAULT_HZ = 30.0
TABLE = "data.txt"
LINE = re.compile(r"(?P<image>\S+)\s+(?P<angle>[^\s,]+)(?:,(?P<date>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d):(?P<fraction>\d{1,6}))?")


@dataclass(frozen=True)
class Row:
    """A usable line of the table."""

    number: int  # of the line
    image: str  # file name
    time_s: float  # NaN without one
    wheel_deg: float  # right positive


@dataclass(frozen=True)
class Options:
    """Facts that the source does not state.

    Args:
        full_lock_deg: the steering wheel's largest angle (deg), which becomes steer 1.
        rate_hz: the frame rate (Hz) to count time by instead of the source's clock.
    """

    full_lock_deg: float = 540.0
    rate_hz: float | None = None


def read(source: Path, options: Options) -> Recording:
    """Open the dataset: its folder, or data.txt. steer = wheel angle / `full_lock_deg`. Raises LogError for impossible options or no table."""
    full_lock_deg = options.full_lock_deg
    if not full_lock_deg > 0.0:
        raise LogError(f"full_lock_deg is {full_lock_deg:g}, expected the wheel's largest angle in degrees, above 0")
    table = _table(source)
    skipped: Counter[str] = Counter()
    notes = [f"steer is the wheel's angle over {full_lock_deg:g} degrees; give full_lock_deg if the car's lock is another"]
    rows = list(_rows(table, skipped))
    times = [row.time_s for row in rows]
    counted_hz = clock.choose_rate(times, options.rate_hz, DEFAULT_HZ, notes) if rows else DEFAULT_HZ
    frames = _frames(table.parent, rows, full_lock_deg, counted_hz, skipped)
    return Recording(counted_hz or clock.nominal_rate(times), {keys.ACTION: ("steer",)}, frames, "sullychen", notes, skipped)


def _table(source: Path) -> Path:
    """Return the path of data.txt, beside the images or one folder above them. Raises LogError where it is missing."""
    for table in (source, source / TABLE, source / "data" / TABLE):
        if table.is_file():
            return table
    raise LogError(f"{source / TABLE} is missing: give the folder that holds {TABLE} and the images")


def _rows(table: Path, skipped: Counter[str]) -> Iterator[Row]:
    with table.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file):
            match = LINE.fullmatch(line.strip())
            angle = read_numbers([match["angle"]]) if match else None
            if match is None or angle is None:
                skipped["broken line in the table"] += bool(line.strip())
            else:
                yield Row(number, Path(match["image"]).name, _time(match["date"], match["fraction"]), angle[0])


def _time(date: str | None, fraction: str | None) -> float:
    """Return a line's time (s); NaN where it has none."""
    if date is None or fraction is None:
        return float("nan")
    try:
        return datetime.strptime(date, "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc).timestamp() + int(fraction) / 1000.0
    except ValueError:
        return float("nan")


def _frames(folder: Path, rows: list[Row], full_lock_deg: float, counted_hz: float | None, skipped: Counter[str]) -> Iterator[Frame]:
    inside = folder / "data"
    for row in rows:
        image = read_image(folder / row.image)
        if image is None and inside.is_dir():
            image = read_image(inside / row.image)
        if image is None:
            skipped["image missing or broken"] += 1
            continue
        time_s = row.time_s if counted_hz is None else row.number / counted_hz
        yield Frame(time_s, "", image, {keys.ACTION: (clip(row.wheel_deg / full_lock_deg, -1.0),)})
