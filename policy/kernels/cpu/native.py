"""The fused CPU kernel `ltc.cpp` for torch, through ctypes: a whole sequence forward in one call and backward in another.

The library is built when the package is installed. Where it is missing, `unavailable()` returns the reason, and `dispatch` selects plain torch.
It computes in float32 on the CPU, and can be differentiated once. `NativeStepper` makes single steps of one sample without torch.
Equations and shapes are those of `reference.py`.
"""

from __future__ import annotations

import ctypes
import os
import sys
from ctypes import POINTER, c_float, c_int64, c_void_p
from functools import cache
from pathlib import Path
from typing import Any, ClassVar
from weakref import WeakKeyDictionary, finalize

import numpy as np
import torch
from torch import Tensor

from perception.errors import ConfigError
from policy.kernels.plan import SOLVERS, LtcParameters, LtcPlan

LIBRARY = Path(__file__).with_name("libltc.dll" if sys.platform == "win32" else "libltc.so")
LANES = "LIQUIDLANE_LANES"
LARGEST_SPARE_FLOATS = 1 << 26
PARAMETERS = len(LtcParameters._fields)
Inputs = tuple[Tensor, Tensor, Tensor]
Outputs = tuple[Tensor, Tensor, "Tensor | None"]
REMEDY = "install a C++ compiler (g++ or clang++) and run `pip install -e .` again"


class Job(ctypes.Structure):
    """The sizes and addresses of one call: `LtcJob` of ltc_job.h, field by field."""

    _fields_ = (
        [(name, c_int64) for name in ("batch", "time", "inputs", "units", "motors", "synapses", "sensory_synapses")]
        + [(name, c_int64) for name in ("solver", "unfolds", "softplus", "threads", "lanes", "registers")]
        + [(name, c_void_p) for name in ("source", "row", "sensory_source", "sensory_row")]
        + [("parameters", c_void_p * PARAMETERS)]
        + [(name, c_void_p) for name in ("features", "dt", "state", "motor", "last", "states", "tape")]
        + [(name, c_void_p) for name in ("g_motor", "g_last", "g_states", "g_features", "g_dt", "g_state")]
        + [("g_parameters", c_void_p * PARAMETERS)]
    )


def load_library(path: Path, size_name: str, size: int) -> ctypes.CDLL | str:
    """Return a library, or the reason why there is none. Its function `size_name` must return `size`, the bytes of the structure that it takes."""
    if not path.is_file():
        return f"the CPU kernel {path.name} was not built: {REMEDY}"
    try:
        library = ctypes.CDLL(str(path))
    except OSError as error:
        return f"the CPU kernel {path.name} does not load ({error}): {REMEDY}"
    getattr(library, size_name).restype = c_int64
    if getattr(library, size_name)() != size:
        return f"the CPU kernel {path.name} was built from other sources: run `pip install -e .` again"
    return library


def _load() -> ctypes.CDLL | str:
    """Return the LTC's library, or the reason why there is none."""
    library = load_library(LIBRARY, "ltc_job_bytes", ctypes.sizeof(Job))
    if isinstance(library, str):
        return library
    for name in ("ltc_lanes", "ltc_tape_floats"):
        getattr(library, name).restype = c_int64
    for name in ("ltc_forward", "ltc_backward", "ltc_tape_floats"):
        getattr(library, name).argtypes = [POINTER(Job)]
    library.ltc_stepper_new.argtypes, library.ltc_stepper_new.restype = [POINTER(Job)], c_void_p
    for name in ("ltc_stepper_run", "ltc_stepper_delete"):
        getattr(library, name).argtypes, getattr(library, name).restype = [c_void_p], None
    return library


_loaded = _load()  # at import, so that torch.compile does not trace it


def unavailable() -> str | None:
    """Return why the library cannot be used on this machine, or None when it can."""
    return _loaded if isinstance(_loaded, str) else None


def library() -> ctypes.CDLL:
    """Return the loaded library. Raises ConfigError, with the remedy, where there is none."""
    if isinstance(_loaded, str):
        raise ConfigError(_loaded)
    return _loaded


