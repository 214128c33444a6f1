"""What the page must know of the policy: the values of an LTC's equations, with which it runs the neurons again, and what is certain about them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from torch import Tensor

from driving.bicycle import Bicycle
from perception.errors import ConfigError
from policy.cells.ltc import Ltc
from policy.network import DrivingPolicy


def describe_circuit(policy: DrivingPolicy, bicycle: Bicycle) -> dict[str, Any] | None:
    """Return the values of `policy/kernels/reference.py`, and how a motor output becomes a steer; None for another cell than an LTC."""
    cell = policy.cell
    if not isinstance(cell, Ltc):
        return None
    parameters = {name: _list(cell.value(name)) for name in cell.parameters_by_name()._fields}
    return {
        "solver": cell.plan.solver,
        "unfolds": cell.plan.unfolds,
        "sensory": {"source": cell.plan.sensory_source.tolist(), "target": cell.plan.sensory_target.tolist()},
        "inner": {"source": cell.plan.source.tolist(), "target": cell.plan.target.tolist()},
        **parameters,
        "prediction": {"target": policy.config.target, "scale": policy.config.scale, "output": policy.config.output},
        "bicycle": asdict(bicycle),
    }


def describe_bounds(policy: DrivingPolicy) -> dict[str, Any] | None:
    """Return the ranges that each neuron's state and time constant never leave; None for a cell of which nothing is certain."""
    try:
        bounds = policy.cell.bounds()
    except ConfigError:
        return None
    taus = (bounds.tau_low_s_H, bounds.tau_high_s_H)
    low, high = bounds.low_H.tolist(), bounds.high_H.tolist()
    tau_low, tau_high = (None if tau is None else tau.tolist() for tau in taus)
    return {"low": low, "high": high, "tauLow": tau_low, "tauHigh": tau_high, "why": bounds.why}


def _list(values: Tensor) -> list[float]:
    return [float(f"{value:.9g}") for value in values.detach().double().tolist()]
