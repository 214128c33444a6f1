"""The CPU kernel as custom operators for torch.compile: one node forward and one backward, for any batch and length, without a graph break.

Eager code uses the shorter way through `native.ltc_sequence`. Operators accept plain values only, so a plan is passed by its key.
"""

from __future__ import annotations

import torch
from torch import Tensor

from policy.kernels.cpu import native
from policy.kernels.plan import PLANS, LtcParameters, LtcPlan


def _job(plan: LtcPlan, parameters: list[Tensor], dt_BT: Tensor) -> native.Job:
    job = native.make_job(plan, tuple(parameters), *dt_BT.shape)
    job.lanes, job.registers = native.widest_lanes(), 1  # the same width for all batches and threads, so that a formula gives the size of the tape
    return job


@torch.library.custom_op("liquidlane::ltc", mutates_args=())
def forward(key: str, features_BTI: Tensor, dt_BT: Tensor, state_BH: Tensor, parameters: list[Tensor]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return motor outputs, the last state, the neurons after each step, and the tape."""
    plan = PLANS[key]
    tape = torch.empty(_tape_floats(plan, *dt_BT.shape))
    inputs = (features_BTI.contiguous(), dt_BT.contiguous(), state_BH.contiguous())
    motor, last, neurons = native.run_forward(plan, tuple(parameters), inputs, True, tape, _job(plan, parameters, dt_BT))
    assert neurons is not None
    return motor, last, neurons, tape


def _tape_floats(plan: LtcPlan, batch: int, time: int) -> int:
    lanes = native.widest_lanes()
    return (batch + lanes - 1) // lanes * lanes * (time * plan.tape_rows + plan.units)


@forward.register_fake
def _(key: str, features_BTI: Tensor, dt_BT: Tensor, state_BH: Tensor, parameters: list[Tensor]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    plan, (batch, time) = PLANS[key], dt_BT.shape
    shapes = ((batch, time, plan.motors), (batch, plan.units), (batch, time, plan.units), (_tape_floats(plan, batch, time),))
    motor, last, neurons, tape = (dt_BT.new_empty(shape) for shape in shapes)
    return motor, last, neurons, tape


@torch.library.custom_op("liquidlane::ltc_backward", mutates_args=())
def backward(
    key: str, features_BTI: Tensor, dt_BT: Tensor, tape: Tensor, parameters: list[Tensor], g_motor: Tensor, g_last: Tensor, g_neurons: Tensor
) -> list[Tensor]:
    """Return the gradients of features, dt, state and all parameters."""
    plan, inputs = PLANS[key], (features_BTI.contiguous(), dt_BT.contiguous())
    given, job = (g_motor, g_last, g_neurons), _job(plan, parameters, dt_BT)
    own, gradients = native.run_backward(plan, tuple(parameters), inputs, tape, given, (True, True, True), job)
    return [one for one in own if one is not None] + [one.clone() for one in gradients]  # an operator's results share no memory


@backward.register_fake
def _(
    key: str, features_BTI: Tensor, dt_BT: Tensor, tape: Tensor, parameters: list[Tensor], g_motor: Tensor, g_last: Tensor, g_neurons: Tensor
) -> list[Tensor]:
    state = dt_BT.new_empty(dt_BT.shape[0], PLANS[key].units)
    return [torch.empty_like(one, memory_format=torch.contiguous_format) for one in (features_BTI, dt_BT, state, *parameters)]


def _setup(ctx, inputs, output) -> None:  # type: ignore[no-untyped-def]
    ctx.key, features_BTI, dt_BT, _, parameters = inputs
    ctx.save_for_backward(features_BTI, dt_BT, output[3], *parameters)


def _backward(ctx, g_motor, g_last, g_neurons, _):  # type: ignore[no-untyped-def]
    features_BTI, dt_BT, tape, *parameters = ctx.saved_tensors
    own = backward(ctx.key, features_BTI, dt_BT, tape, parameters, g_motor, g_last, g_neurons)
    return None, own[0], own[1], own[2], own[3:]


forward.register_autograd(_backward, setup_context=_setup)


def ltc_sequence(
    plan: LtcPlan, parameters: LtcParameters, features_BTI: Tensor, dt_BT: Tensor, state_BH: Tensor
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Do the same as `native.ltc_sequence`, for torch.compile."""
    motor, last, neurons, _ = forward(plan.key, features_BTI, dt_BT, state_BH, list(parameters))
    return motor, last, neurons
