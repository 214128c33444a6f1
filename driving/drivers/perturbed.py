"""An expert that is disturbed on purpose, so that a log shows how to return to the centre line. Pulses are added to its steer; the labels
stay the expert's own.

A pulse is half a sine of curvature. Its strength follows the current speed, so that the car would drift by up to `drift_m` if the expert did not
correct it. (If the speed at the pulse's start decided, a car that accelerates would leave the road.) After a pulse there is time to recover.
The same seed disturbs at the same simulation times.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from driving.drivers.driver import Action, DriveContext
from driving.drivers.expert import Expert
from driving.quantities import Control, Observation


@dataclass
class DisturbanceConfig:
    """How a recording is disturbed.

    Args:
        drift_m: how far the strongest pulse would push the car aside if nothing corrected it (m); 0 switches disturbances off.
        shortest_s: the shortest duration of a pulse (s).
        longest_s: the longest duration of a pulse (s).
        pause_s: the mean time between two pulses (s).
        jitter: the standard deviation of small steering noise, as a curvature (1/m). It is correlated over about half a second.
    """

    drift_m: float = 2.0
    shortest_s: float = 0.4
    longest_s: float = 1.4
    pause_s: float = 2.0
    jitter: float = 0.002


class PerturbedExpert:
    """A driver that adds disturbances to the expert's steer."""

    name = "expert, disturbed"

    def __init__(self, config: DisturbanceConfig | None = None) -> None:
        self._config = config or DisturbanceConfig()
        self._expert = Expert()

    def reset(self, context: DriveContext) -> None:
        """Begin a drive; the context's seed decides the disturbances."""
        self._expert.reset(context)
        self._bicycle = context.bicycle
        self._random = np.random.default_rng((context.seed, 11))
        self._time_s, self._start_s, self._end_s, self._drift_m, self._noise = 0.0, 0.0, 0.0, 0.0, 0.0

    def act(self, observation: Observation) -> Action:
        """Return the expert's control with a disturbed steer; the label is the expert's control."""
        label = self._expert.act(observation).control
        speed = max(0.0, observation.vehicle.speed_mps)
        added = self._bicycle.steer(self._disturbance(speed, observation.dt_s), speed) if self._config.drift_m > 0 else 0.0
        steer = max(-1.0, min(1.0, label.steer + added))
        return Action(Control(steer, label.throttle, label.brake), label=label, disturbance=steer - label.steer)

    def _disturbance(self, speed_mps: float, dt_s: float) -> float:
        """Advance by `dt_s` and return the current disturbance as a curvature (1/m)."""
        config, random = self._config, self._random
        self._time_s += dt_s
        keep = math.exp(-dt_s / 0.5)
        self._noise = self._noise * keep + float(random.normal()) * config.jitter * math.sqrt(1.0 - keep * keep)
        if self._time_s > self._end_s + 0.05:
            self._start_s = self._time_s + float(random.exponential(config.pause_s))
            length = float(random.uniform(config.shortest_s, config.longest_s))
            self._end_s = self._start_s + length
            self._drift_m = float(random.uniform(-config.drift_m, config.drift_m))
        if self._start_s <= self._time_s <= self._end_s:
            length = self._end_s - self._start_s
            metres = max(3.0, speed_mps) * (length + 0.8)
            curvature = max(-0.12, min(0.12, 4.0 * self._drift_m / metres**2))
            return self._noise + curvature * math.sin(math.pi * (self._time_s - self._start_s) / length) * math.pi / 2.0
        return self._noise

    def neurons(self) -> dict[str, Any] | None:
        """Return None: the expert has no network."""

    def time_constants(self) -> None:
        """Return None: the expert has no network."""
