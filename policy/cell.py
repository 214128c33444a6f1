"""The one protocol of all recurrent cells: features and time steps in, motor outputs and a state out.

Shapes: B batch, T time, I features, M motor outputs, H neurons, S state values. dt is in seconds, one a sample and step, and never
negative. A state is one flat (B, S) tensor, whatever the cell keeps, so that drivers and exported models treat all cells alike.
A sequence given whole or step by step with the state passed on gives the same outputs; a sequence of length 0 gives the state back.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from copy import deepcopy
from dataclasses import asdict
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from policy.options import from_options

Edge = tuple[str, str, float]


class CellTrace(NamedTuple):
    """What a cell did: outputs (B, T, M), neurons (B, T, H), their time constants in s (B, T, H) where it has any, the last state."""

    motor_BTM: Tensor
    neuron_BTH: Tensor
    tau_s_BTH: Tensor | None
    state_BS: Tensor


class Stepper(Protocol):
    """A cell that drives one car: features (I) and dt in s in, motor outputs (M) out, the state (S) kept and open to change; all NumPy float32.

    The parameters are those at the time it was made.
    """

    state: np.ndarray

    def __call__(self, features: np.ndarray, dt_s: float) -> np.ndarray: ...


class Cell(nn.Module, ABC):
    """A cell over `inputs` features with `motors` outputs. A subclass names its Config and says how a sequence unrolls."""

    Config: ClassVar[type]
    uses_dt: ClassVar[bool] = True
    state_size: int
    neuron_names: list[str]
    neuron_roles: list[str]

    def __init__(self, inputs: int, motors: int, config: Any) -> None:
        super().__init__()
        self.inputs, self.motors, self.config = inputs, motors, config

    @abstractmethod
    def unroll(self, features_BTI: Tensor, dt_BT: Tensor, state_BS: Tensor) -> tuple[Tensor, Tensor]:
        """The neurons after each step (B, T, H) and the last state, for T >= 1."""

    @abstractmethod
    def read_out(self, neuron_BTH: Tensor) -> Tensor:
        """The motor outputs (..., M) that neurons (..., H) stand for."""

    @abstractmethod
    def edges(self) -> list[Edge]:
        """The connections as (source name, target name, signed weight); sources that are no neuron are "sensory i"."""

    def time_constants(self, features_BTI: Tensor, neuron_BTH: Tensor, state_BS: Tensor) -> Tensor | None:
        """Each neuron's time constant (s) after each step of a sequence that began in `state_BS`, or None for a cell without."""
        return None

    def outputs(self, features_BTI: Tensor, dt_BT: Tensor, state_BS: Tensor) -> tuple[Tensor, Tensor]:
        """The motor outputs (B, T, M) and the last state, for T >= 1; a cell that can do it faster than by all its neurons overrides this."""
        neuron_BTH, last_BS = self.unroll(features_BTI, dt_BT, state_BS)
        return self.read_out(neuron_BTH), last_BS

    def initial_state(self, batch: int, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> Tensor:
        """The state at the start of a drive: zeros (B, S)."""
        like = self._first_parameter()
        return torch.zeros(batch, self.state_size, device=device or like.device, dtype=dtype or like.dtype)

    def _first_parameter(self) -> Tensor:
        for one in self._parameters.values():  # `self.parameters()` goes through all modules, as slowly as a small net steps
            if one is not None:
                return one
        return next(self.parameters())

    def forward(self, features_BTI: Tensor, dt_BT: Tensor, state_BS: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Outputs (B, T, M) and the state after the last step, in full precision under autocast. Raises ValueError for shapes that do not fit."""
        if torch.is_autocast_enabled(features_BTI.device.type):
            with torch.autocast(features_BTI.device.type, enabled=False):
                return self.forward(features_BTI, dt_BT, state_BS)
        features_BTI, dt_BT, state_BS = self.prepare(features_BTI, dt_BT, state_BS)
        if features_BTI.shape[1] == 0:
            return features_BTI.new_zeros(features_BTI.shape[0], 0, self.motors), state_BS
        return self.outputs(features_BTI, dt_BT, state_BS)

    def trace(self, features_BTI: Tensor, dt_BT: Tensor, state_BS: Tensor | None = None) -> CellTrace:
        """As `forward`, with every neuron's state and time constant after each step."""
        with torch.autocast(features_BTI.device.type, enabled=False):
            features_BTI, dt_BT, state_BS = self.prepare(features_BTI, dt_BT, state_BS)
            if features_BTI.shape[1] == 0:
                batch = features_BTI.shape[0]
                return CellTrace(features_BTI.new_zeros(batch, 0, self.motors), features_BTI.new_zeros(batch, 0, self.neurons), None, state_BS)
            neuron_BTH, last_BS = self.unroll(features_BTI, dt_BT, state_BS)
            return CellTrace(self.read_out(neuron_BTH), neuron_BTH, self.time_constants(features_BTI, neuron_BTH, state_BS), last_BS)

    def states(self, features_BTI: Tensor, dt_BT: Tensor, state_BS: Tensor | None = None) -> Tensor:
        """Every neuron's state after each step (B, T, H)."""
        return self.trace(features_BTI, dt_BT, state_BS).neuron_BTH

    def stepper(self) -> Stepper:
        """The fastest way to make single steps of one sample."""
        return TorchStepper(self)

    @property
    def neurons(self) -> int:
        """How many neurons (H) a trace shows."""
        return len(self.neuron_names)

    def portable_options(self) -> dict[str, Any]:
        """The cell's options as plain values that rebuild it exactly."""
        return asdict(self.config)

    def prepare(self, features_BTI: Tensor, dt_BT: Tensor, state_BS: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """The arguments checked, in the parameters' precision, with the initial state where there is none."""
        if features_BTI.dim() != 3 or features_BTI.shape[2] != self.inputs:
            raise ValueError(f"features have shape {tuple(features_BTI.shape)}, expected (batch, time, {self.inputs}): check the front-end's width")
        if dt_BT.shape != features_BTI.shape[:2]:
            raise ValueError(
                f"dt has shape {tuple(dt_BT.shape)}, features {tuple(features_BTI.shape)}: give one dt (s) a sample and step, "
                f"shape {tuple(features_BTI.shape[:2])}"
            )
        batch, dtype = features_BTI.shape[0], self._first_parameter().dtype
        if state_BS is None:
            state_BS = self.initial_state(batch, features_BTI.device, dtype)
        elif state_BS.shape != (batch, self.state_size):
            raise ValueError(f"state has shape {tuple(state_BS.shape)}, expected {(batch, self.state_size)}: pass this cell's own state")
        return features_BTI.to(dtype), dt_BT.to(dtype), state_BS.to(dtype)


class TorchStepper:
    """A `Stepper` for any cell."""

    def __init__(self, cell: Cell) -> None:
        self.cell = deepcopy(cell).float().cpu().eval().requires_grad_(False)
        self.state = self.cell.initial_state(1)[0].numpy()

    def __call__(self, features: np.ndarray, dt_s: float) -> np.ndarray:
        inputs = torch.as_tensor(features, dtype=torch.float32).view(1, 1, -1)
        motor, state = self.cell(inputs, torch.full((1, 1), dt_s), torch.from_numpy(self.state)[None])
        self.state[:] = state[0].numpy()
        return motor[0, 0].numpy()


def make_config(cell: type[Cell], options: dict[str, Any]) -> Any:
    """The cell's Config from plain options; raises ConfigError for an unknown one."""
    return from_options(cell.Config, options, f"cell_options of {cell.__name__}")
