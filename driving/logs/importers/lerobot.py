"""Anybody's LeRobot driving set, v3.0 or v2.1 (L2D among them), brought to our names, units and signs.

Such sets do not state the sign of steering or the unit of speed, so the user gives both. A signal is named `FEATURE:ELEMENT`,
as in `action.continuous:steering_angle_normalized`, or `FEATURE` where it has one element.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from driving.logs import keys
from driving.logs.features import LogError
from driving.logs.importers.recording import Frame, Recording
from driving.logs.importers.values import clip
from driving.logs.reader import Log

SIGNS = {"right": 1.0, "left": -1.0}
UNITS = {"m/s": 1.0, "km/h": 1.0 / 3.6, "mph": 0.44704}


@dataclass(frozen=True)
class Options:
    """The set's signals, each named `FEATURE:ELEMENT`; "" for a signal that is not imported.

    Args:
        camera: the camera's feature; "" where the set has one only.
        steer: the signal of steering, in [-1, 1].
        steer_positive: the side to which positive steering turns: right or left.
        throttle: the signal of the throttle, in [0, 1].
        brake: the signal of the brake, in [0, 1].
        speed: the signal of the speed.
        speed_unit: the unit of the speed: m/s, km/h or mph.
    """

    camera: str = ""
    steer: str = ""
    steer_positive: str = ""
    throttle: str = ""
    brake: str = ""
    speed: str = ""
    speed_unit: str = ""


@dataclass(frozen=True)
class Signal:
    """Where one of our signals lies in the set, and how it becomes ours.

    Args:
        feature: the feature of the set.
        element: the signal's position in the feature's vector.
        scale: what its values are multiplied by.
        least: values are kept between this and 1; None to leave them as they are.
    """

    feature: str
    element: int
    scale: float
    least: float | None = None

    def read(self, columns: dict[str, np.ndarray]) -> np.ndarray:
        """Return the signal (T,) of an episode in our unit and sign."""
        return np.asarray(columns[self.feature], dtype=np.float64)[:, self.element] * self.scale


def read(source: Path, options: Options) -> Recording:
    """Open a set. Raises LogError where `steer`, its sign or the speed's unit is not given, and where the set has no such signal."""
    log = Log(source)
    camera = options.camera or (log.image_keys[0] if len(log.image_keys) == 1 else "")
    if camera not in log.image_keys:
        raise LogError(f"camera {camera!r} is not in {source}: give camera, one of {', '.join(log.image_keys) or 'none: the set has no video'}")
    sign = _choose("steer_positive", options.steer_positive, SIGNS)
    signals = {"steer": Signal(*_find(log, "steer", options.steer), sign, -1.0)}
    pedals = {"throttle": options.throttle, "brake": options.brake}
    signals |= {name: Signal(*_find(log, name, given), 1.0, 0.0) for name, given in pedals.items() if given}
    names: dict[str, tuple[str, ...]] = {keys.ACTION: tuple(signals)}
    if options.speed:
        place = _find(log, "speed", options.speed)
        signals["speed_mps"] = Signal(*place, _choose("speed_unit", options.speed_unit, UNITS))
        names[keys.STATE] = ("speed_mps",)
    skipped: Counter[str] = Counter()
    return Recording(log.fps, names, _frames(log, camera, names, signals, skipped), f"lerobot set {source.name}", [], skipped)


def _choose(option: str, chosen: str, among: dict[str, float]) -> float:
    if chosen not in among:
        raise LogError(f"{option} is {chosen!r}, and the set does not state it: give one of {', '.join(among)}")
    return among[chosen]


def _find(log: Log, what: str, signal: str) -> tuple[str, int]:
    """Return the feature and the element's position of a signal named `FEATURE:ELEMENT`. Raises LogError where the set does not have it."""
    key, _, element = signal.partition(":")
    feature = log.features.get(key)
    known = [f"{name}:{part}" for name, one in log.features.items() if name not in keys.BOOKKEEPING for part in one.names or () if not one.is_video]
    if feature is not None and not element and feature.shape == (1,):
        return key, 0
    if feature is None or element not in (feature.names or ()):
        raise LogError(f"{what} {signal!r} is not in {log.root}: give one of {', '.join(known)}")
    return key, (feature.names or ()).index(element)


def _frames(log: Log, camera: str, names: dict[str, tuple[str, ...]], signals: dict[str, Signal], skipped: Counter[str]) -> Iterator[Frame]:
    for episode in log.episodes:
        columns, times_s = log.columns(episode.index), log.timestamps(episode.index)
        values = {name: signal.read(columns) for name, signal in signals.items()}
        for t, image in enumerate(log.frames(episode.index, camera)):
            row = {name: float(column[t]) for name, column in values.items()}
            if not all(map(np.isfinite, row.values())):
                skipped["a signal is not finite"] += 1
                continue
            row |= {name: clip(row[name], signal.least) for name, signal in signals.items() if signal.least is not None}
            yield Frame(float(times_s[t]), episode.index, image, {key: tuple(row[name] for name in parts) for key, parts in names.items()})
