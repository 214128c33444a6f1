"""The driving policy: camera images and time steps in, a steer or a curvature out; saved and loaded without pickle.

Shapes: B batch, T time, Y rows, X columns, C channels (RGB), M outputs (one), S state. Images are uint8 as `CameraTransform.to_model` gives
them. The prediction is right positive: steer in [-1, 1] (not clipped), or the driven path's curvature in 1/m.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from perception.errors import ConfigError
from perception.frontends import FRONTENDS
from perception.transform import CameraTransform, CameraTransformConfig
from policy.cell import CellTrace
from policy.cells import make_cell
from policy.description import FORMAT, parse_description
from policy.options import choose, from_options

FEATURES = 32
TARGETS = ("steer", "curvature")
OUTPUTS = ("linear", "sinh")
WEIGHTS, DESCRIPTION = "policy.safetensors", "policy.json"


@dataclass
class PolicyConfig:
    """What a policy is made of: camera transform, front-end and cell by name, the cell's options, what it predicts.

    scale: the prediction is the motor output times this (curvatures in 1/m are small: 0.1 is a 10 m radius).
    output: "linear", or "sinh": the prediction is scale * sinh(motor), near linear for small ones, and training judges motor outputs. An
        error then counts relative to the bend, and a net that sees corners of 10 m radius still steers finely on a straight road.
    """

    transform: CameraTransformConfig = field(default_factory=CameraTransformConfig)
    frontend: str = "small"
    cell: str = "ltc"
    cell_options: dict[str, Any] = field(default_factory=dict)
    target: str = "steer"
    scale: float = 1.0
    output: str = "linear"

    def __post_init__(self) -> None:
        if isinstance(self.transform, Mapping):
            self.transform = from_options(CameraTransformConfig, self.transform, "transform")
        if self.target not in TARGETS:
            raise ConfigError(f"a policy predicts {' or '.join(TARGETS)}, got target '{self.target}'")
        if self.output not in OUTPUTS:
            raise ConfigError(f"a policy's output is {' or '.join(OUTPUTS)}, got output '{self.output}'")


class PolicyTrace(NamedTuple):
    """What a policy saw and did: predictions (B, T), features (B, T, I), and the cell's trace."""

    prediction_BT: Tensor
    features_BTI: Tensor
    cell: CellTrace


class DrivingPolicy(nn.Module):
    """Camera images to a steering prediction: transform, front-end, cell."""

    def __init__(self, config: PolicyConfig) -> None:
        super().__init__()
        self.config = config
        self.transform = CameraTransform(config.transform)
        self.frontend = choose(FRONTENDS, config.frontend, "front-end")(config.transform.height_px, config.transform.width_px)
        self.cell = make_cell(config.cell, FEATURES, 1, config.cell_options)

    def features(self, images_BTYXC: Tensor) -> Tensor:
        """The front-end's features (B, T, I) of uint8 images (B, T, Y, X, C)."""
        batch, time = images_BTYXC.shape[:2]
        images = self.transform.normalise(images_BTYXC.flatten(0, 1))
        return self.frontend(images).view(batch, time, FEATURES)

    def forward(self, images_BTYXC: Tensor, dt_BT: Tensor, state_BS: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Predictions (B, T) and the state to pass on; dt in s since the previous image."""
        motor_BTM, state_BS = self.cell(self.features(images_BTYXC), dt_BT, state_BS)
        return self._prediction(motor_BTM), state_BS

    def trace(self, images_BTYXC: Tensor, dt_BT: Tensor, state_BS: Tensor | None = None) -> PolicyTrace:
        """As `forward`, with features, every neuron's state and its liquid time constant."""
        features_BTI = self.features(images_BTYXC)
        trace = self.cell.trace(features_BTI, dt_BT, state_BS)
        return PolicyTrace(self._prediction(trace.motor_BTM), features_BTI, trace)

    def _prediction(self, motor_BTM: Tensor) -> Tensor:
        motor_BT = motor_BTM[..., 0]
        return (motor_BT if self.config.output == "linear" else motor_BT.sinh()) * self.config.scale

    def motor(self, prediction_BT: Tensor) -> Tensor:
        """The motor outputs that predictions (B, T) stand for: the unit in which training judges errors."""
        units = prediction_BT / self.config.scale
        return units if self.config.output == "linear" else units.asinh()

    def initial_state(self, batch: int) -> Tensor:
        """The state at the start of a drive (B, S), on the policy's device."""
        return self.cell.initial_state(batch)

    def description(self) -> dict[str, Any]:
        """The architecture as plain JSON values, the wiring in full, and the neurons with names, roles and edges."""
        neurons = {"names": self.cell.neuron_names, "roles": self.cell.neuron_roles, "edges": [list(edge) for edge in self.cell.edges()]}
        config = asdict(self.config) | {"cell_options": self.cell.portable_options()}
        return {"format": FORMAT, "config": config, "neurons": neurons}


def save_policy(policy: DrivingPolicy, folder: Path | str, extra: Mapping[str, Any] | None = None) -> None:
    """Writes policy.safetensors and policy.json into `folder` (made if absent); `extra` is kept under "extra". Each file appears whole."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: value.detach().cpu().contiguous() for name, value in policy.state_dict().items()}
    save_file(weights, folder / f".{WEIGHTS}")
    (folder / f".{DESCRIPTION}").write_text(json.dumps(policy.description() | {"extra": dict(extra or {})}, indent=1))
    for name in (WEIGHTS, DESCRIPTION):
        (folder / f".{name}").replace(folder / name)


def read_description(folder: Path | str) -> dict[str, Any]:
    """The parsed policy.json of a checkpoint; raises ConfigError when it is missing, broken or of another format."""
    path = Path(folder) / DESCRIPTION
    if not path.is_file():
        raise ConfigError(f"{path} does not exist: give a folder that save_policy wrote (with {DESCRIPTION} and {WEIGHTS})")
    return parse_description(path.read_text(), path)


def load_policy(folder: Path | str, expected: PolicyConfig | None = None) -> DrivingPolicy:
    """The policy that `save_policy` wrote, in eval mode on the CPU.

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
    """An architecture in words: front-end, image size, cell, what it predicts."""
    size = f"{config.transform.height_px}x{config.transform.width_px}"
    return f"front-end '{config.frontend}' at {size}, cell '{config.cell}', target '{config.target}'"