@cache
def widest_lanes() -> int:
    """Return the number of SIMD lanes: as many as the CPU's registers hold, or LIQUIDLANE_LANES (4, 8, 16) if that is fewer.

    Raises ConfigError for another value of LIQUIDLANE_LANES.
    """
    requested = os.environ.get(LANES, "16")
    if requested not in ("4", "8", "16"):
        raise ConfigError(f"{LANES} is '{requested}': give 4, 8 or 16")
    return min(int(library().ltc_lanes()), int(requested))


def tile(batch: int) -> tuple[int, int]:
    """Return the number of SIMD lanes of a tile, and the number of registers. They depend on the batch alone, because sums depend on them.

    A small batch gets fewer lanes, but at least 8 if the CPU has them. A tile has two registers where this leaves two tiles for two threads.
    """
    lanes = widest_lanes()
    while lanes > 8 and batch <= lanes // 2:
        lanes //= 2
    return lanes, 2 if batch > 3 * lanes else 1


class _Tape:
    """Memory from the forward pass for the backward pass. Two used tapes are kept for later calls: fresh pages cost more than the kernel."""

    _spare: ClassVar[list[Tensor]] = []

    def __init__(self, floats: int) -> None:
        self.floats = torch.empty(0)
        try:
            kept = self._spare.pop()
        except IndexError:  # also when another thread took it first
            kept = self.floats
        self.floats = kept if floats <= kept.numel() <= 4 * floats + 4096 else torch.empty(floats)

    def __del__(self) -> None:
        if len(self._spare) < 2 and self.floats.numel() <= LARGEST_SPARE_FLOATS:
            self._spare.append(self.floats)


_templates: WeakKeyDictionary[LtcPlan, Job] = WeakKeyDictionary()


def make_job(plan: LtcPlan, parameters: tuple[Tensor, ...], batch: int, time: int) -> Job:
    """Describe a call, except for its input and output tensors."""
    template = _templates.get(plan)
    if template is None:
        template = _templates[plan] = Job(
            inputs=plan.inputs,
            units=plan.units,
            motors=plan.motors,
            synapses=len(plan.source),
            sensory_synapses=len(plan.sensory_source),
            solver=SOLVERS.index(plan.solver),
            unfolds=plan.unfolds,
            softplus=int(plan.softplus),
            source=plan.source.ctypes.data,
            row=plan.row.ctypes.data,
            sensory_source=plan.sensory_source.ctypes.data,
            sensory_row=plan.sensory_row.ctypes.data,
        )
    job = Job.from_buffer_copy(template)
    job.batch, job.time, job.threads = batch, time, torch.get_num_threads()
    job.lanes, job.registers = tile(batch)
    job.parameters[:] = [one.data_ptr() for one in parameters]
    return job


def _address(tensor: Tensor | None) -> int | None:
    return None if tensor is None else tensor.data_ptr()


def run_forward(plan: LtcPlan, parameters: tuple[Tensor, ...], inputs: Inputs, want_neurons: bool, tape: Tensor | None, job: Job) -> Outputs:
    """Return motor outputs, the last state and, if wanted, the neurons after each step. Fill the tape if there is one."""
    features_BTI, dt_BT, state_BH = inputs
    batch, time = dt_BT.shape
    motor, last = torch.empty(batch, time, plan.motors), torch.empty(batch, plan.units)
    neurons = torch.empty(batch, time, plan.units) if want_neurons else None
    job.features, job.dt, job.state = features_BTI.data_ptr(), dt_BT.data_ptr(), state_BH.data_ptr()
    job.motor, job.last, job.states, job.tape = motor.data_ptr(), last.data_ptr(), _address(neurons), _address(tape)
    library().ltc_forward(job)
    return motor, last, neurons


