"""A policy and the expert drive by turns, and the expert labels every frame (DAgger, Ross et al. 2011).

The policy's own mistakes lead to places where an expert never comes; there its labels teach how to return. At the start of each stretch it is
drawn who steers until its end. The policy sees all images, so that its state is always that of the whole drive.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from driving.drivers.driver import Action, DriveContext, Driver
from driving.drivers.expert import Expert
from driving.quantities import Observation

STRETCH_S = 3.0  # the mean length of a stretch


class MixedDriver:
    """A driver that lets the expert steer a share of the stretches, and the policy all others."""

    def __init__(self, policy: Driver, expert_share: float) -> None:
        """Make the driver; `expert_share` in [0, 1] is the share of the stretches that the expert steers."""
        self._policy, self._expert, self._expert_share = policy, Expert(), expert_share
        self.name = f"{policy.name}, mixed with {expert_share:.0%} expert"

    def reset(self, context: DriveContext) -> None:
        """Begin a drive; the context's seed decides the stretches."""
        self._policy.reset(context)
        self._expert.reset(context)
        self._random = np.random.default_rng((context.seed, 17))
        self._left_s, self._is_expert = 0.0, False

    def act(self, observation: Observation) -> Action:
        """Return the control of whoever steers this stretch; the label is the expert's control."""
        if self._left_s <= 0.0:
            self._left_s = float(self._random.exponential(STRETCH_S))
            self._is_expert = bool(self._random.uniform() < self._expert_share)
        self._left_s -= observation.dt_s
        policy, label = self._policy.act(observation), self._expert.act(observation).control
        control = label if self._is_expert else policy.control
        return replace(policy, control=control, label=label, disturbance=control.steer - label.steer)

    def neurons(self) -> dict[str, Any] | None:
        """Return the policy's neurons."""
        return self._policy.neurons()

    def time_constants(self) -> np.ndarray | None:
        """Return those of the policy's neurons."""
        return self._policy.time_constants()
