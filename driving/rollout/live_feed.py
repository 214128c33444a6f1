"""The last ticks of a running drive, in a file that another process can read at the same time. The drive never waits for a reader.

The file holds a header and a ring of SLOTS ticks, and both processes map it into memory. A slot's number is set to BUSY before the slot is written
and to the tick's number after it, so that a reader notices a tick that changes under its hands, and drops it. What a slow reader misses is
overwritten. Shapes: I features, H neurons, Y rows, X columns.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from driving.rollout.tick import Tick
from policy.whole_file import replace_whole

FEED = "live.feed"
SLOTS = 64
HEADER_BYTES = 4096
BUSY = -1
VALUES = ("time_s", "dt_s", "steer", "label_steer", "speed_mps", "lateral_m", "heading_error_rad", "x_m", "y_m", "yaw_rad")


@dataclass(frozen=True)
class LiveTick:
    """One tick as a reader gets it."""

    drive: str  # the drive's name
    number: int  # of the tick in its drive
    values: dict[str, float]  # VALUES by name
    features_I: np.ndarray
    neuron_H: np.ndarray
    image: np.ndarray  # (Y, X, 3) uint8 RGB


class LiveFeed:
    """A listener that writes the ticks of one drive to `path`. A disk that is full ends the feed, and not the drive."""

    def __init__(self, path: Path, drive: str) -> None:
        self._path, self._drive = path, drive
        self._slots: np.ndarray | None = None
        self._written, self._is_begun = 0, False

    def on_tick(self, tick: Tick) -> None:
        """Write one tick over the oldest one. The first tick decides the sizes."""
        if not self._is_begun:
            self._slots, self._is_begun = self._make_file(tick), True
        if self._slots is None:
            return
        slot = self._slots[self._written % SLOTS : self._written % SLOTS + 1]
        observation, action = tick.observation, tick.action
        vehicle, lane = observation.vehicle, observation.lane
        slot["number"] = BUSY
        label = np.nan if action.label is None else action.label.steer
        slot["values"] = (
            *(vehicle.time_s, observation.dt_s, action.control.steer, label, vehicle.speed_mps, lane.lateral_m, lane.heading_error_rad),
            *(vehicle.pose.x_m, vehicle.pose.y_m, vehicle.pose.yaw_rad),
        )
        if action.features is not None and action.neuron_state is not None:
            slot["features"], slot["neurons"] = action.features, action.neuron_state
        slot["image"] = observation.image
        slot["number"] = self._written
        self._written += 1

    def _make_file(self, tick: Tick) -> np.ndarray | None:
        """Put a new file under the name, so that a reader of the last drive's file notices. Return its slots, None where there is no room."""
        action = tick.action
        sizes = {name: 0 if values is None else len(values) for name, values in (("features", action.features), ("neurons", action.neuron_state))}
        header = sizes | {"image": list(tick.observation.image.shape), "drive": self._drive}
        kind = _slot_type(header)
        try:
            with replace_whole(self._path) as partial, partial.open("wb") as file:
                file.write(json.dumps(header).encode().ljust(HEADER_BYTES))
                os.posix_fallocate(file.fileno(), 0, HEADER_BYTES + SLOTS * kind.itemsize)
            slots: np.ndarray = np.memmap(self._path, kind, "r+", HEADER_BYTES, (SLOTS,))
        except OSError:
            return None
        slots["number"] = BUSY
        return slots


class FeedReader:
    """Reads the drives that are written to `path`, one after the other."""

    def __init__(self, path: Path) -> None:
        self._path, self._file_id, self._next = path, -1, 0
        self._header: dict[str, Any] = {}
        self._slots: np.ndarray | None = None

    def read(self) -> list[LiveTick]:
        """Return the ticks since the last call, as far as they are still there; [] where nothing is driven."""
        self._follow()
        if self._slots is None:
            return []
        newest = int(self._slots["number"].max())
        ticks = [self._copy(number) for number in range(max(self._next, newest - SLOTS + 2), newest + 1)]
        self._next = max(self._next, newest + 1)
        return [tick for tick in ticks if tick is not None]

    def _follow(self) -> None:
        """Open the file where it is a new one."""
        try:
            with self._path.open("rb") as file:
                file_id = os.fstat(file.fileno()).st_ino
                if file_id == self._file_id:
                    return
                self._header = json.loads(file.read(HEADER_BYTES))
            self._slots = np.memmap(self._path, _slot_type(self._header), "r", HEADER_BYTES, (SLOTS,))
        except (OSError, ValueError):
            self._file_id, self._slots = -1, None
            return
        self._file_id, self._next = file_id, 0

    def _copy(self, number: int) -> LiveTick | None:
        """Return a tick, or None where it is being overwritten."""
        assert self._slots is not None
        slot = self._slots[number % SLOTS]
        if int(slot["number"]) != number:
            return None
        values = dict(zip(VALUES, slot["values"].tolist(), strict=True))
        tick = LiveTick(self._header["drive"], number, values, slot["features"].copy(), slot["neurons"].copy(), slot["image"].copy())
        return tick if int(slot["number"]) == number else None


def _slot_type(header: dict[str, Any]) -> np.dtype:
    """Return the type of a slot."""
    parts = [("values", "<f8", (len(VALUES),)), ("features", "<f4", (header["features"],)), ("neurons", "<f4", (header["neurons"],))]
    return np.dtype([("number", "<i8"), *parts, ("image", "u1", tuple(header["image"]))])
