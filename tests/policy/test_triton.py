"""The Triton kernel, under Triton's interpreter: what is compiled for a GPU is run on the CPU, slowly.

The interpreter must be chosen before Triton's programs are read, so the cases below run in a process of their own.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from policy.kernels import reference
from policy.kernels.gpu import launch as gpu
from policy.kernels.plan import SOLVERS, LtcParameters
from tests.policy.test_kernels import INPUTS, inputs, make

INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
WIRINGS = {"paper": {"kind": "ncp"}, "sparse": {"kind": "random", "units": 7, "motor": 3, "sparsity": 0.9}}


@pytest.mark.skipif(INTERPRETED, reason="this is the process with the interpreter")
@pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="needs triton: pip install 'liquidlane[gpu]'")
def test_under_the_interpreter_the_triton_kernel_passes_its_tests() -> None:
    environment = os.environ | {"TRITON_INTERPRET": "1", "PYTEST_ADDOPTS": ""}
    command = [sys.executable, "-m", "pytest", "-q", "-W", "ignore", "-p", "no:xdist", str(Path(__file__))]
    found = subprocess.run(command, cwd=Path(__file__).parents[2], env=environment, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.skipif(not INTERPRETED, reason="runs in the process with the interpreter")
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("wiring", WIRINGS)
def test_the_triton_kernel_agrees_with_the_reference(wiring: str, solver: str) -> None:
    cell = make(WIRINGS[wiring], solver, unfolds=2)
    given = inputs(cell, 17, 2, "with zeros")
    found = []
    for run, dtype in ((gpu.ltc_sequence, torch.float32), (reference.ltc_sequence, torch.float64)):
        own = [one.to(dtype).clone().requires_grad_() for one in given]
        parameters = LtcParameters(*(one.detach().to(dtype).clone().requires_grad_() for one in cell.parameters_by_name()))
        outputs = run(cell.plan, parameters, *own)
        torch.stack([one.sin().sum() for one in outputs]).sum().backward()
        found.append((outputs, [one.grad for one in (*own, *parameters)]))
    (outputs, gradients), (truth, slopes) = found
    assert all(torch.allclose(a.double(), b, atol=1e-6) for a, b in zip(outputs, truth, strict=True))
    for got, expected in zip(gradients, slopes, strict=True):
        if expected is not None and expected.numel():
            assert float((got - expected).abs().max()) <= 1e-5 * max(float(expected.abs().max()), 0.1)


@pytest.mark.skipif(not INTERPRETED, reason="runs in the process with the interpreter")
def test_it_serves_a_cell_that_asks_for_it() -> None:
    cell = make({"kind": "ncp"})
    features, dt, state = inputs(cell, 2, 1, "constant")
    expected = cell(features, dt, state)[0]
    cell.config.kernel = "triton"
    assert cell.kernel().reason == "asked for"
    assert torch.allclose(cell(features, dt, state)[0], expected, atol=1e-6)


@pytest.mark.skipif(INTERPRETED, reason="the interpreter takes tensors on the CPU")
def test_without_a_gpu_it_is_refused_with_the_remedy() -> None:
    cell = make({"kind": "ncp"})
    cell.config.kernel = "triton"
    with pytest.raises(ValueError, match=r"the kernel 'triton' cannot serve: (triton is not installed|tensors are on cpu)"):
        cell(torch.zeros(1, 1, INPUTS), torch.ones(1, 1))
