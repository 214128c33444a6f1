"""A policy one camera image at a time, as a car needs it: the C++ kernels where they can serve, PyTorch for the rest.

The kernels give the same figures as the network, apart from rounding, in a fifth of its time: at a batch of one, a small network in PyTorch mostly
waits for PyTorch. Shapes: Y rows, X columns, I features, H neurons.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch

from policy.command import Command
from policy.kernels.cpu import convolutions
from policy.kernels.dispatch import requested
from policy.network import DrivingPolicy

COMMAND_INPUTS = np.eye(len(Command), dtype=np.float32)
Features = Callable[[np.ndarray], np.ndarray]


class PolicyStep(NamedTuple):
    """The result of one step. The arrays are the caller's."""

    prediction: float  # steer, or curvature in 1/m
    features_I: np.ndarray  # (I,) float32, what enters the cell
    neuron_H: np.ndarray  # (H,) float32, the neurons after the step


class PolicyStepper:
    """Single steps of one car. The weights are copied when it is made; `reset` begins another drive."""

    def __init__(self, policy: DrivingPolicy) -> None:
        self._policy = policy.for_inference()
        self._transform, self._config = self._policy.transform, policy.config
        self._features = self._make_features()
        self.reset()

    def _make_features(self) -> Features:
        """Return the function from a model image to its features (I,)."""
        policy, size = self._policy, self._config.transform
        if requested("auto") in ("auto", "cpu") and convolutions.can_serve(policy.frontend):
            return convolutions.NativeHead(policy.frontend, size.height_px, size.width_px)

        @torch.inference_mode()
        def features(image_YX3: np.ndarray) -> np.ndarray:
            return policy.features(torch.from_numpy(image_YX3)[None, None])[0, 0].float().numpy()

        return features

    def reset(self) -> None:
        """Begin a drive from the policy's initial state."""
        self._cell = self._policy.cell.stepper()

    def step(self, image: np.ndarray, dt_s: float, command: Command = Command.FOLLOW) -> PolicyStep:
        """Make one step from a camera image (Y, X, 3) uint8 RGB of any size, taken `dt_s` seconds after the previous image.

        Only policies with the option `command` heed it.
        """
        features_I = self._features(self._transform.to_model(image))
        if self._config.command:
            features_I = np.concatenate([features_I, COMMAND_INPUTS[command]])
        motor = float(self._cell(features_I, dt_s)[0])
        prediction = (motor if self._config.output == "linear" else math.sinh(motor)) * self._config.scale
        return PolicyStep(prediction, features_I.copy(), self._cell.neurons.copy())
