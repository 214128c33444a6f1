"""The LTC on a GPU with Triton: two launches per direction, one for the neurons and one for the sensory synapses.

It computes in float32, is deterministic, and can be differentiated once. So far it has run in Triton's interpreter only. Therefore `dispatch` selects
it on request only.
Shapes: B batch, T time, I features, H neurons, H2 = I2 the power of two above both; E synapses, F sensory synapses; K slots (see `programs`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from perception.errors import ConfigError
from policy.kernels.plan import SOLVERS, LtcParameters, LtcPlan

ROWS, SENSE_ROWS, SENSE_PROGRAMS = 16, 32, 256


def unavailable(device: torch.device) -> str | None:
    """Return why Triton cannot run with tensors on this device, or None when it can."""
    try:
        import triton
    except ImportError:
        return "triton is not installed: pip install 'liquidlane[gpu]'"
    if device.type != "cuda" and not triton.knobs.runtime.interpret:
        return f"tensors are on {device}, Triton needs them on a GPU (or TRITON_INTERPRET=1 before the start)"
    return None


def power_of_two(size: int) -> int:
    """Return the smallest power of two that is not below `size`, and at least 16."""
    return max(16, 1 << (size - 1).bit_length())


class Slots(NamedTuple):
    """Synapses in K slots for each of W neurons."""

    synapse: Tensor  # (K, W) number of the synapse; the count of synapses in an empty slot
    other: Tensor  # (K, W) neuron at the other end
    place: Tensor  # (E,) or (F,) place of each synapse in the flattened slots

    @classmethod
    def build(cls, own: np.ndarray, other: np.ndarray, width: int, device: torch.device) -> Slots:
        """Make slots by the neuron `own` of each synapse, in the order of the synapses."""
        slot = np.zeros(len(own), dtype=np.int64)
        taken = np.zeros(width, dtype=np.int64)
        for e, neuron in enumerate(own):
            slot[e] = taken[neuron]
            taken[neuron] += 1
        count = max(int(taken.max(initial=0)), 1)
        synapse, ends = np.full((count, width), len(own), dtype=np.int64), np.zeros((count, width), dtype=np.int32)
        synapse[slot, own], ends[slot, own] = np.arange(len(own)), other
        parts = (synapse, ends, slot * width + own)
        return cls(*(torch.from_numpy(one).to(device) for one in parts))

    def fill(self, edges: tuple[Tensor, ...]) -> list[Tensor]:
        """Return the other ends and the values of the synapses in slots, with 0 in empty slots."""
        padded = torch.nn.functional.pad(torch.stack(edges), (0, 1))
        return [self.other, *padded[:, self.synapse].contiguous().unbind(0)]

    def gather(self, sums_PK4W: Tensor) -> Tensor:
        """Return the four sums of each synapse (4, E), added over all programs in a fixed order."""
        total = sums_PK4W.sum(0)
        return total.transpose(0, 1).reshape(4, -1)[:, self.place]


class Tables(NamedTuple):
    """All slots of a plan on one device, by target and by source."""

    inner_in: Slots
    inner_out: Slots
    sensory_in: Slots
    sensory_out: Slots

    @classmethod
    def of(cls, plan: LtcPlan, device: torch.device) -> Tables:
        """Return the tables of a plan, which are made once per device."""
        tables: dict[torch.device, Tables] = plan.__dict__.setdefault("gpu_tables", {})
        if device not in tables:
            width = power_of_two(max(plan.units, plan.inputs))
            pairs = ((plan.target, plan.source), (plan.sensory_target, plan.sensory_source))
            tables[device] = cls(*(Slots.build(*ends, width, device) for pair in pairs for ends in (pair, pair[::-1])))
        return tables[device]


def _pad(x: Tensor, width: int, value: float = 0.0) -> Tensor:
    return torch.nn.functional.pad(x, (0, width - x.shape[-1]), value=value).contiguous()


class _Sequence(torch.autograd.Function):
    """The neurons after each step (B, T, H) as one node of the graph, from mapped features, dt, state and the parameters of the equations."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any, plan: LtcPlan, x_BTI: Tensor, dt_BT: Tensor, state_BH: Tensor, leak: Tensor, gleak: Tensor, cm: Tensor, *edges: Tensor
    ) -> Tensor:
        from policy.kernels.gpu import programs as triton_programs

        tables, (batch, time) = Tables.of(plan, x_BTI.device), dt_BT.shape
        width = tables.inner_in.other.shape[1]
        inner, sensory = edges[:4], edges[4:]
        x, state, dt = _pad(x_BTI, width), _pad(state_BH, width), dt_BT.contiguous()
        leak, gleak, cm = _pad(leak, width), _pad(gleak, width, 1.0), _pad(cm, width, 1.0)
        G0, D0 = x.new_empty(batch, time, width), x.new_empty(batch, time, width)
        rows, filled = batch * time, tables.sensory_in.fill(sensory)
        grid = (-(-rows // SENSE_ROWS),)
        triton_programs.sense_forward[grid](x, G0, D0, leak, gleak, *filled, rows, len(filled[0]), ROWS=SENSE_ROWS, I2=width, H2=width)
        if (time * plan.evaluations + 1) * batch * width >= 1 << 31:
            raise ConfigError(f"a batch of {batch} sequences of {time} steps is too large for one launch: give fewer or shorter sequences")
        tape, filled = x.new_empty(time * plan.evaluations + 1, batch, width), tables.inner_in.fill(inner)
        options = {"UNFOLDS": plan.unfolds, "SOLVER": SOLVERS.index(plan.solver), "ROWS": ROWS, "H2": width}
        triton_programs.sequence_forward[(-(-batch // ROWS),)](state, dt, G0, D0, cm, tape, *filled, batch, time, len(filled[0]), **options)
        ctx.plan, ctx.options, ctx.sizes = plan, options, (x_BTI.shape[-1], plan.units)
        ctx.save_for_backward(x, dt, G0, D0, cm, tape, *edges)
        return tape[plan.evaluations :: plan.evaluations, :, : plan.units].transpose(0, 1)

    @staticmethod
    def backward(ctx: Any, g_neurons: Tensor) -> tuple[Tensor | None, ...]:
        from policy.kernels.gpu import programs as triton_programs

        if torch.is_grad_enabled():
            raise RuntimeError("the kernel 'triton' can be differentiated once: for create_graph=True set the cell's kernel to 'reference'")
        x, dt, G0, D0, cm, tape, *edges = ctx.saved_tensors
        tables, (batch, time), width = Tables.of(ctx.plan, x.device), dt.shape, x.shape[-1]
        inputs, units = ctx.sizes
        inner, sensory = tuple(edges[:4]), tuple(edges[4:])
        into, out = tables.inner_in.fill(inner), tables.inner_out.fill(inner)
        programs = -(-batch // ROWS)
        gG0, gD0, g_state, g_dt = (torch.empty_like(one) for one in (G0, D0, tape[0], dt))
        sums, g_cm = x.new_zeros(programs, len(out[0]), 4, width), x.new_empty(programs, width)
        triton_programs.sequence_backward[(programs,)](
            dt, G0, D0, cm, tape, _pad(g_neurons, width), gG0, gD0, g_state, g_dt, sums, g_cm, *into, *out, batch, time, len(into[0]), len(out[0]),
            **ctx.options,
        )  # fmt: skip
        rows, out_sensory, g_x = batch * time, tables.sensory_out.fill(sensory), torch.empty_like(x)
        blocks = max(1, -(-rows // (SENSE_ROWS * SENSE_PROGRAMS)))
        programs = -(-rows // (SENSE_ROWS * blocks))
        sensory_sums = x.new_zeros(programs, len(out_sensory[0]), 4, width)
        triton_programs.sense_backward[(programs,)](
            x, gG0, gD0, g_x, sensory_sums, *out_sensory, rows, len(out_sensory[0]), blocks, ROWS=SENSE_ROWS, I2=width, H2=width
        )
        g_leak, g_gleak = (one.sum((0, 1))[:units] for one in (gG0, gD0))
        g_edges = [*_edge_gradients(tables.inner_out.gather(sums), inner), *_edge_gradients(tables.sensory_out.gather(sensory_sums), sensory)]
        return None, g_x[..., :inputs], g_dt, g_state[:, :units], g_leak, g_gleak, g_cm.sum(0)[:units], *g_edges


def _edge_gradients(sums_4E: Tensor, edges: tuple[Tensor, ...]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the gradients of mu, sigma, w and w E from each synapse's sums of gG s, gD s, h v and h."""
    mu, sigma = edges[0], edges[1]
    gs, ds, hv, h = sums_4E.unbind(0)
    return -h * sigma, hv - h * mu, ds, gs


def ltc_sequence(plan: LtcPlan, parameters: LtcParameters, features_BTI: Tensor, dt_BT: Tensor, state_BH: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return motor outputs (B, T, M), the last state (B, H) and the neurons after each step (B, T, H), for T >= 1."""
    p = parameters
    gleak, cm, w, sensory_w = (plan.positive(one) for one in (p.gleak, p.cm, p.w, p.sensory_w))
    edges = (p.mu, p.sigma, w, w * p.erev, p.sensory_mu, p.sensory_sigma, sensory_w, sensory_w * p.sensory_erev)
    x = features_BTI * p.input_w + p.input_b
    neuron_BTH: Tensor = _Sequence.apply(plan, x, dt_BT, state_BH, gleak * p.vleak, gleak, cm, *edges)  # type: ignore[no-untyped-call]
    return neuron_BTH[..., : plan.motors] * p.output_w + p.output_b, neuron_BTH[:, -1], neuron_BTH
