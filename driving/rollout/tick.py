"""One tick of a drive, as every listener gets it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from driving.drivers.driver import Action
from driving.quantities import Control, Observation


@dataclass(frozen=True, slots=True)
class Tick:
    """What happened in one tick of the loop."""

    observation: Observation  # what the driver saw
    action: Action  # what the driver did; its label is never None here
    applied: Control  # what acts on the car; another one than the action's where something disturbs the drive
    departed: bool  # whether the car is outside its lane, so that it is put back
    act_s: float  # wall-clock time of the driver (s)
    tick_s: float  # wall-clock time of the simulator for the tick before this one (s); 0 in the first


class Listener(Protocol):
    """Something that follows a drive tick by tick."""

    def on_tick(self, tick: Tick) -> None:
        """Take in one tick. The loop waits until this returns."""
        ...
