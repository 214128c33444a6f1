"""What every view shows: one drive, closed loop or over a log, with its neurons, its time base and a way to stream its frames.

Shapes: T ticks, H neurons, I features. Only one frame is in memory at a time: `open_frames` starts a new stream each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

ROLE_ORDER = ("inter", "command", "hidden", "motor")
RANGE_PERCENTILES = (1.0, 99.0)
MIN_RANGE = 1e-6  # a neuron whose state varies less than this is never lit


@dataclass(frozen=True)
class Synapse:
    """A connection between a source and a neuron, both given by name."""

    source: str
    target: str
    weight: float  # its sign is the polarity: positive excites


@dataclass(frozen=True)
class Neurons:
    """The network's neurons in the order of the state's columns, and all synapses, also those from the sensory features."""

    names: tuple[str, ...]
    roles: tuple[str, ...]
    synapses: tuple[Synapse, ...]

    @classmethod
    def from_parts(cls, names: Sequence[str], roles: Sequence[str], edges: Sequence[Sequence[Any]]) -> Neurons:
        """Make them from a trace's `meta["neurons"]` or from a cell; edges are (source, target, signed weight)."""
        synapses = tuple(Synapse(str(source), str(target), float(weight)) for source, target, weight in edges)
        return cls(tuple(names), tuple(roles), synapses)

    @cached_property
    def sensory_names(self) -> tuple[str, ...]:
        """The sources that are not neurons: the front-end's features, in order of first use."""
        own = set(self.names)
        return tuple(dict.fromkeys(synapse.source for synapse in self.synapses if synapse.source not in own))

    def by_role(self) -> dict[str, list[int]]:
        """Return the neurons' indices by role, with the roles in order from the senses to the motor."""
        order = [role for role in ROLE_ORDER if role in self.roles] + sorted(set(self.roles) - set(ROLE_ORDER))
        return {role: [index for index, own in enumerate(self.roles) if own == role] for role in order}


class SteerNames(NamedTuple):
    """The names that a view shows for the two steering columns."""

    steer: str = "steer"
    label: str = "expert"


@dataclass(frozen=True)
class Playback:
    """One drive to look at.

    `columns` holds arrays (T,): always time_s (from 0), dt_s and steer, and where they are known label_steer, speed_mps, lateral_m,
    heading_error_rad, lane_width_m, departed, command, x_m, y_m and yaw_rad.
    """

    title: str
    facts: str  # one line about the drive
    columns: Mapping[str, np.ndarray]
    neurons: Neurons
    state_TH: np.ndarray
    tau_s_TH: np.ndarray | None  # system time constants, or None for a cell without any
    open_frames: Callable[[], Iterator[np.ndarray]]  # starts a stream of the camera images (Y, X, 3) uint8 RGB
    centre_xy: np.ndarray | None = None  # (N, 2) m, the route's centre line
    steer_names: SteerNames = field(default_factory=SteerNames)
    meta: Mapping[str, Any] = field(default_factory=dict)
    features_TI: np.ndarray | None = None  # what the front-end gave to the neurons, where it is known
    usual_H2: np.ndarray | None = None  # each neuron's usual range where the playback is a part of a longer drive

    @property
    def ticks(self) -> int:
        """The number of ticks."""
        return len(self.columns["time_s"])

    @cached_property
    def range_H2(self) -> np.ndarray:
        """Each neuron's usual lowest and highest state over the drive (1st and 99th percentile)."""
        if self.usual_H2 is not None:
            return self.usual_H2
        low, high = np.percentile(self.state_TH, RANGE_PERCENTILES, axis=0)
        return np.stack([low, high], axis=1)

    @cached_property
    def lit_TH(self) -> np.ndarray:
        """Each neuron's state within its own usual range, 0 to 1; always 0 for a neuron whose state does not vary."""
        low, high = self.range_H2.T
        span = high - low
        scaled = (self.state_TH - low) / np.where(span > MIN_RANGE, span, 1.0)
        return np.where(span > MIN_RANGE, np.clip(scaled, 0.0, 1.0), 0.0).astype(np.float32)

    @cached_property
    def departures_so_far(self) -> np.ndarray:
        """(T,) the number of lane departures that have begun up to each tick."""
        departed = self.columns.get("departed")
        return np.zeros(self.ticks, dtype=int) if departed is None else np.cumsum(departed.astype(bool))

    @property
    def has_pose(self) -> bool:
        """Whether the car's path is known."""
        return "x_m" in self.columns and "y_m" in self.columns

    @cached_property
    def path_xy(self) -> np.ndarray:
        """(T, 2) m, the car's positions; only for a drive that `has_pose`."""
        return np.stack([self.columns["x_m"], self.columns["y_m"]], axis=1).astype(float)
