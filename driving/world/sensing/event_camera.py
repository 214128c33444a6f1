"""A dynamic vision sensor: events where the brightness crossed a threshold between two pictures, by CARLA's model of it.

Brightness changes linearly from one picture to the next. A pixel fires whenever it has changed by the threshold since the level at which it
fired last. Shapes: Y rows and X columns of a picture, E events.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numba import njit

EVENT = np.dtype([("x", "<u2"), ("y", "<u2"), ("t", "<i8"), ("positive", "u1")])
LEAST_CHANGE, LEAST_THRESHOLD = 1e-6, 0.01
MOST_EVENTS = 1 << 22  # per picture; later ones are lost
BLUE, GREEN, RED = np.array([0.114, 0.587, 0.2989], np.float32)  # their shares of grey


@dataclass
class EventConfig:
    """CARLA's attributes of the sensor."""

    positive_threshold: float = 0.3  # change of brightness that makes an event, when it gets brighter
    negative_threshold: float = 0.3  # when it gets darker
    sigma_positive_threshold: float = 0.0  # standard deviations of the thresholds
    sigma_negative_threshold: float = 0.0
    refractory_period_ns: int = 0  # how long a pixel rests after an event
    use_log: bool = True  # brightness is a logarithm
    log_eps: float = 0.001  # added to the share of white before the logarithm


@dataclass
class EventMemory:
    """What a sensor keeps from one picture to the next."""

    brightness: np.ndarray  # (Y, X) float32 of the last picture
    time_ns: int  # of the last picture
    levels: np.ndarray = field(init=False)  # (Y, X) float32 brightness at each pixel's last event
    fired_ns: np.ndarray = field(init=False)  # (Y, X) int64 time of that event, 0 for never

    def __post_init__(self) -> None:
        self.levels, self.fired_ns = self.brightness.copy(), np.zeros(self.brightness.shape, np.int64)


def brightness_of(bgra: np.ndarray, config: EventConfig) -> np.ndarray:
    """Return the brightness (Y, X) float32 of a picture (Y, X, 4) BGRA: grey from 0 to 255, or the logarithm of its share of white."""
    grey = bgra[..., 0] * BLUE + bgra[..., 1] * GREEN + bgra[..., 2] * RED
    return np.log(np.float32(config.log_eps) + grey / np.float32(255.0)) if config.use_log else grey


def events_of(memory: EventMemory, brightness: np.ndarray, time_ns: int, config: EventConfig, random: np.random.Generator) -> np.ndarray:
    """Return the events (E,) of EVENT, by time, on the way to a new picture's brightness, and keep that picture in `memory`."""
    changed = brightness - memory.brightness
    rising = changed >= 0.0
    thresholds = np.where(rising, np.float32(config.positive_threshold), np.float32(config.negative_threshold))
    sigmas = np.where(rising, config.sigma_positive_threshold, config.sigma_negative_threshold)
    if sigmas.any():
        noisy = np.maximum(LEAST_THRESHOLD, thresholds + sigmas * random.standard_normal(sigmas.shape)).astype(np.float32)
        thresholds = np.where(sigmas > 0.0, noisy, thresholds)
    pixels = _Pixels(memory.brightness, brightness, thresholds, memory.levels, memory.fired_ns)
    count, found = _find_crossings(pixels, memory.time_ns, time_ns, config.refractory_period_ns, np.empty((64, 4), np.int64))
    memory.brightness, memory.time_ns = brightness, time_ns
    found = found[:count][np.argsort(found[:count, 2], kind="stable")]
    events = np.empty(count, EVENT)
    for column, name in enumerate(("x", "y", "t", "positive")):
        events[name] = found[:, column]
    return events


class _Pixels(NamedTuple):
    """What each pixel (Y, X) did between two pictures, and its last event, which changes in place."""

    before: np.ndarray  # float32 brightness of the earlier picture
    now: np.ndarray  # float32 brightness of the later picture
    thresholds: np.ndarray  # float32
    levels: np.ndarray  # float32 brightness at the last event
    fired_ns: np.ndarray  # int64 time of the last event, 0 for never


@njit(cache=True, nogil=True)
def _find_crossings(pixels, start_ns, stop_ns, rest_ns, found):  # type: ignore[no-untyped-def]
    """Return how many events happened between two pictures, and an array with at least that many rows of x, y, time (ns) and sign (1 or 0).

    found (any, 4) int64 is the array to begin with; a larger one replaces it as needed. rest_ns: how long a pixel rests after an event.
    """
    count = 0
    levels, fired_ns = pixels.levels, pixels.fired_ns
    for y in range(pixels.now.shape[0]):
        for x in range(pixels.now.shape[1]):
            old, new, threshold = pixels.before[y, x], pixels.now[y, x], pixels.thresholds[y, x]
            if abs(new - old) <= LEAST_CHANGE:
                continue
            if count >= MOST_EVENTS:
                levels[y, x] = new
                continue
            sign = 1.0 if new >= old else -1.0
            level = levels[y, x] + sign * threshold
            while count < MOST_EVENTS and sign * level > sign * old and sign * level <= sign * new:
                at_ns = start_ns + int((level - old) / (new - old) * (stop_ns - start_ns))
                if fired_ns[y, x] == 0 or at_ns - fired_ns[y, x] >= rest_ns:
                    if count == found.shape[0]:
                        found = np.concatenate((found, np.empty_like(found)))
                    found[count, 0], found[count, 1], found[count, 2], found[count, 3] = x, y, at_ns, 1 if sign > 0.0 else 0
                    count += 1
                    fired_ns[y, x] = at_ns
                levels[y, x] = level
                level += sign * threshold
    return count, found
