"""The trace of a drive: one row a tick, saved as plain arrays and JSON; what metrics, views and reports read.

Columns (T,): frame, time_s, dt_s, x_m, y_m, z_m, pitch_rad, yaw_rad, roll_rad, speed_mps, yaw_rate_radps, steer, throttle, brake,
label_steer (the expert's in the same place), disturbance, s_m, lateral_m, heading_error_rad, curvature_per_m, lane_width_m, departed, act_s (the
driver's wall time), tick_s (the simulator's); and for networks neuron_state and neuron_tau_s (T, H).
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from driving.drivers.driver import Action
from driving.quantities import Observation, UserError
from driving.world.maps.routes import Route

ARRAYS, META = "trace.npz", "trace.json"
ROUTE_ARRAYS = ("s_m", "x_m", "y_m", "z_m", "yaw_rad", "curvature_per_m", "lane_width_m")


@dataclass
class Trace:
    """A drive's columns, what is known about it (driver, map, camera, weather, seed, end_reason, neurons), and its route."""

    columns: dict[str, np.ndarray]
    meta: dict[str, Any] = field(default_factory=dict)
    route: Route | None = None

    def save(self, folder: Path) -> None:
        """Writes trace.npz and trace.json into `folder`; each appears whole."""
        folder.mkdir(parents=True, exist_ok=True)
        arrays = dict(self.columns)
        meta = dict(self.meta)
        if self.route is not None:
            arrays |= {f"route/{name}": getattr(self.route, name) for name in ROUTE_ARRAYS}
            meta["route_name"], meta["route_closed"] = self.route.name, self.route.closed
        with (folder / f".{ARRAYS}").open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
        (folder / f".{META}").write_text(json.dumps(meta, indent=1))
        for name in (ARRAYS, META):
            (folder / f".{name}").replace(folder / name)

    @staticmethod
    def load(folder: Path) -> Trace:
        """Reads what `save` wrote. Raises UserError where it is missing or broken."""
        folder = Path(folder)
        try:
            meta = json.loads((folder / META).read_text())
            with (folder / ARRAYS).open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
        except FileNotFoundError as error:
            raise UserError(
                f"{folder} holds no drive: {error.filename} is missing; give a folder that an evaluation wrote, EVAL/routes/NAME"
            ) from error
        except (ValueError, OSError, zipfile.BadZipFile, EOFError) as error:
            raise UserError(f"the drive in {folder} cannot be read ({error}): evaluate again") from error
        parts = {name.removeprefix("route/"): arrays.pop(name) for name in list(arrays) if name.startswith("route/")}
        route = Route(meta.get("route_name", ""), **parts, closed=meta.get("route_closed", False)) if parts else None
        return Trace(arrays, meta, route)


class TraceRecorder:
    """Collects a drive's rows; a listener of the loop."""

    def __init__(self) -> None:
        self._rows: list[tuple[float, ...]] = []
        self._states: list[np.ndarray] = []
        self._taus: list[np.ndarray] = []

    def tick(self, observation: Observation, action: Action, departed: bool, act_s: float, tick_s: float) -> None:
        """Adds one row."""
        vehicle, lane, control = observation.vehicle, observation.lane, action.control
        label = action.label.steer if action.label is not None else np.nan
        self._rows.append(
            (
                vehicle.frame,
                vehicle.time_s,
                observation.dt_s,
                *asdict(vehicle.pose).values(),
                vehicle.speed_mps,
                vehicle.yaw_rate_radps,
                control.steer,
                control.throttle,
                control.brake,
                label,
                action.disturbance,
                *asdict(lane).values(),
                departed,
                act_s,
                tick_s,
            )
        )
        if action.neuron_state is not None:
            self._states.append(action.neuron_state)
        if action.neuron_tau_s is not None:
            self._taus.append(action.neuron_tau_s)

    def columns(self) -> dict[str, np.ndarray]:
        """The columns so far."""
        table = np.array(self._rows, dtype=np.float64).reshape(len(self._rows), len(NAMES))
        columns = {name: table[:, k].copy() for k, name in enumerate(NAMES)}
        columns["frame"], columns["departed"] = columns["frame"].astype(np.int64), columns["departed"].astype(bool)
        if len(self._states) == len(self._rows) and self._states:
            columns["neuron_state"] = np.stack(self._states)
        if len(self._taus) == len(self._rows) and self._taus:
            columns["neuron_tau_s"] = np.stack(self._taus)
        return columns


NAMES = (
    "frame",
    "time_s",
    "dt_s",
    "x_m",
    "y_m",
    "z_m",
    "pitch_rad",
    "yaw_rad",
    "roll_rad",
    "speed_mps",
    "yaw_rate_radps",
    "steer",
    "throttle",
    "brake",
    "label_steer",
    "disturbance",
    "s_m",
    "lateral_m",
    "heading_error_rad",
    "curvature_per_m",
    "lane_width_m",
    "departed",
    "act_s",
    "tick_s",
)
