"""The driving policy: from camera images and time steps to a steer or a curvature. It is saved and loaded without pickle.

Shapes: B batch, T time, Y rows, X columns, C channels (RGB), M outputs (one), S state. Images are uint8, as `CameraTransform.to_model` returns
them. The prediction is positive to the right: a steer in [-1, 1] (not clipped), or the curvature of the driven path in 1/m.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

import torch
from safetensors.torch import load_file, save
from torch import Tensor, nn

from perception.errors import ConfigError
from perception.frontends import FEATURES, FRONTENDS, fold_batch_norms
from perception.transform import CameraTransform, CameraTransformConfig
from policy.cell import CellTrace
from policy.cells import make_cell
from policy.command import Command
from policy.description import FORMAT, parse_description
from policy.options import check_choices, choose, from_options
from policy.whole_file import replace_whole, write_bytes

WEIGHTS, DESCRIPTION = "policy.safetensors", "policy.json"
SHIPPED = Path(__file__).with_name("pretrained")  # the policy that comes with the package


@dataclass
class PolicyConfig:
    """The parts of a policy and what it predicts.

    Args:
        transform: the camera-to-model transform.
        frontend: name of the front-end, see `perception.frontends`.
        cell: name of the cell, see `policy.cells`.
        cell_options: the cell's options.
        target: what the policy predicts.
        scale: factor from the motor output to the prediction. Curvatures in 1/m are small: 0.1 is a radius of 10 m.
        output: "linear", or "sinh" for the prediction scale * sinh(motor), which is nearly linear for small outputs. Training judges motor
            outputs, so with "sinh" an error counts relative to the bend. A net that sees corners of 10 m radius then still steers finely on
            a straight road.
        command: whether the navigation command enters the cell, as four inputs after the features.
    """

    transform: CameraTransformConfig = field(default_factory=CameraTransformConfig)
    frontend: str = "small"
    cell: str = "ltc"
    cell_options: dict[str, Any] = field(default_factory=dict)
    target: Literal["steer", "curvature"] = "steer"
    scale: float = 1.0
    output: Literal["linear", "sinh"] = "linear"
    command: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.transform, Mapping):
            self.transform = from_options(CameraTransformConfig, self.transform, "transform")
        check_choices(self)


class PolicyTrace(NamedTuple):
    """The record of what a policy saw and did over a sequence."""

    prediction_BT: Tensor  # (B, T) steer, or curvature in 1/m
    features_BTI: Tensor  # (B, T, I) what enters the cell: the front-end's output, and the command where the policy takes it
    cell: CellTrace  # outputs, neurons and time constants of the cell


class DrivingPolicy(nn.Module):
    """The whole network: camera transform, front-end, cell."""

    def __init__(self, config: PolicyConfig) -> None:
        super().__init__()
        self.config = config
        self.transform = CameraTransform(config.transform)
        self.frontend = choose(FRONTENDS, config.frontend, "front-end")(config.transform.height_px, config.transform.width_px)
        self.cell = make_cell(config.cell, FEATURES + len(Command) * config.command, 1, config.cell_options)

    def features(self, images_BTYXC: Tensor) -> Tensor:
        """Return the front-end's features (B, T, I) of uint8 images (B, T, Y, X, C), without the command."""
        batch, time = images_BTYXC.shape[:2]
        images = self.transform.normalise(images_BTYXC.flatten(0, 1)).to(next(self.frontend.parameters()).dtype)
        return self.frontend(images).view(batch, time, FEATURES)

    def inputs(self, images_BTYXC: Tensor, command_BT: Tensor | None = None) -> Tensor:
        """Return what enters the cell (B, T, I): the features, and for a policy that takes commands those as well (see `forward`)."""
        features_BTI = self.features(images_BTYXC)
        if not self.config.command:
            return features_BTI
        known = torch.arange(len(Command), device=features_BTI.device)
        command_BT1 = torch.zeros_like(features_BTI[..., :1]) if command_BT is None else command_BT[..., None]
        return torch.cat([features_BTI, (command_BT1 == known).to(features_BTI.dtype)], -1)

    def forward(self, images_BTYXC: Tensor, dt_BT: Tensor, state_BS: Tensor | None = None, command_BT: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return predictions (B, T) and the state to pass on. dt is the time since the previous image in s.

        `command_BT` are numbers of `Command`; without them a policy that takes commands follows the lane, and other policies ignore them.
        """
        motor_BTM, state_BS = self.cell(self.inputs(images_BTYXC, command_BT), dt_BT, state_BS)
        return self.prediction(motor_BTM), state_BS

    def trace(
        self, images_BTYXC: Tensor, dt_BT: Tensor, state_BS: Tensor | None = None, want_tau: bool = True, command_BT: Tensor | None = None
    ) -> PolicyTrace:
        """Do the same as `forward`, and return the cell's inputs, the state of each neuron and, if wanted, its liquid time constant as well."""
        features_BTI = self.inputs(images_BTYXC, command_BT)
        trace = self.cell.trace(features_BTI, dt_BT, state_BS, want_tau)
        return PolicyTrace(self.prediction(trace.motor_BTM), features_BTI, trace)

    def for_inference(self) -> DrivingPolicy:
        """Return a copy that predicts the same, apart from rounding, in less time. It cannot be trained or saved."""
        copy = deepcopy(self).eval().requires_grad_(False)
        fold_batch_norms(copy.frontend)
        return copy

    def prediction(self, motor_BTM: Tensor) -> Tensor:
        """Return the predictions (B, T) that motor outputs (B, T, M) mean."""
        motor_BT = motor_BTM[..., 0]
        return (motor_BT if self.config.output == "linear" else motor_BT.sinh()) * self.config.scale

    def motor(self, prediction_BT: Tensor) -> Tensor:
        """Return the motor outputs that give the predictions (B, T). Training judges errors in their unit."""
        units = prediction_BT / self.config.scale
        return units if self.config.output == "linear" else units.asinh()

    def initial_state(self, batch: int) -> Tensor:
        """Return the state at the start of a drive (B, S), on the policy's device."""
        return self.cell.initial_state(batch)

    def description(self) -> dict[str, Any]:
        """Return the architecture as plain JSON values, with the wiring in full and the neurons with names, roles and edges."""
        neurons = {"names": self.cell.neuron_names, "roles": self.cell.neuron_roles, "edges": [list(edge) for edge in self.cell.edges()]}
        config = asdict(self.config) | {"cell_options": self.cell.portable_options()}
        return {"format": FORMAT, "config": config, "neurons": neurons}


def save_policy(policy: DrivingPolicy, folder: Path | str, extra: Mapping[str, Any] | None = None) -> None:
    """Write policy.safetensors and policy.json into `folder`, which is made if absent. Each file appears complete or not at all.

    `extra` is stored under the key "extra".
    """
    folder = Path(folder)
    weights = {name: value.detach().cpu().contiguous() for name, value in policy.state_dict().items()}
    description = json.dumps(policy.description() | {"extra": dict(extra or {})}, indent=1)
    with replace_whole(folder / DESCRIPTION) as partial:  # both are on the disk before one gets its name: they belong together
        partial.write_text(description)
        write_bytes(folder / WEIGHTS, save(weights))


def read_description(folder: Path | str) -> dict[str, Any]:
    """Return the parsed policy.json of a checkpoint. Raises ConfigError when it is missing, broken or of another format."""
    path = Path(folder) / DESCRIPTION
    if not path.is_file():
        raise ConfigError(f"{path} does not exist: give a folder that save_policy wrote (with {DESCRIPTION} and {WEIGHTS})")
    return parse_description(path.read_text(encoding="utf-8", errors="replace"), path)


def load_policy(folder: Path | str, expected: PolicyConfig | None = None) -> DrivingPolicy:
    """Load the policy that `save_policy` wrote, in eval mode on the CPU.

    Raises ConfigError for a checkpoint that is missing, broken or has unknown keys, or, when `expected` is given, one of another
    architecture, naming both.
    """
    description = read_description(folder)
    config = from_options(PolicyConfig, description["config"], f"{Path(folder) / DESCRIPTION}")
    if expected is not None and architecture(expected) != architecture(config):
        raise ConfigError(f"the checkpoint {folder} holds {architecture(config)}, expected {architecture(expected)}: load another one")
    policy = DrivingPolicy(config)
    try:
        weights = load_file(Path(folder) / WEIGHTS)
        policy.load_state_dict(weights)
    except Exception as error:  # safetensors raises a type of its own for broken files, torch RuntimeError for other shapes
        reason = " ".join(str(error).split())
        raise ConfigError(f"the weights in {folder} do not fit {architecture(config)}: {reason}") from error
    return policy.eval()


def architecture(config: PolicyConfig) -> str:
    """Return an architecture in words: front-end, image size, cell, target, and the command where it is an input."""
    size = f"{config.transform.height_px}x{config.transform.width_px}"
    return f"front-end '{config.frontend}' at {size}, cell '{config.cell}', target '{config.target}'" + ", with commands" * config.command
