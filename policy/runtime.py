"""Run an exported policy one step at a time with onnxruntime. PyTorch is not needed, so that a small computer in a car can do it.

The file holds the network with its whitening, and its description. Shapes: Y rows, X columns, S state values, H neurons; the batch is 1.
    in   image (1, Y, X, 3) uint8 RGB as `model_image` returns it, dt_s (1,) float32, state (1, S) float32;
         a policy that takes navigation commands also has command (1,) int64, a number of `Command`
    out  prediction (1,): steer, or curvature in 1/m, positive to the right; next_state (1, S); neurons (1, H); all float32
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from perception.errors import ConfigError
from perception.model_image import CameraTransformConfig, model_image
from policy.command import Command
from policy.description import parse_description
from policy.options import from_options

SUFFIX = ".onnx"
METADATA = "liquidlane"  # this entry of the model's metadata holds the description
INPUTS, OUTPUTS = ("image", "dt_s", "state"), ("prediction", "next_state", "neurons")
COMMAND_INPUT = "command"
REMEDY = "give a file that scripts/export.py wrote"


class ExportedStep(NamedTuple):
    """The result of one step."""

    prediction: float  # steer, or curvature in 1/m
    state_1S: np.ndarray  # (1, S) the state to pass to the next step
    neuron_H: np.ndarray  # (H,) the neurons after the step


class ExportedPolicy:
    """A policy from a file that `export_policy` wrote, run on `threads` CPU threads. `description` is the parsed description in the file.

    Raises ConfigError when the file is missing or is not such a model, and when onnxruntime is not installed.
    """

    def __init__(self, path: Path | str, threads: int = 1) -> None:
        self._session = _open_session(Path(path), threads)
        text = self._session.get_modelmeta().custom_metadata_map.get(METADATA)
        inputs = {one.name: one.shape for one in self._session.get_inputs()}
        self._takes_command = COMMAND_INPUT in inputs
        if text is None or tuple(inputs) != INPUTS + (COMMAND_INPUT,) * self._takes_command:
            raise ConfigError(f"{path} is an ONNX model with inputs {', '.join(inputs)}, not a driving policy: {REMEDY}")
        self.description: dict[str, Any] = parse_description(text, f"the description in {path}")
        self.transform = from_options(CameraTransformConfig, self.description["config"]["transform"], f"the transform in {path}")
        self.target: str = self.description["config"]["target"]
        self._state_size: int = inputs["state"][1]

    def initial_state(self) -> np.ndarray:
        """Return the state (1, S) at the start of a drive: zeros."""
        return np.zeros((1, self._state_size), dtype=np.float32)

    def step(self, image: np.ndarray, dt_s: float, state_1S: np.ndarray, command: Command = Command.FOLLOW) -> ExportedStep:
        """Make one step from a camera image (Y, X, 3) uint8 RGB of any size, taken `dt_s` seconds after the previous image.

        Only policies with the option `command` heed it.
        """
        seen = model_image(self.transform, image)[None]
        inputs = dict(zip(INPUTS, (seen, np.array([dt_s], dtype=np.float32), state_1S), strict=True))
        if self._takes_command:
            inputs[COMMAND_INPUT] = np.array([command], dtype=np.int64)
        prediction_1, next_1S, neuron_1H = self._session.run(list(OUTPUTS), inputs)
        return ExportedStep(float(prediction_1[0]), next_1S, neuron_1H[0])


def _open_session(path: Path, threads: int) -> Any:
    """Return the onnxruntime session of a file."""
    try:
        import onnxruntime
    except ImportError as error:
        raise ConfigError("exported policies run with onnxruntime, which is not installed: pip install 'liquidlane[export]'") from error
    if not path.is_file():
        raise ConfigError(f"{path} is not a file: {REMEDY}")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's error types have no common base
        raise ConfigError(f"{path} cannot be read as an ONNX model ({' '.join(str(error).split())}): {REMEDY}") from error
