"""Disturbances of the car: its mass, its tyres' friction, gusts of wind. The driver is not told.

They reach a real CARLA server through the client's physics control and forces. Gusts act on our server during the whole tick; Unreal applies a
force during one frame as well.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from driving.rollout.disturbance import Disturbance

if TYPE_CHECKING:  # training reads suites, and so the kinds, without the simulator's client
    from driving.simulator.ego import EgoVehicle

PAUSE_S = 2.0  # the mean time between two gusts
SHORTEST_S, LONGEST_S = 0.5, 2.0  # the length of a gust
ARM_M = 0.5  # a gust acts this far ahead of the centre of mass


class Mass(Disturbance):
    """A heavier car, or a lighter one where negative. Its springs, engine and brakes stay what they are."""

    kind, unit, lowest, highest = "mass", "% heavier", -40.0, 100.0

    def start(self, ego: EgoVehicle) -> None:
        """Load the car."""
        ego.scale_physics(mass=1.0 + self.severity / 100.0)


class TyreFriction(Disturbance):
    """Tyres that have lost friction. Ours have CARLA's 3.5 on a dry road, so that little changes below 80 %."""

    kind, unit, highest = "tyre_friction_loss", "%", 97.0

    def start(self, ego: EgoVehicle) -> None:
        """Change the tyres."""
        ego.scale_physics(friction=1.0 - self.severity / 100.0)


class Gusts(Disturbance):
    """Gusts from either side, each half a sine of 0.5 to 2 s whose peak is half the severity or more. 10 kN is a storm's on a lorry."""

    kind, unit, highest = "gusts", "N at the strongest gust's peak", 30000.0

    _begin_s = _end_s = _peak_n = 0.0

    def before_tick(self, ego: EgoVehicle, time_s: float) -> None:
        """Blow."""
        while time_s >= self._end_s:
            self._begin_s = self._end_s + float(self.random.exponential(PAUSE_S))
            self._end_s = self._begin_s + float(self.random.uniform(SHORTEST_S, LONGEST_S))
            self._peak_n = self.severity * float(self.random.choice([-1.0, 1.0]) * self.random.uniform(0.5, 1.0))
        if time_s > self._begin_s:
            ego.push(self._peak_n * math.sin(math.pi * (time_s - self._begin_s) / (self._end_s - self._begin_s)), ARM_M)
