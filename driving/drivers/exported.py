"""An exported policy at the wheel: drives from the .onnx file alone, the network run by onnxruntime."""

from __future__ import annotations

from typing import Any

from driving.drivers.driver import Action, DriveContext
from driving.drivers.prediction import PredictionControl
from driving.quantities import Observation
from policy.runtime import ExportedPolicy


class ExportedDriver:
    """Runs an exported policy tick by tick, its state carried along; keeps its neurons for the trace."""

    def __init__(self, policy: ExportedPolicy, name: str | None = None) -> None:
        self._policy = policy
        self.name = name or f"{policy.description['config']['cell']}, exported"

    def reset(self, context: DriveContext) -> None:
        """Begin a drive: the state is at rest."""
        self._state = self._policy.initial_state()
        self._control = PredictionControl(context, self._policy.target)

    def act(self, observation: Observation) -> Action:
        """Steers by the image; a predicted curvature is turned into a steer by the bicycle model."""
        step = self._policy.step(observation.image, observation.dt_s, self._state)
        self._state = step.state_1S
        return Action(self._control.control(step.prediction, observation), neuron_state=step.neuron_H)

    def neurons(self) -> dict[str, Any] | None:
        """The cell's neurons by name and role, and its synapses."""
        return dict(self._policy.description["neurons"])
