"""The protocol of all recurrent cells: from features and time steps to motor outputs and a new state.

Shapes: B batch, T time, I features, M motor outputs, H neurons, S state values. dt is in seconds, one value per sample and step, and never
negative. The state of each cell is one flat tensor (B, S), so that drivers and exported models treat all cells alike. A sequence gives the same
outputs as a whole and step by step with the state passed on. A sequence of length 0 returns the state unchanged.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from perception.errors import ConfigError
from policy.bounds import CellBounds
from policy.options import from_options

Edge = tuple[str, str, float]
OUTPUT = "output"  # the target of a connection from a neuron to the motor outputs


class CellTrace(NamedTuple):
    """The record of a cell over a sequence."""

    motor_BTM: Tensor  # (B, T, M) outputs
    neuron_BTH: Tensor  # (B, T, H) neurons after each step
    tau_s_BTH: Tensor | None  # (B, T, H) time constants of the neurons in s; None for a cell without, and where they are not wanted
    state_BS: Tensor  # (B, S) the last state


class ConnectionMatrix(NamedTuple):
    """A weight matrix with the names of both its sides. The rows of gates or of a hidden layer may share a name."""

    weight_TS: Tensor  # (targets, sources)
    targets: list[str]
    sources: list[str]


class Stepper(Protocol):
    """Single steps of one sample: features (I) and dt in s in, motor outputs (M) out, all NumPy float32.

    `state` (S) is kept between steps and can be changed. `neurons` (H) are those after the last step. The parameters are copied when the stepper
    is made.
    """

    state: np.ndarray
    neurons: np.ndarray

    def __call__(self, features: np.ndarray, dt_s: float) -> np.ndarray: ...


class Cell(nn.Module, ABC):
    """A cell over `inputs` features with `motors` outputs. A subclass names its Config and implements `unroll`, `read_out` and `edges`."""

    Config: ClassVar[type]
    uses_dt: ClassVar[bool] = True
    flow: ClassVar[str] = "weight times the source's activity, before any gate"  # what `currents` returns, in words
    state_size: int
    neuron_names: list[str]
    neuron_roles: list[str]

    def __init__(self, inputs: int, motors: int, config: Any) -> None:
        super().__init__()
        self.inputs, self.motors, self.config = inputs, motors, config

    @abstractmethod
    def unroll(self, features_BTI: Tensor, dt_BT: Tensor, state_BS: Tensor) -> tuple[Tensor, Tensor]:
        """Return the neurons after each step (B, T, H) and the last state, for T >= 1."""

    @abstractmethod
    def read_out(self, neuron_BTH: Tensor) -> Tensor:
        """Return the motor outputs (..., M) of neurons (..., H)."""

    @abstractmethod
    def edges(self) -> list[Edge]:
        """Return the connections as (source name, target name, signed weight). Features have the source name "sensory i"."""

    def time_constants(self, features_BTI: Tensor, neuron_BTH: Tensor, state_BS: Tensor) -> Tensor | None:
        """Return the time constants (B, T, H) in s of a sequence that began in `state_BS`, or None for a cell without."""
        return None

    def currents(self, features_BTI: Tensor, neuron_BTH: Tensor, state_BS: Tensor) -> Tensor:
        """Return what flows along each connection (B, T, E) at the states after each step, in the order of `edges`; `flow` says what it is."""
        names = [f"sensory {i}" for i in range(self.inputs)] + self.neuron_names
        place, edges = {name: i for i, name in enumerate(names)}, self.edges()
        source_E = torch.tensor([place[source] for source, _, _ in edges], dtype=torch.long, device=neuron_BTH.device)
        return torch.cat([features_BTI, neuron_BTH], dim=-1)[..., source_E] * neuron_BTH.new_tensor([weight for _, _, weight in edges])

    def bounds(self) -> CellBounds:
        """Return ranges that the neurons never leave. Raises ConfigError for a cell for which nothing is proven."""
        raise ConfigError(f"nothing is proven about the states of a {type(self).__name__}: use another cell where a bound is needed")

    def cut(self, is_cut: Callable[[str, str], bool]) -> None:
        """Make each connection conduct nothing for which `is_cut(source, target)` is true. Raises ConfigError where the cell cannot be cut.

        Sources are neurons and features ("sensory i"), targets are neurons and `OUTPUT`. What a neuron keeps of its own state is not a connection.
        """
        for matrix in self.connection_matrices():
            cut = [[is_cut(source, target) for source in matrix.sources] for target in matrix.targets]
            matrix.weight_TS.detach().masked_fill_(torch.tensor(cut, device=matrix.weight_TS.device), 0.0)

    def connection_matrices(self) -> list[ConnectionMatrix]:
        """Return all matrices in which connections between neurons, features and outputs are stored, as the parameters themselves."""
        raise ConfigError(f"a {type(self).__name__} has no connections between single neurons that could be cut: choose another cell for lesions")

    def outputs(self, features_BTI: Tensor, dt_BT: Tensor, state_BS: Tensor) -> tuple[Tensor, Tensor]:
        """Return motor outputs (B, T, M) and the last state, for T >= 1. A cell overrides this if it is faster without returning all neurons."""
        neuron_BTH, last_BS = self.unroll(features_BTI, dt_BT, state_BS)
        return self.read_out(neuron_BTH), last_BS

    def initial_state(self, batch: int, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> Tensor:
        """Return the state at the start of a drive: zeros (B, S)."""
        like = self._first_parameter()
        return torch.zeros(batch, self.state_size, device=device or like.device, dtype=dtype or like.dtype)

    def _first_parameter(self) -> Tensor:
        for one in self._parameters.values():  # `self.parameters()` walks through all modules, which takes as long as a step of a small net
            if one is not None:
                return one
        return next(self.parameters())

    def forward(self, features_BTI: Tensor, dt_BT: Tensor, state_BS: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return outputs (B, T, M) and the last state, in full precision also under autocast. Raises ConfigError for shapes that do not fit."""
        if torch.is_autocast_enabled(features_BTI.device.type):
            with torch.autocast(features_BTI.device.type, enabled=False):
                return Cell.forward(self, features_BTI, dt_BT, state_BS)  # a subclass may take other arguments
        features_BTI, dt_BT, state_BS = self.prepare(features_BTI, dt_BT, state_BS)
        if features_BTI.shape[1] == 0:
            return features_BTI.new_zeros(features_BTI.shape[0], 0, self.motors), state_BS
        return self.outputs(features_BTI, dt_BT, state_BS)

    def trace(self, features_BTI: Tensor, dt_BT: Tensor, state_BS: Tensor | None = None, want_tau: bool = True) -> CellTrace:
        """Do the same as `forward`, and return all neurons and, if wanted, time constants after each step as well."""
        with torch.autocast(features_BTI.device.type, enabled=False):
            features_BTI, dt_BT, state_BS = self.prepare(features_BTI, dt_BT, state_BS)
            if features_BTI.shape[1] == 0:
                batch = features_BTI.shape[0]
                return CellTrace(features_BTI.new_zeros(batch, 0, self.motors), features_BTI.new_zeros(batch, 0, self.neurons), None, state_BS)
            neuron_BTH, last_BS = self.unroll(features_BTI, dt_BT, state_BS)
            tau_s_BTH = self.time_constants(features_BTI, neuron_BTH, state_BS) if want_tau else None
            return CellTrace(self.read_out(neuron_BTH), neuron_BTH, tau_s_BTH, last_BS)

    def states(self, features_BTI: Tensor, dt_BT: Tensor, state_BS: Tensor | None = None) -> Tensor:
        """Return the neurons after each step (B, T, H)."""
        return self.trace(features_BTI, dt_BT, state_BS).neuron_BTH

    def stepper(self) -> Stepper:
        """Return the fastest stepper for this cell."""
        return TorchStepper(self)

    @property
    def neurons(self) -> int:
        """The number of neurons (H) in a trace."""
        return len(self.neuron_names)

    def portable_options(self) -> dict[str, Any]:
        """Return the cell's options as plain values from which it can be rebuilt exactly."""
        return asdict(self.config)

    def prepare(self, features_BTI: Tensor, dt_BT: Tensor, state_BS: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Check the arguments and return them in the parameters' precision, with the initial state where none is given.

        Raises ConfigError for shapes that do not fit.
        """
        if features_BTI.dim() != 3 or features_BTI.shape[2] != self.inputs:
            raise ValueError(f"features have shape {tuple(features_BTI.shape)}, expected (batch, time, {self.inputs}): check the front-end's width")
        if dt_BT.shape != features_BTI.shape[:2]:
            raise ValueError(
                f"dt has shape {tuple(dt_BT.shape)}, features {tuple(features_BTI.shape)}: give one dt (s) per sample and step, "
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
        self.neurons = np.zeros(cell.neurons, np.float32)

    @torch.no_grad()
    def __call__(self, features: np.ndarray, dt_s: float) -> np.ndarray:
        inputs = torch.as_tensor(features, dtype=torch.float32).view(1, 1, -1)
        trace = self.cell.trace(inputs, torch.full((1, 1), dt_s), torch.from_numpy(self.state)[None], want_tau=False)
        self.state[:], self.neurons = trace.state_BS[0].numpy(), trace.neuron_BTH[0, 0].numpy()
        return trace.motor_BTM[0, 0].numpy()


def make_config(cell: type[Cell], options: dict[str, Any]) -> Any:
    """Make the cell's Config from plain options. Raises ConfigError for an unknown option."""
    return from_options(cell.Config, options, f"cell_options of {cell.__name__}")
