"""Anybody's LeRobot driving set, v3.0 or v2.1 (L2D among them), brought to our names, units and signs.

Such sets do not state the sign of steering or the unit of speed, so the user gives both. A signal is named `FEATURE:ELEMENT`,
as in `action.continuous:steering_angle_normalized`, `FEATURE:2` where the set does not name the elements, or `FEATURE` where it has one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from driving.logs import keys
from driving.logs.features import LogError
from driving.logs.importers.options import PedalOptions, SteerOptions, speed_scale
from driving.logs.importers.recording import Frame, Recording
from driving.logs.importers.scales import Scale, bring_to_our_units
from driving.logs.importers.tally import Tally
from driving.logs.reader import Log


@dataclass(frozen=True)
class Options(SteerOptions, PedalOptions):
    """The set's signals, each named `FEATURE:ELEMENT`; "" for a signal that is not imported.

    Args:
        steer_positive: the side to which greater values of steering turn: right or left.
        camera: the camera's feature; "" where the set has one only.
        steer: the signal of steering.
        throttle: the signal of the throttle.
        brake: the signal of the brake.
        speed: the signal of the speed.
        speed_unit: the unit of the speed: m/s, km/h or mph.
    """

    steer_positive: str = ""
    camera: str = ""
    steer: str = ""
    throttle: str = ""
    brake: str = ""
    speed: str = ""
    speed_unit: str = ""


@dataclass(frozen=True)
class Signal:
    """Where one of our signals lies in the set: the position `element` in the vector `feature`; and how it becomes ours."""

    feature: str
    element: int
    scale: Scale


def read(source: Path, options: Options) -> Recording:
    """Open a set.

    Raises LogError where `steer`, its sign or the speed's unit is not given, where the set has no such signal, or where a signal is in another
    unit than the options say.
    """
    log = Log(source)
    camera = options.camera or (log.image_keys[0] if len(log.image_keys) == 1 else "")
    if camera not in log.image_keys:
        raise LogError(f"camera {camera!r} is not in {source}: give camera, one of {', '.join(log.image_keys) or 'none: the set has no images'}")
    signals = {"steer": Signal(*_find(log, "steer", options.steer), options.steer_scale(options.steer))}
    if options.throttle:
        signals["throttle"] = Signal(*_find(log, "throttle", options.throttle), options.throttle_scale(options.throttle))
    if options.brake:
        signals["brake"] = Signal(*_find(log, "brake", options.brake), options.brake_scale(options.brake))
    names: dict[str, tuple[str, ...]] = {keys.ACTION: tuple(signals)}
    if options.speed:
        signals["speed_mps"] = Signal(*_find(log, "speed", options.speed), speed_scale(options.speed, options.speed_unit))
        names[keys.STATE] = ("speed_mps",)
    tally = Tally()
    values = _read_values(log, signals, tally)
    return Recording(log.fps, names, _frames(log, camera, names, signals, values), f"lerobot set {source.name}", [], tally)


def _find(log: Log, what: str, signal: str) -> tuple[str, int]:
    """Return the feature and the element's position of a signal named `FEATURE:ELEMENT`. Raises LogError where the set does not have it."""
    elements = {
        key: feature.names or tuple(map(str, range(feature.shape[0])))
        for key, feature in log.features.items()
        if key not in keys.BOOKKEEPING and not feature.is_camera and feature.dtype != "string" and len(feature.shape) == 1
    }
    key, _, element = signal.partition(":")
    if key in elements and not element and len(elements[key]) == 1:
        return key, 0
    if element not in elements.get(key, ()):
        raise LogError(
            f"{what} {signal!r} is not in {log.root}: give one of {', '.join(f'{one}:{part}' for one in elements for part in elements[one])}"
        )
    return key, elements[key].index(element)


def _read_values(log: Log, signals: dict[str, Signal], tally: Tally) -> dict[int, np.ndarray]:
    """Return the signals (T, N) of each episode in our units, by the episode's number; NaN in a frame that is left out."""
    raw, places = [], []
    for number in log.numbers:
        columns = log.columns(number)
        raw.append(np.stack([np.asarray(columns[one.feature], dtype=np.float64)[:, one.element] for one in signals.values()], axis=1))
        places += [f"episode {number}, frame {t}" for t in range(len(raw[-1]))]
    stacked = np.concatenate(raw) if raw else np.zeros((0, len(signals)))
    known = np.isfinite(stacked).all(axis=1)
    if not known.all():
        tally.skip("a signal is not finite", places[int(np.argmin(known))], int((~known).sum()))
    ours = np.full(stacked.shape, np.nan)
    scales = [signal.scale for signal in signals.values()]
    ours[known] = bring_to_our_units(scales, stacked[known], [places[at] for at in np.flatnonzero(known)], tally)
    parts = np.split(ours, np.cumsum([len(part) for part in raw])[:-1]) if raw else []
    return dict(zip(log.numbers, parts, strict=True))


def _frames(log: Log, camera: str, names: dict[str, tuple[str, ...]], signals: dict[str, Signal], values: dict[int, np.ndarray]) -> Iterator[Frame]:
    columns = {name: column for column, name in enumerate(signals)}
    for number, values_TN in values.items():
        for image, time_s, row in zip(log.frames(number, camera), log.timestamps(number), values_TN, strict=True):
            if np.isfinite(row).all():
                yield Frame(float(time_s), number, image, {key: tuple(float(row[columns[part]]) for part in parts) for key, parts in names.items()})
