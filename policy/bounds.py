"""What is certain about a cell's neurons, whatever the images and the time steps are. It follows from the weights alone.

Shapes: H neurons, M motor outputs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from torch import Tensor


class CellBounds(NamedTuple):
    """Ranges that are never left in a drive that begins in the initial state, apart from rounding in float32."""

    low_H: np.ndarray  # lowest state of each neuron
    high_H: np.ndarray  # highest state
    tau_low_s_H: np.ndarray | None  # shortest time constant (s); None for a cell without time constants
    tau_high_s_H: np.ndarray | None  # longest time constant (s)
    motor_low_M: np.ndarray  # lowest motor output
    motor_high_M: np.ndarray  # highest motor output
    why: str  # the reason in words


def bound_linear_read_out(weight_MH: Tensor, bias_M: Tensor, reach: float, why: str) -> CellBounds:
    """Return the bounds of a cell whose neurons stay within [-reach, reach] and whose outputs are linear in them."""
    weight, bias = weight_MH.detach().double().cpu().numpy(), bias_M.detach().double().cpu().numpy()
    high_H, swing_M = np.full(weight.shape[1], reach), reach * np.abs(weight).sum(1)
    return CellBounds(-high_H, high_H, None, None, bias - swing_M, bias + swing_M, why)
