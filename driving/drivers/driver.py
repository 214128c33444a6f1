"""The protocol of all drivers: what they know before a drive, what they see in each tick, and what they return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from driving.bicycle import Bicycle
from driving.quantities import Control, Observation
from driving.world.maps.route import Route


@dataclass(frozen=True)
class DriveContext:
    """What is known before a drive."""

    route: Route  # privileged: experts and the speed control use it, learned steering never does
    bicycle: Bicycle  # the steering of the car that is driven
    dt_s: float  # the nominal time between two ticks
    max_speed_mps: float  # the target speed on straight road
    seed: int  # decides what the driver draws at random


@dataclass(frozen=True, slots=True)
class Action:
    """What a driver does in one tick."""

    control: Control  # what is applied to the car
    label: Control | None = None  # what the expert would do here; None where the driver does not know
    disturbance: float = 0.0  # what was added to the label's steer
    neuron_state: np.ndarray | None = None  # (H,) the network's neurons, where there is a network
    features: np.ndarray | None = None  # (I,) what its front-end gave to them, where the driver knows it


class Driver(Protocol):
    """Something that drives. Tables and traces show `name`."""

    name: str

    def reset(self, context: DriveContext) -> None:
        """Begin a drive."""
        ...

    def act(self, observation: Observation) -> Action:
        """Return what to do in this tick."""
        ...

    def neurons(self) -> dict[str, Any] | None:
        """Return the names, roles and edges of the network's neurons, for traces; None for a driver without a network."""
        ...

    def time_constants(self) -> np.ndarray | None:
        """Return the time constants (T, H) in s of the neurons in the T ticks since the drive's begin; None for a driver that has none."""
        ...
