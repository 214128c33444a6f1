"""The choice of a kernel for an LTC: forced by LIQUIDLANE_KERNEL, requested by an option, or the fastest that can run.

`select` is a pure function of its tensors. `ltc_sequence` runs the kernel that it selects.
"""

from __future__ import annotations

import os
from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor

from perception.errors import ConfigError
from policy.kernels import reference
from policy.kernels.cpu import native
from policy.kernels.cpu import operators as compiled
from policy.kernels.gpu import launch as gpu
from policy.kernels.plan import LtcParameters, LtcPlan
from policy.options import nearest

PLAIN = {Tensor, torch.nn.Parameter, torch.nn.Buffer}
VARIABLE = "LIQUIDLANE_KERNEL"
# auto: the fastest that can run. reference: plain torch. cpu: fused C++, float32 on the CPU. triton: float32 on a GPU, only on request.
Kernel = Literal["auto", "reference", "cpu", "triton"]


class Choice(NamedTuple):
    """The selected kernel, and the reason in words."""

    kernel: str
    reason: str


def requested(option: str) -> str:
    """Return the requested kernel: that of the environment variable if it is set, otherwise `option`."""
    return os.environ.get(VARIABLE, option)


def select(parameters: LtcParameters, features: Tensor, dt: Tensor, state: Tensor, name: str = "auto") -> Choice:
    """Select the kernel for these tensors; `name` is the requested one.

    A graph that is being exported always contains the reference. Raises ConfigError, with the reason, for an unknown name and for a kernel that
    cannot run with these tensors.
    """
    if name not in get_args(Kernel):
        raise ConfigError(f"there is no kernel '{name}'{nearest(name, get_args(Kernel))} (known: {', '.join(get_args(Kernel))})")
    if name == "reference":
        return Choice("reference", "asked for")
    if torch.compiler.is_exporting() or torch.jit.is_tracing():
        return Choice("reference", "a graph is being exported, which must hold torch operations only")
    tensors = (features, dt, state, *parameters)
    obstacle = _find_obstacle(tensors, "triton" if name == "triton" else "cpu")
    if obstacle is None:
        return Choice("cpu", "float32 on the CPU, and the kernel is built") if name == "auto" else Choice(name, "asked for")
    if name != "auto":
        raise ConfigError(f"the kernel '{name}' cannot serve: {obstacle}; or ask for the kernel 'auto' or 'reference'")
    return Choice("reference", obstacle)


def _find_obstacle(tensors: tuple[Tensor, ...], kernel: str) -> str | None:
    """Return why the kernel cannot run with these tensors, or None."""
    for one in tensors:  # as little work as possible per tensor: a small net's step takes no longer than these checks
        if one.dtype is not torch.float32:
            types = sorted({str(one.dtype) for one in tensors})
            return f"tensors are {', '.join(types)}, the kernel computes in torch.float32"
    if not torch.compiler.is_compiling() and _is_transformed(tensors):
        return "tensors are symbolic or inside a torch.func transform, which needs torch operations"
    if kernel == "triton":
        return gpu.unavailable(tensors[0].device)
    if not all([one.is_cpu for one in tensors]):  # noqa: C419 (a list is faster)
        devices = sorted({one.device.type for one in tensors})
        return f"tensors are on {', '.join(devices)}, the CPU kernel needs them on the CPU"
    return native.unavailable()


def _is_transformed(tensors: tuple[Tensor, ...]) -> bool:
    """Return whether a tensor is not a plain one, or a torch.func transform is active."""
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
    """Return motor outputs (B, T, M), the last state (B, H) and, if wanted, the neurons after each step (B, T, H), for T >= 1."""
    chosen = select(parameters, features_BTI, dt_BT, state_BH, requested(kernel)).kernel
    if chosen == "triton":
        return gpu.ltc_sequence(plan, parameters, features_BTI, dt_BT, state_BH)
    if chosen == "reference":
        return reference.ltc_sequence(plan, parameters, features_BTI, dt_BT, state_BH)
    if torch.compiler.is_compiling():
        return compiled.ltc_sequence(plan, parameters, features_BTI, dt_BT, state_BH)
    return native.ltc_sequence(plan, parameters, features_BTI, dt_BT, state_BH, want_neurons)
