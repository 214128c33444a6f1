"""When sensors measure, and how their messages are sent: each sensor at its own pace, with the faults of the command line.

A sensor without subscribers does not measure. What each kind of sensor measures is in `table`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from driving.standin.actors.kinds import Sensor
from driving.standin.faults import Faults
from driving.standin.sensors.table import measure_sensor
from driving.standin.sensors.tick import SensorTick
from driving.standin.wire.packets import Message
from driving.standin.wire.streams import Streams

TIME_TOLERANCE_S = 1e-6


class _LateMessage(NamedTuple):
    """A message that the delay fault holds back."""

    due_tick: int  # the number of the tick at which it is sent
    stream_id: int
    message: Message


class Measurer:
    """The maker of the sensors' messages, which also sends them in each tick."""

    def __init__(self, streams: Streams, faults: Faults) -> None:
        self._streams, self._faults = streams, faults
        self._late: list[_LateMessage] = []
        self._last: dict[int, Message] = {}

    def forget(self) -> None:
        """Forget all sensors, because a new episode has begun."""
        self._late.clear()
        self._last.clear()

    def measure(self, sensors: Iterable[Sensor], tick: SensorTick) -> None:
        """Make and send the messages of one tick, in the order of `sensors`."""
        if self._faults.kinds:
            self._send_late(tick.number)
            if self._faults.is_active("close", tick.number):
                self._close_streams(sensors)
        for sensor in sensors:
            if self._streams.list_subscribers(sensor.stream_id) and self._is_due(sensor, tick.elapsed_s):
                for message in measure_sensor(sensor, tick):
                    self._deliver(sensor, message, tick)

    @staticmethod
    def _is_due(sensor: Sensor, now_s: float) -> bool:
        """Return whether a sensor measures now, and set when it measures next."""
        if sensor.period_s <= 0.0:
            return True
        if now_s < sensor.due_s - TIME_TOLERANCE_S:
            return False
        keeps_pace = sensor.due_s >= 0.0 and now_s - sensor.due_s < sensor.period_s
        sensor.due_s = (sensor.due_s if keeps_pace else now_s) + sensor.period_s
        return True

    # Faults

    def _send_late(self, tick: int) -> None:
        """Send the held-back messages that are due."""
        for late in self._late:
            if late.due_tick <= tick:
                self._streams.publish(late.stream_id, late.message, discard_when_full=False)
        self._late = [late for late in self._late if late.due_tick > tick]

    def _close_streams(self, sensors: Iterable[Sensor]) -> None:
        for sensor in sensors:
            for connection in list(self._streams.list_subscribers(sensor.stream_id)):
                connection.close()

    def _deliver(self, sensor: Sensor, message: Message, tick: SensorTick) -> None:
        """Send a message, unless a fault drops it, delays it or replaces it by the one before."""
        if self._faults.kinds:
            if self._faults.is_active("drop", tick.number):
                return
            delay = self._faults.find_amount("delay", tick.number)
            if delay is not None:
                self._late.append(_LateMessage(tick.number + math.ceil(delay), sensor.stream_id, message))
                return
            if self._faults.is_active("repeat", tick.number):
                message = self._last.get(sensor.id, message)
            self._last[sensor.id] = message
        self._streams.publish(sensor.stream_id, message, discard_when_full=not tick.synchronous)
