"""How fast the liquid networks are on this machine, beside `ncps` and torch's own layers: training steps, single steps, memory.

All contenders of a case take turns within one loop, so that a disturbance of the machine affects all of them alike. Medians and ratios are
reported. The networks get 32 features over 32 steps; they are an AutoNCP of `units` neurons with one motor neuron, or an LSTM or GRU of `units`.
"""

from __future__ import annotations

import json
import multiprocessing
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from driving.quantities import UserError
from perception.frontends import FEATURES
from policy.cells import make_cell
from policy.kernels.cpu import native
from policy.kernels.plan import EVALUATIONS, Solver
from policy.whole_file import write_text
from policy.wirings import auto_ncp

STEPS = 32
COSTS = (1, 2, 4, 6, 12, 24)  # evaluations of the synapses per step
# The solvers whose accuracy is measured, with the numbers of evaluations per step.
SOLVER_COSTS = {solver: tuple(cost for cost in COSTS if cost % each == 0) for solver, each in EVALUATIONS.items()}
BASELINE = {"ltc": "ncps ltc", "cfc": "ncps cfc"}  # which layer of ncps a contender is compared with, by its first word
Run = Callable[[], object]


@dataclass
class Row:
    """One contender's result in one case."""

    case: str  # what is measured, and its unit
    units: int  # neurons
    batch: int  # sequences per batch; in the case of a solver's error, evaluations per step
    threads: int
    contender: str
    value: float  # the median
    spread: float  # the interquartile range
    best: float  # the smallest


def make_contenders(units: int) -> dict[str, torch.nn.Module]:
    """Return all layers of a size by name. Raises UserError where ncps is not installed."""
    wiring = auto_ncp(FEATURES, units).to_json()
    layers: dict[str, torch.nn.Module] = {
        "ltc cpu": make_cell("ltc", FEATURES, 1, {"wiring": wiring, "kernel": "cpu"}),
        "ltc reference": make_cell("ltc", FEATURES, 1, {"wiring": wiring, "kernel": "reference"}),
        "cfc": make_cell("cfc", FEATURES, 1, {"wiring": wiring}),
        "lstm": torch.nn.LSTM(FEATURES, units, batch_first=True),
        "gru": torch.nn.GRU(FEATURES, units, batch_first=True),
        "lstm 64": torch.nn.LSTM(FEATURES, 64, batch_first=True),
    }
    if native.unavailable() is not None:
        del layers["ltc cpu"]
    try:
        import ncps.torch
        import ncps.wirings
    except ImportError as error:
        raise UserError("the benchmark compares with ncps, which is not installed: pip install 'liquidlane[dev]'") from error
    layers["ncps ltc"] = ncps.torch.LTC(FEATURES, ncps.wirings.AutoNCP(units, 1))
    layers["ncps cfc"] = ncps.torch.CfC(FEATURES, ncps.wirings.AutoNCP(units, 1))
    return layers


def bind_forward(layer: torch.nn.Module, features: torch.Tensor) -> Callable[[], tuple[torch.Tensor, object]]:
    """Return a function that makes one forward pass over `features` (B, T, I)."""
    if hasattr(layer, "uses_dt"):
        dt = torch.ones(features.shape[:2])
        return lambda: layer(features, dt)
    return lambda: layer(features)


def make_training_step(layer: torch.nn.Module, batch: int) -> Run:
    """Return a function that makes a forward and a backward pass over a batch of sequences."""
    forward, parameters = bind_forward(layer, torch.randn(batch, STEPS, FEATURES)), list(layer.parameters())

    def run() -> None:
        for one in parameters:
            one.grad = None
        forward()[0].square().mean().backward()

    return run


def make_single_step(name: str, layer: torch.nn.Module) -> Run:
    """Return a function that makes one step of one sequence, with the layer's stepper where there is one."""
    if name == "ltc cpu":
        stepper, features = layer.stepper(), np.random.default_rng(0).standard_normal(FEATURES).astype(np.float32)  # type: ignore[operator]
        return lambda: stepper(features, 0.05)
    forward = bind_forward(layer, torch.randn(1, 1, FEATURES))

    def run() -> None:
        with torch.inference_mode():
            forward()

    return run


def time_in_turns(runs: dict[str, Run], rounds: int, least_s: float = 0.03) -> dict[str, tuple[float, float, float]]:
    """Return the median, the interquartile range and the minimum of each one's time per call (s).

    They take turns of at least `least_s`, so that the fast ones warm up too.
    """
    repeats = {}
    for name, run in runs.items():
        run()
        start = time.perf_counter()
        run()
        repeats[name] = max(1, round(least_s / (time.perf_counter() - start)))
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            for _ in range(repeats[name]):
                run()
            times[name].append((time.perf_counter() - start) / repeats[name])
    spreads = {name: float(np.subtract(*np.quantile(values, [0.75, 0.25]))) for name, values in times.items()}
    return {name: (statistics.median(values), spreads[name], min(values)) for name, values in times.items()}


