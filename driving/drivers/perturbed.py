"""An expert that is disturbed on purpose: pulses are added to its steer, so that a log shows how to come back; labels stay its own.

A pulse is half a sine; its strength follows the speed, so that undisturbed steering would drift by up to `drift_m` off the centre. (Fixed by
the speed at its start, it threw a car that was pulling away off the road.) After a pulse there is time to recover. Seeded: the same seed
disturbs at the same times of simulation.
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
        drift_m: up to how far a pulse would push the car aside if nothing answered (m); 0 switches disturbances off.
        shortest_s: least duration of a pulse (s).
        longest_s: greatest duration of a pulse (s).
        pause_s: mean time between two pulses (s).
        jitter: standard deviation of small steering noise, correlated over about half a second, as a curvature (1/m).
    """

    drift_m: float = 2.0
    shortest_s: float = 0.4
    longest_s: float = 1.4
    pause_s: float = 2.0
    jitter: float = 0.002


class PerturbedExpert:
    """The expert with disturbances between its wish and the wheels."""

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
        """The expert's control with the disturbance on its steer; the label is without."""
        wish = self._expert.act(observation).control
        speed = max(0.0, observation.vehicle.speed_mps)
        added = self._bicycle.steer(self._disturbance(speed, observation.dt_s), speed) if self._config.drift_m > 0 else 0.0
        steer = max(-1.0, min(1.0, wish.steer + added))
        return Action(Control(steer, wish.throttle, wish.brake), label=wish, disturbance=steer - wish.steer)

    def _disturbance(self, speed_mps: float, dt_s: float) -> float:
        """The present disturbance as a curvature (1/m)."""
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
        """None: the expert has no neurons."""
        return None
