"""The server's world over its whole life: the clock, the settings, the current episode, and what is sent at each tick.

The order at a tick is: step, snapshot, the reply to the call (sent by `rpc`), the sensors' messages. The snapshot comes before any
sensor message, because a client whose stream threads all wait in callbacks would otherwise never receive it. When the next episode
begins after a load is in `loading`.
"""

from __future__ import annotations

import itertools
import os
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from driving.standin.episode.catalogue import Catalogue
from driving.standin.episode.state import Episode
from driving.standin.faults import DIED, Faults
from driving.standin.loading import Loading
from driving.standin.sensors.measuring import Measurer
from driving.standin.sensors.tick import SensorTick
from driving.standin.settings import Settings
from driving.standin.wire import packets
from driving.standin.wire.log import log
from driving.standin.wire.rpc import Later, RefusedError, respond
from driving.standin.wire.streams import EPISODE_STREAM, STALLED_S, Streams
from driving.world.weather import Weather, random_weather

FASTEST_HZ = 60.0  # asynchronous ticks per second with a variable step
SHORTEST_VARIABLE_STEP_S, LONGEST_VARIABLE_STEP_S = 1e-3, 0.1
HANG_FOREVER_S = 1e9
RETRY_S = 0.05  # between two tries of a tick that waits for a subscriber


class WaitingTick(NamedTuple):
    """A tick that cannot be made yet."""

    reply: Later
    since_s: float  # monotonic clock


class DueReply(NamedTuple):
    """A reply that a fault delays."""

    due_s: float  # monotonic clock
    reply: Later
    result: object


