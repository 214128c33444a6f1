"""Anybody's LeRobot driving set, v3.0 or v2.1 (L2D among them), brought to our names, units and signs.

Such sets state neither the sign of steering nor the unit of speed, so both must be told. A signal is named `FEATURE:ELEMENT`,
as in `action.continuous:steering_angle_normalized`, or `FEATURE` where it has one element.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from driving.logs import keys
from driving.logs.features import LogError
from driving.logs.importers.recording import Frame, Recording
from driving.logs.importers.values import bounded
from driving.logs.reader import Log

SIGNS = {"right": 1.0, "left": -1.0}
UNITS = {"m/s": 1.0, "km/h": 1.0 / 3.6, "mph": 0.44704}


def read(
    source: Path,
    *,
    camera: str = "",
    steer: str = "",
    steer_positive: str = "",
    throttle: str = "",
    brake: str = "",
    speed: str = "",
    speed_unit: str = "",
) -> Recording:
    """Open a set. `steer` and `steer_positive` (right or left) are needed, `speed_unit` (m/s, km/h, mph) with `speed`. Raises LogError."""
    log = Log(source)
    camera = camera or (log.image_keys[0] if len(log.image_keys) == 1 else "")
    if camera not in log.image_keys:
        raise LogError(f"camera {camera!r} is not in {source}: give camera, one of {', '.join(log.image_keys) or 'none: the set has no video'}")
    actions = {"steer": (steer, _choice("steer_positive", steer_positive, SIGNS), -1.0)}
    actions |= {name: (signal, 1.0, 0.0) for name, signal in (("throttle", throttle), ("brake", brake)) if signal}
    places = {name: _place(log, name, signal) for name, (signal, _, _) in actions.items()}
    names: dict[str, tuple[str, ...]] = {keys.ACTION: tuple(actions)}
    if speed:
        places["speed_mps"] = _place(log, "speed", speed)
        names[keys.STATE] = ("speed_mps",)
    scale = {name: factor for name, (_, factor, _) in actions.items()} | ({"speed_mps": _choice("speed_unit", speed_unit, UNITS)} if speed else {})
    least = {name: floor for name, (_, _, floor) in actions.items()}
    skipped: Counter[str] = Counter()
    return Recording(log.fps, names, _frames(log, camera, names, places, scale, least, skipped), f"lerobot set {source.name}", [], skipped)


def _choice(option: str, chosen: str, among: dict[str, float]) -> float:
    if chosen not in among:
        raise LogError(f"{option} is {chosen!r}, and the set does not state it: give one of {', '.join(among)}")
    return among[chosen]


def _place(log: Log, what: str, signal: str) -> tuple[str, int]:
    """The feature and the element's number of a signal named `FEATURE:ELEMENT`."""
    key, _, element = signal.partition(":")
    feature = log.features.get(key)
    known = [f"{name}:{part}" for name, one in log.features.items() if name not in keys.BOOKKEEPING for part in one.names or () if not one.is_video]
    if feature is not None and not element and feature.shape == (1,):
        return key, 0
    if feature is None or element not in (feature.names or ()):
        raise LogError(f"{what} {signal!r} is not in {log.root}: give one of {', '.join(known)}")
    return key, (feature.names or ()).index(element)


def _frames(
    log: Log,
    camera: str,
    names: dict[str, tuple[str, ...]],
    places: dict[str, tuple[str, int]],
    scale: dict[str, float],
    least: dict[str, float],
    skipped: Counter[str],
) -> Iterator[Frame]:
    for episode in log.episodes:
        columns, times_s = log.columns(episode.index), log.timestamps(episode.index)
        signals = {name: np.asarray(columns[key], dtype=np.float64)[:, element] * scale[name] for name, (key, element) in places.items()}
        for t, image in enumerate(log.frames(episode.index, camera)):
            row = {name: float(values[t]) for name, values in signals.items()}
            if not all(map(np.isfinite, row.values())):
                skipped["a signal is not finite"] += 1
                continue
            row |= {name: bounded(row[name], floor) for name, floor in least.items()}
            yield Frame(float(times_s[t]), episode.index, image, {key: tuple(row[name] for name in parts) for key, parts in names.items()})
