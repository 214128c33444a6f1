"""Cells for tests: every cell by a name, small, alone or in a policy, and inputs for it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from perception.transform import CameraTransformConfig
from policy.cell import Cell
from policy.cells import make_cell
from policy.network import DrivingPolicy, PolicyConfig

INPUTS, MOTORS = 6, 2
NCP = {"kind": "ncp", "inter": 6, "command": 4, "motor": MOTORS, "sensory_fanout": 3, "inter_fanout": 2, "recurrent_command": 3, "motor_fanin": 3}
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "ltc": ("ltc", {"wiring": NCP}),
    "ltc exponential euler": ("ltc", {"wiring": NCP, "solver": "exponential_euler"}),
    "ltc midpoint": ("ltc", {"wiring": NCP, "solver": "exponential_midpoint", "unfolds": 2}),
    "ltc full": ("ltc", {"wiring": {"kind": "fully_connected", "units": 5, "motor": MOTORS}, "output_mapping": "none"}),
    "cfc": ("cfc", {"units": 8, "backbone_units": 10}),
    "cfc pure": ("cfc", {"units": 8, "mode": "pure", "backbone_layers": 2, "activation": "silu"}),
    "cfc no gate": ("cfc", {"units": 8, "mode": "no_gate", "backbone_layers": 0}),
    "cfc wired": ("cfc", {"wiring": NCP}),
    "cfc wired pure": ("cfc", {"wiring": NCP, "mode": "pure"}),
    "ct_rnn": ("ct_rnn", {"units": 8}),
    "ct_rnn sparse": ("ct_rnn", {"units": 8, "sparsity": 0.7}),
    "rnn": ("rnn", {"units": 8}),
    "lstm": ("lstm", {"units": 8}),
    "lstm sparse": ("lstm", {"units": 8, "sparsity": 0.7}),
    "gru": ("gru", {"units": 8}),
    "ct_gru": ("ct_gru", {"units": 5, "scales": 4}),
    "feed_forward": ("feed_forward", {"units": 8}),
    "transformer": ("transformer", {"width": 8, "heads": 2, "window": 4}),
    "hybrid": ("hybrid", {"window": 3, "width": 8, "ltc": {"wiring": NCP}}),
    "spiking": ("spiking", {"units": 8}),
}
SOLVED = [name for name, (cell, _) in CASES.items() if cell in ("ltc", "ct_rnn", "spiking")]
AWARE_OF_TIME = [name for name, (cell, _) in CASES.items() if cell in ("ltc", "cfc", "ct_rnn", "ct_gru", "hybrid", "spiking")]


def build(case: str, seed: int = 3) -> Cell:
    """The cell of a case with weights from `seed`."""
    torch.manual_seed(seed)
    name, options = CASES[case]
    return make_cell(name, INPUTS, MOTORS, options)


def build_policy(case: str, seed: int = 3, **changes: Any) -> DrivingPolicy:
    """A small policy with the cell of a case, one motor output, weights from `seed`, in eval mode."""
    torch.manual_seed(seed)
    name, options = CASES[case]
    values = {"transform": CameraTransformConfig(24, 48), "cell": name, "cell_options": _with_one_motor(options)} | changes
    return DrivingPolicy(PolicyConfig(**values)).eval()


def _with_one_motor(options: dict[str, Any]) -> dict[str, Any]:
    return {key: 1 if key == "motor" else _with_one_motor(value) if isinstance(value, dict) else value for key, value in options.items()}


def sequence(batch: int, time: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    """Features (B, T, I) and irregular time steps (B, T) in s."""
    random = torch.Generator().manual_seed(seed)
    return torch.randn(batch, time, INPUTS, generator=random).to(dtype), (0.3 * torch.rand(batch, time, generator=random)).to(dtype)