def run_backward(
    plan: LtcPlan,
    parameters: tuple[Tensor, ...],
    inputs: tuple[Tensor, Tensor],
    tape: Tensor,
    given: tuple[Tensor | None, ...],
    needed: tuple[bool, ...],
    job: Job,
) -> tuple[list[Tensor | None], list[Tensor]]:
    """Return the gradients of features, dt and state where needed, and of all parameters, given those of motors, last state and neurons."""
    features_BTI, dt_BT = inputs
    given = tuple(None if one is None else one.contiguous() for one in given)
    job.g_motor, job.g_last, job.g_states = (_address(one) for one in given)
    job.features, job.dt, job.tape = features_BTI.data_ptr(), dt_BT.data_ptr(), tape.data_ptr()
    shapes = (features_BTI.shape, dt_BT.shape, (dt_BT.shape[0], plan.units))
    own = [torch.empty(shape) if wanted else None for shape, wanted in zip(shapes, needed, strict=True)]
    job.g_features, job.g_dt, job.g_state = (_address(one) for one in own)
    sizes = [one.numel() for one in parameters]
    gradients = torch.split_with_sizes(torch.empty(sum(sizes)), sizes)  # one piece of memory: fifteen allocations take as long as a small net's step
    job.g_parameters[:] = [one.data_ptr() for one in gradients]
    library().ltc_backward(job)
    return own, list(gradients)


class _Sequence(torch.autograd.Function):
    """The whole sequence as one node of the graph. The parameters are separate arguments, so that each gets its gradient."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any, plan: LtcPlan, want_neurons: bool, features_BTI: Tensor, dt_BT: Tensor, state_BH: Tensor, *parameters: Tensor
    ) -> Outputs:
        job = make_job(plan, parameters, *dt_BT.shape)
        ctx.plan, ctx.tape = plan, _Tape(library().ltc_tape_floats(job))
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(features_BTI, dt_BT, *parameters)
        return run_forward(plan, parameters, (features_BTI, dt_BT, state_BH), want_neurons, ctx.tape.floats, job)

    @staticmethod
    def backward(ctx: Any, *given: Tensor | None) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():
            raise RuntimeError("the kernel 'cpu' can be differentiated once: for create_graph=True set the cell's kernel to 'reference'")
        features_BTI, dt_BT, *parameters = ctx.saved_tensors
        weights, needed = tuple(parameters), ctx.needs_input_grad
        job = make_job(ctx.plan, weights, *dt_BT.shape)
        own, gradients = run_backward(ctx.plan, weights, (features_BTI, dt_BT), ctx.tape.floats, given, needed[2:5], job)
        return None, None, *own, *(g if wanted else None for g, wanted in zip(gradients, needed[5:], strict=True))


def ltc_sequence(
    plan: LtcPlan, parameters: LtcParameters, features_BTI: Tensor, dt_BT: Tensor, state_BH: Tensor, want_neurons: bool = True
) -> Outputs:
    """Return motor outputs (B, T, M), the last state (B, H) and, if wanted, the neurons after each step (B, T, H), for T >= 1."""
    inputs = (features_BTI.contiguous(), dt_BT.contiguous(), state_BH.contiguous())
    weights = tuple(one.contiguous() for one in parameters)
    if torch.is_grad_enabled() and any(one.requires_grad for one in (*inputs, *weights)):
        return _Sequence.apply(plan, want_neurons, *inputs, *weights)  # type: ignore[no-untyped-call,no-any-return]
    return run_forward(plan, weights, inputs, want_neurons, None, make_job(plan, weights, *dt_BT.shape))


class NativeStepper:
    """Single steps of one sample, in a few microseconds each. The parameters are copied when the stepper is made."""

    def __init__(self, plan: LtcPlan, parameters: LtcParameters) -> None:
        self.state, self.motor = np.zeros(plan.units, np.float32), np.zeros(plan.motors, np.float32)
        self.neurons = self.state  # an LTC's state is its neurons
        self._features, self._dt = np.zeros(plan.inputs, np.float32), c_float()
        weights = tuple(one.detach().contiguous() for one in parameters)
        job = make_job(plan, weights, 1, 1)
        job.lanes, job.registers = widest_lanes(), 1
        job.features, job.dt = self._features.ctypes.data, ctypes.addressof(self._dt)
        job.last, job.motor = self.state.ctypes.data, self.motor.ctypes.data
        self._run, self._stepper = library().ltc_stepper_run, c_void_p(library().ltc_stepper_new(job))
        finalize(self, library().ltc_stepper_delete, self._stepper)

    def __call__(self, features: np.ndarray, dt_s: float) -> np.ndarray:
        """Return the motor outputs (M) after dt_s seconds of these features (I), and advance `state` (H). The next call reuses the array."""
        self._features[:] = features
        self._dt.value = dt_s
        self._run(self._stepper)
        return self.motor