class Simulation:
    """What stays when another map is loaded. What does not is in `episode`."""

    def __init__(self, streams: Streams, catalogue: Catalogue, faults: Faults) -> None:
        self.streams, self.catalogue, self.faults = streams, catalogue, faults
        self.settings = Settings()
        self.weather = Weather()
        self.frame, self.elapsed_s = 0, 0.0
        self.episode_id, self.loads, self.synchronous_ticks = 0, 0, 0
        self.on_cut: Callable[[], None] = lambda: None
        self._ids = itertools.count(1)
        self._waiting_ticks: deque[WaitingTick] = deque()
        self._due_replies: list[DueReply] = []
        self._last_tick_s = time.monotonic()
        self._unmeasured: SensorTick | None = None  # the last tick, until the sensors have measured it
        self.loading = Loading()
        self._scene_begins_s = 0.0
        self._snapshot: bytes = b""
        streams.greeting = lambda: [self._snapshot]
        self._measurer = Measurer(streams, faults)
        self.episode: Episode
        self._begin(self._make_episode(catalogue.names[0]))

    # Episodes

    def load(self, name: str, reset_settings: bool, patiently: bool = False) -> Later | None:
        """Load a map, "" for the current one. A new episode begins on it after the reply to this call, as `loading` says.

        With `patiently` the reply waits until no other call comes; returns Later for it, otherwise None.
        Raises RefusedError or UserError where the map cannot be loaded; the current episode then goes on.
        """
        self.loads += 1
        if self.faults.is_active("refuse", self.loads):
            raise RefusedError(f"load {self.loads} is refused by the fault switch")
        reply = self.loading.start(self._make_episode(name or self.episode.level.name), patiently)
        if reset_settings:
            self.settings = Settings()
        return reply

    def _open_level(self) -> None:
        """Begin the episode that has been loaded, if one has."""
        episode = self.loading.take()
        if episode is not None:
            self.episode.clear()
            self._begin(episode)

    def follow_up(self) -> None:
        """Do what follows the reply to any call."""
        self.loading.note_call()
        self.measure()

    def _make_episode(self, name: str) -> Episode:
        """Make an episode without touching the current one. Raises RefusedError or UserError for a map that cannot be loaded."""
        return Episode(self.catalogue.load(name, self.loads), self._ids, self.streams)

    def _begin(self, episode: Episode) -> None:
        """Make an episode the current one, with a new clock and weather."""
        self.episode = episode
        self._measurer.forget()
        self.episode_id += 1
        self.elapsed_s, self._scene_begins_s = 0.0, 0.0
        self.weather = random_weather(np.random.default_rng((self.catalogue.seed, self.loads))) if self.catalogue.randomise else Weather()
        self._unmeasured = None
        self._advance(0.0)
        log(f"episode {self.episode_id} on {episode.level.name}: {len(episode.level.spawns)} spawn points", kind=f"episode on {episode.level.name}")

    def apply_settings(self, settings: Settings) -> None:
        """Change how time runs.

        When a world without spawned actors becomes synchronous its clock starts again at 0, so that drives repeat exactly.
        """
        if settings.synchronous and not self.settings.synchronous and self.episode.untouched:
            self.elapsed_s = 0.0
            self.episode.lights.restart()
        self.settings = settings
        self._last_tick_s = time.monotonic()

    # Ticks

    def tick(self) -> object:
        """Make a tick for a client, and return its result: a Response with the frame.

        Returns Later while a subscriber has not read what it was sent, or is about to connect, and while a loaded map may not open yet.
        """
        if self._waiting_ticks or self.loading.is_closed() or self.streams.find_full() is not None or self.streams.is_awaited():
            later = Later()
            self._waiting_ticks.append(WaitingTick(later, time.monotonic()))
            return later
        return self._tick_now()

    def _tick_now(self) -> object:
        if self.loading.may_open():
            self._open_level()
        if not self.settings.synchronous:
            self._advance(self._choose_step_s())
            return respond(self.frame)
        self.synchronous_ticks += 1
        number = self.synchronous_ticks
        if self.faults.kinds:
            if self.faults.find_amount("die", number):
                os._exit(DIED)
            if self.faults.find_amount("cut", number):
                self.on_cut()
        self._advance(self._choose_step_s())
        hang_s = self.faults.find_amount("hang", number) if self.faults.kinds else None
        if hang_s is not None:
            later = Later()
            self._due_replies.append(DueReply(time.monotonic() + min(hang_s, HANG_FOREVER_S), later, respond(self.frame)))
            return later
        return respond(self.frame)

    def _choose_step_s(self) -> float:
        """Return the next step: the one in the settings, otherwise the wall-clock time since the last tick, within limits."""
        now = time.monotonic()
        since_s, self._last_tick_s = now - self._last_tick_s, now
        if self.settings.step_s is not None:
            return self.settings.step_s
        return min(max(since_s, SHORTEST_VARIABLE_STEP_S), LONGEST_VARIABLE_STEP_S)

    def _advance(self, dt_s: float) -> None:
        """Move the world by a step, 0 for the first frame of an episode, and send its snapshot."""
        self.measure()
        if self.episode.untouched:
            self._scene_begins_s = self.elapsed_s + dt_s
        contacts = self.episode.step(dt_s) if dt_s > 0.0 else np.zeros((0, 4))
        self.frame += 1
        self.elapsed_s += dt_s
        records = self.episode.fill_records()
        self._snapshot = packets.pack_snapshot(self.frame, self.elapsed_s, dt_s, self.episode_id, records)
        self.streams.publish(EPISODE_STREAM, [self._snapshot], discard_when_full=True)
        if dt_s > 0.0:
            self._unmeasured = SensorTick(
                world=self.episode.sensed,
                number=self.synchronous_ticks if self.settings.synchronous else 0,
                synchronous=self.settings.synchronous,
                no_rendering=self.settings.no_rendering,
                frame=self.frame,
                elapsed_s=self.elapsed_s,
                delta_s=dt_s,
                scene_s=self.elapsed_s - self._scene_begins_s,
                weather=self.weather,
                contacts=contacts,
            )

    def measure(self) -> None:
        """Let the sensors measure the last tick, once. Called after the reply to the tick has been sent.

        Linux wakes the client's threads on this core, where they would wait behind the rendering although another core is idle: so they go first.
        On two idle cores a drive's client then has the reply after 0.2 ms instead of 1.6 ms.
        """
        tick, self._unmeasured = self._unmeasured, None
        if tick is not None:
            os.sched_yield()
            self._measurer.measure(self.episode.sensors, tick)

    # Work without a call

    def run_due_work(self) -> float | None:
        """Do what is due without a call: asynchronous ticks, delayed replies, waiting ticks.

        Returns after how many seconds something is due again, None if nothing is.
        """
        self.measure()
        now = time.monotonic()
        if self.loading.is_overdue():
            self._open_level()
        waits = [self.loading.reply_when_due(), self._send_due_replies(now), self._make_waiting_ticks(now), self._tick_asynchronously(now)]
        known = [wait for wait in waits if wait is not None]
        return min(known) if known else None

    def _tick_asynchronously(self, now: float) -> float | None:
        if self.settings.synchronous:
            return None
        if self.loading.is_closed():
            return RETRY_S
        period_s = self.settings.step_s or 1.0 / FASTEST_HZ
        due = self._last_tick_s + period_s
        if now < due:
            return due - now
        behind_s = now - due
        if self.loading.may_open():
            self._open_level()
        self._advance(self._choose_step_s())
        if self.settings.step_s is not None:  # keeps real time, but does not make up for more than one missed tick
            self._last_tick_s = due if behind_s < period_s else now
        self.measure()
        return max(0.0, self._last_tick_s + period_s - time.monotonic())

    def _send_due_replies(self, now: float) -> float | None:
        for late in [late for late in self._due_replies if late.due_s <= now]:
            self._due_replies.remove(late)
            late.reply.finish(late.result)
        return min(late.due_s for late in self._due_replies) - now if self._due_replies else None

    def _make_waiting_ticks(self, now: float) -> float | None:
        """Make the ticks that wait for a subscriber; a subscriber that has not read for STALLED_S is closed."""
        while self._waiting_ticks:
            if self.loading.is_closed():
                return RETRY_S
            full = self.streams.find_full()
            if full is None and self.streams.is_awaited():
                return RETRY_S
            if full is None:
                later = self._waiting_ticks.popleft().reply
                result = self._tick_now()
                if isinstance(result, Later):
                    result.finish = later.finish
                else:
                    later.finish(result)
                self.measure()
                continue
            if now - max(full.progress_s, self._waiting_ticks[0].since_s) <= STALLED_S:
                return RETRY_S
            log(f"closed {full.peer}: it has not read from stream {full.stream_id} for {STALLED_S:.0f} s")
            full.close()
        return None
