"""Export a trained policy as one ONNX file (see `runtime`).

The model makes one step. Its state is an input and an output, and it contains the whitening.

The exporter based on torch.export (dynamo=True) can write all cells. The one based on TorchScript cannot write addcdiv and expm1 (LTC, CT-RNN) or
sinh, drops dt_s from models of cells that do not use it, and is deprecated. The batch of 1 and the single step are fixed, because both exporters
unroll a sequence to the length of the example. The time between two frames is an input, not a constant.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from perception.errors import ConfigError
from policy.network import DrivingPolicy
from policy.runtime import COMMAND_INPUT, INPUTS, METADATA, OUTPUTS, SUFFIX
from policy.whole_file import replace_whole

EXAMPLE_DT_S = 0.1  # any value works: it is an input of the model
CHATTY = ("torch.onnx", "onnx_ir", "onnxscript")


class _Step(nn.Module):
    """One step of a policy with all inputs and outputs made explicit."""

    def __init__(self, policy: DrivingPolicy) -> None:
        super().__init__()
        self.policy = policy

    def forward(self, image_1YXC: Tensor, dt_s_1: Tensor, state_1S: Tensor, command_1: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Return the prediction (1,), the next state (1, S) and the neurons (1, H)."""
        command_11 = None if command_1 is None else command_1[None]
        trace = self.policy.trace(image_1YXC[None], dt_s_1[None], state_1S, command_BT=command_11)
        return trace.prediction_BT[:, 0], trace.cell.state_BS, trace.cell.neuron_BTH[:, 0]


def export_policy(policy: DrivingPolicy, path: Path | str, extra: Mapping[str, Any] | None = None) -> None:
    """Write the policy to `path`, whose name ends in .onnx. Its folder is made if absent. `extra` is stored as in `save_policy`.

    The file appears complete or not at all. The policy is not changed, and the same policy gives the same bytes. Raises ConfigError for another
    ending, and when the exporter's packages are not installed.
    """
    path = Path(path)
    if path.suffix != SUFFIX:
        raise ConfigError(f"an exported policy's name ends in {SUFFIX}, got '{path.name}': give {path.with_suffix(SUFFIX)}")
    if find_spec("onnxscript") is None:
        raise ConfigError("the export needs onnxscript, which is not installed: pip install 'liquidlane[export]'")
    program = _make_program(policy)
    program.model.metadata_props[METADATA] = json.dumps(policy.description() | {"extra": dict(extra or {})})
    with replace_whole(path) as partial:
        program.save(partial, external_data=False)


@torch.no_grad()
def _make_program(policy: DrivingPolicy) -> torch.onnx.ONNXProgram:
    """Return the step as an ONNX program. The exporter's notes, which name files of the exporting machine, are removed."""
    from onnx_ir.passes.common import ClearMetadataAndDocStringPass

    copy = deepcopy(policy).float().cpu().eval()
    size = (copy.config.transform.height_px, copy.config.transform.width_px)
    example = [torch.zeros(1, *size, 3, dtype=torch.uint8), torch.tensor([EXAMPLE_DT_S]), copy.initial_state(1)]
    names = list(INPUTS)
    if copy.config.command:
        example, names = [*example, torch.zeros(1, dtype=torch.int64)], [*names, COMMAND_INPUT]
    with _silence_exporter():
        program = torch.onnx.export(_Step(copy).eval(), tuple(example), input_names=names, output_names=OUTPUTS, dynamo=True, verbose=False)
    assert program is not None
    ClearMetadataAndDocStringPass()(program.model)
    return program


@contextmanager
def _silence_exporter() -> Iterator[None]:
    """Silence the exporter's remarks about optional packages and about changes in its own code."""
    loggers = [logging.getLogger(name) for name in CHATTY]
    levels = [logger.level for logger in loggers]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for logger in loggers:
                logger.setLevel(logging.ERROR)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
