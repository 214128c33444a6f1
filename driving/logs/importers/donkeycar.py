"""Donkeycar tubs, version 2: a manifest, catalogs of JSON records, JPEG images.

Donkeycar's angle is in [-1, 1], right positive, as our steer is. Its negative throttle brakes (or reverses) and becomes our brake. A car that
records the pulses of its servos (PWM) is imported with their middle and full values given.
Records that the user deleted, that a pilot drove, or that cannot be read are left out and counted.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from driving.logs import keys
from driving.logs.features import LogError
from driving.logs.importers import clock
from driving.logs.importers.options import RateOption, SteerOptions
from driving.logs.importers.pictures import PictureFolders
from driving.logs.importers.recording import Frame, Recording
from driving.logs.importers.scales import Scale, bring_to_our_units
from driving.logs.importers.tally import Tally
from driving.logs.importers.values import ValueFault, read_numbers

DEFAULT_HZ = 20.0
MANIFEST_LINES = 5
ANGLES, THROTTLES, IMAGE = ("user/angle", "user/steering", "steering"), ("user/throttle", "throttle"), "cam/image_array"  # older names first


@dataclass(frozen=True)
class Record:
    """A usable line of a catalog."""

    place: str  # the catalog and the line
    index: int
    time_s: float  # NaN without one
    session: str
    image: str  # file name
    angle: float  # in the tub's unit, as the throttle
    throttle: float
    mode: str


@dataclass(frozen=True)
class Options(RateOption, SteerOptions):
    """Facts that the source does not state.

    Args:
        throttle_zero: the tub's value of the throttle at rest, for PWM the middle pulse.
        throttle_full: the distance of full throttle from throttle_zero.
    """

    throttle_zero: float = 0.0
    throttle_full: float = 1.0


def read(source: Path, options: Options) -> Recording:
    """Open a tub; an impossible clock is replaced by Donkeycar's usual 20 Hz.

    Raises LogError where it is not a tub, or a broken one, or where its angles or throttles are in another unit than the options say.
    """
    scales = [options.steer_scale(ANGLES[0]), _throttle_scale(options)]
    tally = Tally()
    notes: list[str] = []
    records = list(_records(source, tally))
    times = [record.time_s for record in records]
    counted_hz = clock.choose_rate(times, options.rate_hz, DEFAULT_HZ, notes) if records else DEFAULT_HZ
    raw = np.array([(record.angle, record.throttle) for record in records]).reshape(-1, 2)
    controls = bring_to_our_units(scales, raw, [record.place for record in records], tally)
    frames = _frames(PictureFolders(source, ("images",), notes), records, controls, counted_hz, tally)
    names = {keys.ACTION: keys.ACTION_NAMES}
    return Recording(counted_hz or clock.nominal_rate(times), names, frames, "donkeycar", notes, tally)


def _throttle_scale(options: Options) -> Scale:
    if not options.throttle_full or not math.isfinite(options.throttle_full):
        raise LogError(f"throttle_full is {options.throttle_full:g}, expected a distance from throttle_zero other than 0")
    remedy = "state the unit with throttle_zero and throttle_full, as in --throttle_zero 370 --throttle_full 130 for PWM from 370 at rest to 500"
    return Scale(THROTTLES[0], options.throttle_zero, options.throttle_full, remedy=remedy)


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


def _records(source: Path, tally: Tally) -> Iterator[Record]:
    manifest = _manifest(source)
    for name in manifest["paths"]:
        try:
            lines = (source / name).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError as error:
            raise LogError(f"catalog {source / name} cannot be read ({error.strerror}): the manifest names it; copy the tub again") from error
        for number, line in enumerate(lines, 1):
            place = f"{name} line {number}"
            if not line.strip():
                continue
            try:
                record = _record(line, place)
            except ValueFault as error:
                tally.skip("broken record in a catalog", f"{place}: {error}")
                continue
            if record.index in manifest["deleted"]:
                tally.skip("deleted by the user")
            elif record.mode != "user":
                tally.skip("driven by a pilot, not by the user")
            else:
                yield record


def _record(line: str, place: str) -> Record:
    """Return a record of a catalog. Raises ValueFault where a part is missing or not a number."""
    try:
        raw = json.loads(line)
    except ValueError as error:
        raise ValueFault(f"it is not JSON ({error})") from error
    if not isinstance(raw, dict):
        raise ValueFault(f"it is {type(raw).__name__}, expected an object of JSON")
    keys_of = [next((key for key in names if key in raw), names[0]) for names in (ANGLES, THROTTLES, ("_index",), (IMAGE,))]
    lacking = [key for key in keys_of if key not in raw]
    if lacking:
        raise ValueFault(f"it lacks {', '.join(lacking)} and has {', '.join(raw)}")
    angle, throttle, index = read_numbers({key: raw[key] for key in keys_of[:3]})
    time_s = read_numbers({"_timestamp_ms": raw["_timestamp_ms"]})[0] / 1000.0 if "_timestamp_ms" in raw else math.nan
    session, mode = str(raw.get("_session_id", "")), str(raw.get("user/mode", "user"))
    return Record(place, int(index), time_s, session, str(raw[IMAGE]), angle, throttle, mode)


def _frames(folders: PictureFolders, records: list[Record], controls: np.ndarray, counted_hz: float | None, tally: Tally) -> Iterator[Frame]:
    for record, (steer, throttle) in zip(records, controls, strict=True):
        if math.isnan(steer):
            continue
        image = folders.read(record.image, record.place, tally)
        if image is None:
            continue
        action = (float(steer), max(0.0, float(throttle)), max(0.0, -float(throttle)))
        time_s = record.time_s if counted_hz is None else record.index / counted_hz
        yield Frame(time_s, record.session, image, {keys.ACTION: action})
