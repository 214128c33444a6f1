"""The server's one world over its whole life: the clock, the settings, the episode of the moment, and what goes out at each tick.

Order at a tick: step, snapshot, the answer to the call (by `rpc`), then what the sensors measured. The snapshot comes before any
sensor message, because a client whose stream threads all wait in callbacks would otherwise never see it.
"""

from __future__ import annotations

import itertools
import os
import time
from collections import deque
from collections.abc import Callable

import numpy as np

from driving.standin.episode.catalogue import Catalogue
from driving.standin.episode.state import Episode
from driving.standin.faults import DIED, Faults
from driving.standin.sensors.measuring import Measurer
from driving.standin.sensors.tick import SensorTick
from driving.standin.settings import Settings
from driving.standin.wire import packets
from driving.standin.wire.event_loop import Part, log
from driving.standin.wire.rpc import Later, RefusedError, value
from driving.standin.wire.streams import EPISODE_STREAM, STALLED_S, Streams
from driving.world.weather import Weather, random_weather

FASTEST_HZ = 60.0  # asynchronous ticks a second with a variable step
LONGEST_VARIABLE_STEP_S = 0.1
HANG_FOREVER_S = 1e9


class Simulation:
    """Everything that survives a load; `episode` is what does not."""

    def __init__(self, streams: Streams, catalogue: Catalogue, faults: Faults) -> None:
        self.streams, self.catalogue, self.faults = streams, catalogue, faults
        self.settings = Settings()
        self.weather = Weather()
        self.frame, self.elapsed_s = 0, 0.0
        self.episode_id, self.loads, self.synchronous_ticks = 0, 0, 0
        self.on_cut: Callable[[], None] = lambda: None
        self._ids = itertools.count(1)
        self._ticks_waiting: deque[tuple[Later, float]] = deque()
        self._answers_due: list[tuple[float, Later, object]] = []
        self._last_tick_s = time.monotonic()
        self._unmeasured: SensorTick | None = None  # the last tick, until the sensors have measured it
        self._scene_begins_s = 0.0
        self._snapshot: bytes = b""
        streams.greeting = self._greeting
        self._measurer = Measurer(streams, faults)
        self.episode: Episode
        self._begin(self._make_episode(catalogue.names[0]))

    def _greeting(self) -> list[Part]:
        return [self._snapshot]

    # Episodes

    def load(self, name: str, reset_settings: bool) -> None:
        """Begins a new episode on a map ("" means the one of now). Raises RefusedError or UserError, and leaves all as it was."""
        self.loads += 1
        if self.faults.is_active("refuse", self.loads):
            raise RefusedError(f"load {self.loads} refused by the fault switch")
        episode = self._make_episode(name or self.episode.level.name)
        self.episode.clear()
        self._begin(episode)
        if reset_settings:
            self.settings = Settings()

    def _make_episode(self, name: str) -> Episode:
        """Make an episode without touching the current one. Raises RefusedError or UserError for a map that cannot be had."""
        return Episode(self.catalogue.load(name, self.loads), self._ids, self.streams)

    def _begin(self, episode: Episode) -> None:
        self.episode = episode
        self._measurer.forget()
        self.episode_id += 1
        self.elapsed_s, self._scene_begins_s = 0.0, 0.0
        self.weather = random_weather(np.random.default_rng((self.catalogue.seed, self.loads))) if self.catalogue.randomise else Weather()
        self._unmeasured = None
        self._advance(0.0)
        log(f"episode {self.episode_id} on {episode.level.name}: {len(episode.level.spawns)} spawn points")

    def apply_settings(self, settings: Settings) -> None:
        """Changes how time runs. An empty world's clock starts again when it becomes synchronous, so that drives repeat exactly."""
        if settings.synchronous and not self.settings.synchronous and self.episode.untouched:
            self.elapsed_s = 0.0
            self.episode.lights.restart()
        self.settings = settings
        self._last_tick_s = time.monotonic()

    # Ticks

    def tick(self) -> object:
        """Answers a tick: a Response with the frame, or Later while a subscriber has not taken what it was sent or is about to connect."""
        if self._ticks_waiting or self.streams.full() is not None or self.streams.awaited():
            later = Later()
            self._ticks_waiting.append((later, time.monotonic()))
            return later
        return self._tick_now()

    def _tick_now(self) -> object:
        if not self.settings.synchronous:
            self._advance(self._step_s())
            return value(self.frame)
        self.synchronous_ticks += 1
        number = self.synchronous_ticks
        if self.faults.kinds:
            if self.faults.find_amount("die", number):
                os._exit(DIED)
            if self.faults.find_amount("cut", number):
                self.on_cut()
        self._advance(self._step_s())
        hang_s = self.faults.find_amount("hang", number) if self.faults.kinds else None
        if hang_s is not None:
            later = Later()
            self._answers_due.append((time.monotonic() + min(hang_s, HANG_FOREVER_S), later, value(self.frame)))
            return later
        return value(self.frame)

    def _step_s(self) -> float:
        now = time.monotonic()
        since, self._last_tick_s = now - self._last_tick_s, now
        if self.settings.step_s is not None:
            return self.settings.step_s
        return min(max(since, 1e-3), LONGEST_VARIABLE_STEP_S)

    def _advance(self, dt_s: float) -> None:
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
        """Lets the sensors measure the frame of the last tick, once; called when the tick's answer is on its way."""
        tick, self._unmeasured = self._unmeasured, None
        if tick is not None:
            self._measurer.measure(self.episode.sensors, tick)

    # Time that passes by itself

    def run_due_work(self) -> float | None:
        """What is due without a call: asynchronous ticks, late answers, waiting ticks. Answers in how many seconds to come again."""
        self.measure()
        now = time.monotonic()
        waits = [self._answer_late(now), self._unblock(now), self._tick_alone(now)]
        known = [wait for wait in waits if wait is not None]
        return min(known) if known else None

    def _tick_alone(self, now: float) -> float | None:
        if self.settings.synchronous:
            return None
        period = self.settings.step_s or 1.0 / FASTEST_HZ
        due = self._last_tick_s + period
        if now < due:
            return due - now
        behind = now - due
        self._advance(self._step_s())
        if self.settings.step_s is not None:  # keeps real time, but never runs after what it has missed
            self._last_tick_s = due if behind < period else now
        self.measure()
        return max(0.0, self._last_tick_s + period - time.monotonic())

    def _answer_late(self, now: float) -> float | None:
        for entry in [entry for entry in self._answers_due if entry[0] <= now]:
            self._answers_due.remove(entry)
            entry[1].finish(entry[2])
        return min((entry[0] for entry in self._answers_due), default=now + 1e9) - now if self._answers_due else None

    def _unblock(self, now: float) -> float | None:
        while self._ticks_waiting:
            full = self.streams.full()
            if full is None and self.streams.awaited():
                return 0.05
            if full is None:
                later, _ = self._ticks_waiting.popleft()
                answer = self._tick_now()
                if isinstance(answer, Later):
                    answer.finish = later.finish
                else:
                    later.finish(answer)
                self.measure()
                continue
            if now - max(full.progress_s, self._ticks_waiting[0][1]) <= STALLED_S:
                return 0.05
            log(f"closed {full.peer}: it has read nothing of stream {full.stream_id} for {STALLED_S:.0f} s")
            full.close()
        return None
