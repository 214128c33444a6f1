"""A driver that runs an exported policy from its .onnx file with onnxruntime."""

from __future__ import annotations

from typing import Any

from driving.drivers.driver import Action, DriveContext
from driving.drivers.prediction import PredictionControl
from driving.quantities import Observation
from policy.runtime import ExportedPolicy


class ExportedDriver:
    """Runs an exported policy tick by tick and carries its state along. Its neurons go into the trace."""

    def __init__(self, policy: ExportedPolicy, name: str | None = None) -> None:
        self._policy = policy
        self.name = name or f"{policy.description['config']['cell']}, exported"

    def reset(self, context: DriveContext) -> None:
        """Begin a drive from the policy's initial state."""
        self._state = self._policy.initial_state()
        self._control = PredictionControl(context, self._policy.target)

    def act(self, observation: Observation) -> Action:
        """Steer by the image; the bicycle model turns a predicted curvature into a steer."""
        step = self._policy.step(observation.image, observation.dt_s, self._state, observation.command)
        self._state = step.state_1S
        return Action(self._control.control(step.prediction, observation), neuron_state=step.neuron_H)

    def neurons(self) -> dict[str, Any] | None:
        """Return the names and roles of the cell's neurons, and its synapses."""
        return dict(self._policy.description["neurons"])

    def time_constants(self) -> None:
        """Return None: an exported file does not compute them."""
