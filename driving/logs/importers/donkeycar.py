"""Donkeycar tubs, version 2: a manifest, catalogs of JSON records, JPEG images.

Donkeycar's angle is in [-1, 1], right positive, as our steer is. Its negative throttle brakes (or reverses) and becomes our brake.
Records that the user deleted, that a pilot drove, or that cannot be read are left out and counted.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from driving.logs import keys
from driving.logs.features import LogError
from driving.logs.importers import clock
from driving.logs.importers.recording import Frame, Recording, read_image
from driving.logs.importers.values import clip, read_numbers

DEFAULT_HZ = 20.0
MANIFEST_LINES = 5


@dataclass(frozen=True)
class Record:
    """A usable line of a catalog."""

    index: int
    time_s: float  # NaN without one
    session: str
    image: str  # file name
    steer: float  # in [-1, 1], right positive
    throttle: float  # in [-1, 1], negative brakes


@dataclass(frozen=True)
class Options:
    """Facts that the source does not state.

    Args:
        rate_hz: the frame rate (Hz) to count time by instead of the source's clock.
    """

    rate_hz: float | None = None


def read(source: Path, options: Options) -> Recording:
    """Open a tub; an impossible clock is replaced by Donkeycar's usual 20 Hz. Raises LogError where it is not a tub, or a broken one."""
    skipped: Counter[str] = Counter()
    notes: list[str] = []
    records = list(_records(source, skipped))
    times = [record.time_s for record in records]
    counted_hz = clock.choose_rate(times, options.rate_hz, DEFAULT_HZ, notes) if records else DEFAULT_HZ
    frames = _frames(source / "images", records, counted_hz, skipped)
    names = {keys.ACTION: keys.ACTION_NAMES}
    return Recording(counted_hz or clock.nominal_rate(times), names, frames, "donkeycar", notes, skipped)


def _manifest(source: Path) -> dict[str, Any]:
    """Read the last line of the manifest: the catalogs and the deleted records. Raises LogError where there is none."""
    path = source / "manifest.json"
    if not path.is_file():
        if any(source.glob("record_*.json")):
            raise LogError(f"{source} is a tub of Donkeycar's old version 1: convert it with donkeycar's convert_to_tub_v2.py first")
        inside = [str(found.parent) for found in sorted(source.glob("*/manifest.json"))]
        hint = f"; did you mean {inside[0]}?" if inside else ""
        raise LogError(f"{source} is not a Donkeycar tub: manifest.json is missing{hint or '; give the folder that holds it and images/'}")
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    try:
        catalogs = json.loads(lines[MANIFEST_LINES - 1])
        return {"paths": [str(name) for name in catalogs["paths"]], "deleted": {int(i) for i in catalogs.get("deleted_indexes", [])}}
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise LogError(
            f"{path} has {len(lines)} lines, expected {MANIFEST_LINES} of JSON, the last with the catalogs' paths: copy it again"
        ) from error


def _records(source: Path, skipped: Counter[str]) -> Iterator[Record]:
    manifest = _manifest(source)
    for name in manifest["paths"]:
        try:
            lines = (source / name).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError as error:
            raise LogError(f"catalog {source / name} cannot be read ({error.strerror}): the manifest names it; copy the tub again") from error
        for line in filter(str.strip, lines):
            record = _record(line)
            if record is None:
                skipped["broken record in a catalog"] += 1
            elif record[0].index in manifest["deleted"]:
                skipped["deleted by the user"] += 1
            elif record[1] != "user":
                skipped["driven by a pilot, not by the user"] += 1
            else:
                yield record[0]


def _record(line: str) -> tuple[Record, str] | None:
    """Return the record and its mode; None where a part is missing or not a number."""
    try:
        raw = json.loads(line)
        numbers = read_numbers([raw["user/angle"], raw["user/throttle"]])
        if numbers is None:
            return None
        time_s = float(raw["_timestamp_ms"]) / 1000.0 if "_timestamp_ms" in raw else math.nan
        session = str(raw.get("_session_id", ""))
        record = Record(int(raw["_index"]), time_s, session, str(raw["cam/image_array"]), *numbers)
        return record, str(raw.get("user/mode", "user"))
    except (KeyError, TypeError, ValueError):
        return None


def _frames(images: Path, records: list[Record], counted_hz: float | None, skipped: Counter[str]) -> Iterator[Frame]:
    for record in records:
        image = read_image(images / Path(record.image).name)
        if image is None:
            skipped["image missing or broken"] += 1
            continue
        action = (clip(record.steer, -1.0), clip(record.throttle, 0.0), clip(-record.throttle, 0.0))
        time_s = record.time_s if counted_hz is None else record.index / counted_hz
        yield Frame(time_s, record.session, image, {keys.ACTION: action})
