"""What every view shows: one drive, closed loop or over a log, with its neurons, its time base and a way to stream its frames.

Shapes: T ticks, H neurons. Nothing here holds more than one frame: `open_frames` starts a fresh stream each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

ROLE_ORDER = ("inter", "command", "hidden", "motor")
RANGE_PERCENTILES = (1.0, 99.0)


@dataclass(frozen=True)
class Synapse:
    """A connection by names; the sign of `weight` is its polarity (positive excites)."""

    source: str
    target: str
    weight: float


@dataclass(frozen=True)
class Neurons:
    """The network's neurons in the order of the state's columns, and the synapses between them and from the sensory features."""

    names: tuple[str, ...]
    roles: tuple[str, ...]
    synapses: tuple[Synapse, ...]

    @classmethod
    def from_parts(cls, names: Sequence[str], roles: Sequence[str], edges: Sequence[Sequence[Any]]) -> Neurons:
        """From a trace's `meta["neurons"]` or a cell; edges are (source, target, signed weight)."""
        return cls(tuple(names), tuple(roles), tuple(Synapse(str(s), str(t), float(w)) for s, t, w in edges))

    @cached_property
    def sensory_names(self) -> tuple[str, ...]:
        """The sources that are no neuron: the front-end's features, in order of first use."""
        own = set(self.names)
        return tuple(dict.fromkeys(synapse.source for synapse in self.synapses if synapse.source not in own))

    def by_role(self) -> dict[str, list[int]]:
        """The neurons' indices by role, the roles from the senses to the motor."""
        order = [role for role in ROLE_ORDER if role in self.roles] + sorted(set(self.roles) - set(ROLE_ORDER))
        return {role: [i for i, own in enumerate(self.roles) if own == role] for role in order}


@dataclass(frozen=True)
class Playback:
    """One drive to look at.

    `columns` has at least time_s (from 0), dt_s and steer; and, where known: label_steer, speed_mps, lateral_m, heading_error_rad,
    lane_width_m, departed, x_m, y_m, yaw_rad. `state_TH` are the neurons' states, `tau_s_TH` their system time constants (s) or None.
    `centre_xy` (N, 2) is the route's centre line. `steer_names` say what steer and label_steer are here.
    """

    title: str
    facts: str
    columns: Mapping[str, np.ndarray]
    neurons: Neurons
    state_TH: np.ndarray
    tau_s_TH: np.ndarray | None
    open_frames: Callable[[], Iterator[np.ndarray]]
    centre_xy: np.ndarray | None = None
    steer_names: tuple[str, str] = ("steer", "expert")
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ticks(self) -> int:
        """How many ticks the drive has."""
        return len(self.columns["time_s"])

    @cached_property
    def range_H2(self) -> np.ndarray:
        """Each neuron's usual lowest and highest state over the drive (1st and 99th percentile)."""
        low, high = np.percentile(self.state_TH, RANGE_PERCENTILES, axis=0)
        return np.stack([low, high], axis=1)

    @cached_property
    def lit_TH(self) -> np.ndarray:
        """Each neuron's state within its own usual range, 0 to 1; 0 for a neuron that stays where it is."""
        low, high = self.range_H2.T
        span = high - low
        scaled = (self.state_TH - low) / np.where(span > 1e-6, span, 1.0)
        return np.where(span > 1e-6, np.clip(scaled, 0.0, 1.0), 0.0).astype(np.float32)

    @cached_property
    def departures_so_far(self) -> np.ndarray:
        """(T,) how many lane departures have begun up to each tick."""
        departed = self.columns.get("departed")
        return np.zeros(self.ticks, dtype=int) if departed is None else np.cumsum(departed.astype(bool))

    @property
    def has_pose(self) -> bool:
        """Whether the car's path is known."""
        return "x_m" in self.columns and "y_m" in self.columns
