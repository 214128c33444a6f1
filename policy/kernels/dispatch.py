"""Which kernel serves an LTC, and why: forced by LIQUIDLANE_KERNEL, asked for by argument, or the fastest that can.

`select` is a pure function of the tensors at hand; `ltc_sequence` runs what it chose.
"""

from __future__ import annotations

import os
from typing import NamedTuple

import torch
from torch import Tensor

from perception.errors import ConfigError
from policy.kernels import reference
from policy.kernels.cpu import native
from policy.kernels.cpu import operators as compiled
from policy.kernels.gpu import launch as gpu
from policy.kernels.plan import LtcParameters, LtcPlan
from policy.options import choose

PLAIN = {Tensor, torch.nn.Parameter, torch.nn.Buffer}
VARIABLE = "LIQUIDLANE_KERNEL"
KERNELS = {
    "auto": "the fastest that can",
    "reference": "plain torch",
    "cpu": "fused C++, float32 on the CPU",
    "triton": "fused Triton, float32 on a GPU; only when asked for",
}


class Choice(NamedTuple):
    """The kernel that serves and the reason in words."""

    kernel: str
    reason: str


def asked(option: str) -> str:
    """The kernel that is asked for: the environment's, or else the option's."""
    return os.environ.get(VARIABLE, option)


def select(parameters: LtcParameters, features: Tensor, dt: Tensor, state: Tensor, name: str = "auto") -> Choice:
    """The kernel for these tensors, `name` being the one asked for.

    A graph that is being exported holds the reference whatever is asked for. Raises ConfigError for an unknown name, or one that cannot serve
    these tensors, with the reason.
    """
    choose(KERNELS, name, "kernel")
    if name == "reference":
        return Choice("reference", "asked for")
    if torch.compiler.is_exporting() or torch.jit.is_tracing():
        return Choice("reference", "a graph is being exported, which must hold torch operations only")
    tensors = (features, dt, state, *parameters)
    obstacle = _obstacle(tensors, "triton" if name == "triton" else "cpu")
    if obstacle is None:
        return Choice("cpu", "float32 on the CPU, and the kernel is built") if name == "auto" else Choice(name, "asked for")
    if name != "auto":
        raise ConfigError(f"the kernel '{name}' cannot serve: {obstacle}; or ask for the kernel 'auto' or 'reference'")
    return Choice("reference", obstacle)


def _obstacle(tensors: tuple[Tensor, ...], kernel: str) -> str | None:
    """Why the kernel cannot serve these tensors, or None."""
    for one in tensors:  # as little as possible for each: small nets take no longer than these questions
        if one.dtype is not torch.float32:
            types = sorted({str(one.dtype) for one in tensors})
            return f"tensors are {', '.join(types)}, the kernel computes in torch.float32"
    if not torch.compiler.is_compiling() and _transformed(tensors):
        return "tensors are symbolic or inside a torch.func transform, which needs torch operations"
    if kernel == "triton":
        return gpu.unavailable(tensors[0].device)
    if not all([one.is_cpu for one in tensors]):  # noqa: C419 (a list is made faster)
        devices = sorted({one.device.type for one in tensors})
        return f"tensors are on {', '.join(devices)}, the CPU kernel needs them on the CPU"
    return native.unavailable()


def _transformed(tensors: tuple[Tensor, ...]) -> bool:
    """Whether a tensor is not a plain one, or a torch.func transform is at work."""
    return torch._C._functorch.peek_interpreter_stack() is not None or not PLAIN.issuperset(map(type, tensors))


def ltc_sequence(
    plan: LtcPlan,
    parameters: LtcParameters,
    features_BTI: Tensor,
    dt_BT: Tensor,
    state_BH: Tensor,
    kernel: str = "auto",
    want_neurons: bool = True,
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Motor outputs (B, T, M), the last state (B, H) and, if wanted, the neurons after each step (B, T, H), for T >= 1."""
    chosen = select(parameters, features_BTI, dt_BT, state_BH, asked(kernel)).kernel
    if chosen == "triton":
        return gpu.ltc_sequence(plan, parameters, features_BTI, dt_BT, state_BH)
    if chosen == "reference":
        return reference.ltc_sequence(plan, parameters, features_BTI, dt_BT, state_BH)
    if torch.compiler.is_compiling():
        return compiled.ltc_sequence(plan, parameters, features_BTI, dt_BT, state_BH)
    return native.ltc_sequence(plan, parameters, features_BTI, dt_BT, state_BH, want_neurons)
