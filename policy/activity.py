"""What a cell's neurons do: one interface for all cells, for a recorded drive as a whole and for a live one tick by tick.

It runs the cell again on the features that its front-end gave. So it needs nothing from a driver while nobody watches, and it tells the same as the
drive: the same features and time steps give the same states. Shapes: T ticks, I features, H neurons, E connections, S state values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from policy.cell import Cell


@dataclass(frozen=True)
class Activity:
    """The activity after each tick."""

    state_TH: np.ndarray
    tau_s_TH: np.ndarray | None  # time constants in s; None for a cell without
    current_TE: np.ndarray  # what flows along each connection, in the order of `edges`; `flow` says what it is


class ActivityReader:
    """Reads the activity of a cell from the features of a drive. A next call of `read` goes on where the last one ended.

    `names` and `roles` are those of the neurons, `edges` the connections as (source, target, signed weight), and `flow` says in words what a
    connection carries: an LTC's carries a current in its equations, and those of most other cells a weighted signal.
    """

    def __init__(self, cell: Cell) -> None:
        self._cell = cell
        self._state_1S: Tensor | None = None
        self.names, self.roles, self.edges, self.flow = tuple(cell.neuron_names), tuple(cell.neuron_roles), tuple(cell.edges()), cell.flow

    @torch.inference_mode()
    def read(self, features_TI: np.ndarray, dt_s_T: np.ndarray) -> Activity:
        """Return the activity of these ticks, at least one."""
        device = next(self._cell.parameters()).device
        features, dt = (torch.as_tensor(np.ascontiguousarray(one, dtype=np.float32), device=device)[None] for one in (features_TI, dt_s_T))
        features, dt, start = self._cell.prepare(features, dt, self._state_1S)
        trace = self._cell.trace(features, dt, start)
        current = self._cell.currents(features, trace.neuron_BTH, start)
        self._state_1S = trace.state_BS
        tau = trace.tau_s_BTH
        return Activity(trace.neuron_BTH[0].cpu().numpy(), None if tau is None else tau[0].cpu().numpy(), current[0].cpu().numpy())