def _measure_growth_mb(name: str, units: int, batch: int) -> float:
    """Return how much (MB) the first training step adds to this process's peak memory."""
    torch.set_num_threads(1)
    run = make_training_step(make_contenders(units)[name], batch)
    Path("/proc/self/clear_refs").write_text("5")  # Linux: the peak is measured from here on
    before = _read_peak_kb()
    run()
    return (_read_peak_kb() - before) / 1024


def _read_peak_kb() -> int:
    """Return this process's peak memory (kB)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def measure_memory_mb(name: str, units: int, batch: int) -> float:
    """Return how much (MB) the first training step adds to the peak memory of a new process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measure_growth_mb, (name, units, batch))


def measure(
    units: Iterable[int], batches: Iterable[int], threads: Iterable[int], rounds: int, memory: bool, report: Callable[[str], None]
) -> list[Row]:
    """Run the benchmark for all sizes, batch sizes and numbers of threads, and return all rows.

    `memory` says whether to measure memory as well. `report` gets each case as lines of text. Raises UserError where ncps is not installed.
    """
    rows: list[Row] = []
    before, largest = torch.get_num_threads(), max(batches)
    for size in units:
        layers = make_contenders(size)
        try:
            for count in threads:
                torch.set_num_threads(count)
                for batch in batches:
                    found = time_in_turns({name: make_training_step(layer, batch) for name, layer in layers.items()}, rounds)
                    rows += [Row("training step ms", size, batch, count, name, *(1e3 * one for one in times)) for name, times in found.items()]
                    report(table(rows[-len(found) :]))
        finally:
            torch.set_num_threads(before)
        torch.set_num_threads(1)
        found = time_in_turns({name: make_single_step(name, layer) for name, layer in layers.items()}, rounds)
        torch.set_num_threads(before)
        rows += [Row("single step us", size, 1, 1, name, *(1e6 * one for one in times)) for name, times in found.items()]
        report(table(rows[-len(found) :]))
        if memory:
            grown = {name: measure_memory_mb(name, size, largest) for name in layers}
            rows += [Row("memory MB", size, largest, 1, name, value, 0.0, value) for name, value in grown.items()]
            report(table(rows[-len(layers) :]))
        rows += measure_accuracy(size)
        report(table(rows[-sum(map(len, SOLVER_COSTS.values())) :]))
    return rows


def measure_accuracy(units: int, solvers: Mapping[Solver, tuple[int, ...]] = SOLVER_COSTS) -> list[Row]:
    """Return the solvers' errors in percent of the states' standard deviation, by evaluations per step.

    The reference is the exponential midpoint with 256 sub-steps.
    """
    wiring, features = auto_ncp(FEATURES, units).to_json(), torch.randn(32, STEPS, FEATURES, dtype=torch.float64)
    dt, weights = torch.ones(32, STEPS, dtype=torch.float64), None

    def states(solver: str, unfolds: int) -> torch.Tensor:
        cell = make_cell("ltc", FEATURES, 1, {"wiring": wiring, "solver": solver, "unfolds": unfolds}).double()
        cell.load_state_dict(weights or cell.state_dict())
        with torch.inference_mode():
            return cell.states(features, dt)

    weights = make_cell("ltc", FEATURES, 1, {"wiring": wiring}).double().state_dict()
    exact = states("exponential_midpoint", 256)
    rows = []
    for solver, costs in solvers.items():
        for cost in costs:
            error = states(solver, cost // EVALUATIONS[solver]) - exact
            value = 100 * float(error.square().mean().sqrt() / exact.std())
            rows.append(Row("solver error % at evaluations", units, cost, 1, solver, value, 0.0, value))
    return rows


def table(rows: list[Row]) -> str:
    """Return one case as lines of text: value, spread, and how many times as fast (or small) as the layer of ncps it is."""
    values = {row.contender: row.value for row in rows}
    first = rows[0]
    size = "" if "solver" in first.case else f", batch {first.batch}, {first.threads} threads"
    lines = [f"{first.case}: {first.units} units{size}"]
    for row in rows:
        base = values.get(BASELINE.get(row.contender.split()[0], "ncps ltc"))
        ratio = f"{base / row.value:8.1f} x" if base and row.value else ""
        name = f"{row.contender} {row.batch}" if "solver" in row.case else row.contender
        lines.append(f"  {name:<24}{row.value:10.2f} ({row.spread:.2f}){ratio}")
    return "\n".join(lines)


def write(rows: list[Row], path: Path) -> None:
    """Write the rows as JSON, with the machine that they were measured on."""
    machine = {"processor": platform.processor() or platform.machine(), "python": platform.python_version(), "torch": torch.__version__}
    lanes = None if native.unavailable() else native.widest_lanes()
    write_text(path, json.dumps({"machine": machine, "lanes": lanes, "rows": [asdict(row) for row in rows]}, indent=1))
