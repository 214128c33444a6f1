"""The one protocol of all drivers: what they are told before a drive, what they see each tick, what they answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from driving.bicycle import Bicycle
from driving.quantities import Control, Observation
from driving.world.maps.route import Route


@dataclass(frozen=True)
class DriveContext:
    """What is known before a drive: the route (privileged), the car, the time step (s), the speed to aim at (m/s), the seed."""

    route: Route
    bicycle: Bicycle
    dt_s: float
    max_speed_mps: float
    seed: int


@dataclass(frozen=True, slots=True)
class Action:
    """A driver's answer: the control that is applied; what an expert would steer (the label) and what was added to it; its neurons.

    neuron_state and neuron_tau_s (H,) are those of a network that has any; tau in s.
    """

    control: Control
    label: Control | None = None
    disturbance: float = 0.0
    neuron_state: np.ndarray | None = None
    neuron_tau_s: np.ndarray | None = None


class Driver(Protocol):
    """Something that drives. `name` is for tables and traces."""

    name: str

    def reset(self, context: DriveContext) -> None:
        """Begin a drive."""
        ...

    def act(self, observation: Observation) -> Action:
        """The control for this tick."""
        ...

    def neurons(self) -> dict[str, Any] | None:
        """Names, roles and edges of the network's neurons, for traces; None for a driver without."""
        ...
