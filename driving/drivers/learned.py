"""A driver that runs a learned policy. The policy sees only the image and the time step, and steers; the speed control uses the pedals."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from driving.bicycle import Bicycle
from driving.drivers.driver import Action, DriveContext
from driving.drivers.prediction import PredictionControl
from driving.quantities import Observation, UserError
from policy.network import DESCRIPTION, SHIPPED, WEIGHTS, DrivingPolicy, read_description
from policy.stepper import PolicyStepper

PRETRAINED = "pretrained"  # as a checkpoint: the policy that comes with the package, see its MODEL_CARD.md


class LearnedDriver:
    """Runs a policy tick by tick and carries its state along. Its neurons go into the trace."""

    def __init__(self, policy: DrivingPolicy, name: str | None = None) -> None:
        self._policy, self._stepper = policy, PolicyStepper(policy)
        self.name = name or policy.config.cell

    def reset(self, context: DriveContext) -> None:
        """Begin a drive from the policy's initial state."""
        self._stepper.reset()
        self._features, self._neurons = list[np.ndarray](), list[np.ndarray]()
        self._control = PredictionControl(context, self._policy.config.target)

    def act(self, observation: Observation) -> Action:
        """Steer by the image; the bicycle model turns a predicted curvature into a steer."""
        step = self._stepper.step(observation.image, observation.dt_s, observation.command)
        self._features.append(step.features_I)
        self._neurons.append(step.neuron_H)
        control = self._control.control(step.prediction, observation)
        return Action(control, neuron_state=step.neuron_H, features=step.features_I)

    def neurons(self) -> dict[str, Any] | None:
        """Return the names and roles of the cell's neurons, and its synapses."""
        cell = self._policy.cell
        return {"names": list(cell.neuron_names), "roles": list(cell.neuron_roles), "edges": [list(edge) for edge in cell.edges()]}

    @torch.inference_mode()
    def time_constants(self) -> np.ndarray | None:
        """Return the time constants (T, H) in s. They are computed at once for all ticks: one by one they would cost as much as the cell."""
        if not self._features:
            return None
        features_BTI, neuron_BTH = (torch.from_numpy(np.stack(rows))[None] for rows in (self._features, self._neurons))
        tau_s_BTH = self._policy.cell.time_constants(features_BTI, neuron_BTH, self._policy.initial_state(1))
        return None if tau_s_BTH is None else tau_s_BTH[0].numpy().astype(np.float32)


def checkpoint_folder(path: Path) -> Path:
    """Return the folder that holds the policy: `path` itself or its checkpoint/, or for the word "pretrained" the policy that comes with the package.

    Raises UserError where there is none.
    """
    if path == Path(PRETRAINED) and not path.exists():
        return SHIPPED
    for folder in (path, path / "checkpoint"):
        if (folder / DESCRIPTION).is_file():
            return folder
    raise UserError(
        f"{path} holds no policy: expected {DESCRIPTION} and {WEIGHTS} in it or in its checkpoint/; give a run of scripts/train.py, or {PRETRAINED}"
    )


def read_bicycle(folder: Path) -> Bicycle:
    """Return the car that a checkpoint's policy was trained for. A checkpoint that names none means the default car.

    Raises UserError where the checkpoint describes the car in another way, ConfigError where its description cannot be read.
    """
    stored = read_description(folder).get("extra", {}).get("bicycle", {})
    default = asdict(Bicycle())
    try:
        values = default | dict(stored)
        if unknown := set(values) - set(default):
            raise ValueError(f"unknown: {unknown}")
        curve = tuple((float(speed), float(share)) for speed, share in values["steering_curve"])
        return Bicycle(float(values["wheelbase_m"]), float(values["max_steer_deg"]), curve)
    except (TypeError, ValueError) as error:
        raise UserError(f"{folder / DESCRIPTION} describes the trained car as {stored!r}, which is not a bicycle model: train again") from error
