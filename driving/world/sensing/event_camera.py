"""A dynamic vision sensor: events where brightness crossed a threshold between two pictures, by CARLA's model of it.

Brightness changes linearly from one picture to the next. A pixel fires whenever it has changed by the threshold since the level at which it
fired last. Y rows, X columns, E events.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numba import njit

EVENT = np.dtype([("x", "<u2"), ("y", "<u2"), ("t", "<i8"), ("positive", "u1")])
LEAST_CHANGE, LEAST_THRESHOLD = 1e-6, 0.01
MOST_EVENTS = 1 << 22  # of one picture; what comes after is lost
BLUE, GREEN, RED = np.array([0.114, 0.587, 0.2989], np.float32)  # shares of grey


@dataclass
class EventConfig:
    """CARLA's attributes: thresholds for brighter and darker, their standard deviations, the rest after an event (ns), brightness as a logarithm."""

    positive_threshold: float = 0.3
    negative_threshold: float = 0.3
    sigma_positive_threshold: float = 0.0
    sigma_negative_threshold: float = 0.0
    refractory_period_ns: int = 0
    use_log: bool = True
    log_eps: float = 0.001


@dataclass
class EventMemory:
    """What a sensor keeps from one picture to the next: its brightness, the level of each pixel's last event and the time of it (ns; 0 is never)."""

    brightness: np.ndarray
    time_ns: int
    levels: np.ndarray = field(init=False)
    fired_ns: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.levels, self.fired_ns = self.brightness.copy(), np.zeros(self.brightness.shape, np.int64)


def brightness_of(bgra: np.ndarray, config: EventConfig) -> np.ndarray:
    """Grey (Y, X) float32 of 255, or the logarithm of its share of white."""
    grey = bgra[..., 0] * BLUE + bgra[..., 1] * GREEN + bgra[..., 2] * RED
    return np.log(np.float32(config.log_eps) + grey / np.float32(255.0)) if config.use_log else grey


def events_of(memory: EventMemory, brightness: np.ndarray, time_ns: int, config: EventConfig, random: np.random.Generator) -> np.ndarray:
    """The events (E,) of EVENT, by time, on the way to a new picture's brightness, which `memory` then holds."""
    changed = brightness - memory.brightness
    rising = changed >= 0.0
    thresholds = np.where(rising, np.float32(config.positive_threshold), np.float32(config.negative_threshold))
    sigmas = np.where(rising, config.sigma_positive_threshold, config.sigma_negative_threshold)
    if sigmas.any():
        noisy = np.maximum(LEAST_THRESHOLD, thresholds + sigmas * random.standard_normal(sigmas.shape)).astype(np.float32)
        thresholds = np.where(sigmas > 0.0, noisy, thresholds)
    state = memory.brightness, memory.levels, memory.fired_ns
    found = np.empty((64, 4), np.int64)
    count, found = _cross(*state, brightness, thresholds, memory.time_ns, time_ns, config.refractory_period_ns, found)
    memory.brightness, memory.time_ns = brightness, time_ns
    found = found[:count][np.argsort(found[:count, 2], kind="stable")]
    events = np.empty(count, EVENT)
    for column, name in enumerate(("x", "y", "t", "positive")):
        events[name] = found[:, column]
    return events


@njit(cache=True, nogil=True)
def _cross(before, levels, fired, now, thresholds, start_ns, stop_ns, rest_ns, found):  # type: ignore[no-untyped-def]
    """How many crossings there are, and an array (at least that, 4) of x, y, time, sign; levels and times of firing change in place."""
    count = 0
    for y in range(now.shape[0]):
        for x in range(now.shape[1]):
            old, new = before[y, x], now[y, x]
            if abs(new - old) <= LEAST_CHANGE:
                continue
            if count >= MOST_EVENTS:
                levels[y, x] = new
                continue
            sign = 1.0 if new >= old else -1.0
            level = levels[y, x] + sign * thresholds[y, x]
            while count < MOST_EVENTS and sign * level > sign * old and sign * level <= sign * new:
                at = start_ns + int((level - old) / (new - old) * (stop_ns - start_ns))
                if fired[y, x] == 0 or at - fired[y, x] >= rest_ns:
                    if count == found.shape[0]:
                        found = np.concatenate((found, np.empty_like(found)))
                    found[count, 0], found[count, 1], found[count, 2], found[count, 3] = x, y, at, 1 if sign > 0.0 else 0
                    count += 1
                    fired[y, x] = at
                levels[y, x] = level
                level += sign * thresholds[y, x]
    return count, found
