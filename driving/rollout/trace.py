"""The trace of a drive: one row per tick, saved as plain arrays and JSON. Metrics, views and reports read it.

`COLUMNS` has the columns (T,) that every trace has. A driver with neurons adds `neuron_state` and `neuron_tau_s` (s), both (T, H),
and `features` (T, I), from which the neurons' activity can be computed again.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from driving.quantities import UserError
from driving.rollout.tick import Tick
from driving.world.maps.route import Route
from policy.whole_file import replace_whole, write_text

ARRAYS, META = "trace.npz", "trace.json"
ROUTE_ARRAYS = tuple(field.name for field in fields(Route) if field.name not in ("name", "closed", "turns"))


class Column(NamedTuple):
    """One column of a trace: how to read its value from a tick, and its type."""

    value: Callable[[Tick], float]
    dtype: type = np.float64


def _label_steer(tick: Tick) -> float:
    """Return the steer of the tick's label, NaN without one."""
    return np.nan if tick.action.label is None else tick.action.label.steer


COLUMNS: dict[str, Column] = {
    "frame": Column(lambda tick: tick.observation.vehicle.frame, np.int64),
    "time_s": Column(lambda tick: tick.observation.vehicle.time_s),
    "dt_s": Column(lambda tick: tick.observation.dt_s),
    "x_m": Column(lambda tick: tick.observation.vehicle.pose.x_m),
    "y_m": Column(lambda tick: tick.observation.vehicle.pose.y_m),
    "z_m": Column(lambda tick: tick.observation.vehicle.pose.z_m),
    "pitch_rad": Column(lambda tick: tick.observation.vehicle.pose.pitch_rad),
    "yaw_rad": Column(lambda tick: tick.observation.vehicle.pose.yaw_rad),
    "roll_rad": Column(lambda tick: tick.observation.vehicle.pose.roll_rad),
    "speed_mps": Column(lambda tick: tick.observation.vehicle.speed_mps),
    "yaw_rate_radps": Column(lambda tick: tick.observation.vehicle.yaw_rate_radps),
    "steer": Column(lambda tick: tick.action.control.steer),
    "throttle": Column(lambda tick: tick.action.control.throttle),
    "brake": Column(lambda tick: tick.action.control.brake),
    "applied_steer": Column(lambda tick: tick.applied.steer),  # what reached the wheels
    "label_steer": Column(_label_steer),  # what the expert would steer in the same place
    "disturbance": Column(lambda tick: tick.action.disturbance),
    "s_m": Column(lambda tick: tick.observation.lane.s_m),
    "lateral_m": Column(lambda tick: tick.observation.lane.lateral_m),
    "heading_error_rad": Column(lambda tick: tick.observation.lane.heading_error_rad),
    "curvature_per_m": Column(lambda tick: tick.observation.lane.curvature_per_m),
    "lane_width_m": Column(lambda tick: tick.observation.lane.lane_width_m),
    "command": Column(lambda tick: tick.observation.command, np.int8),  # a `policy.command.Command`
    "departed": Column(lambda tick: tick.departed, np.bool_),
    "act_s": Column(lambda tick: tick.act_s),
    "tick_s": Column(lambda tick: tick.tick_s),
}


@dataclass
class Trace:
    """A saved or finished drive."""

    columns: dict[str, np.ndarray]  # (T,) or (T, H) by name
    meta: dict[str, Any] = field(default_factory=dict)  # driver, map, camera, weather, seed, end_reason, collisions, neurons and more
    route: Route | None = None  # the route that was driven

    def save(self, folder: Path) -> None:
        """Write trace.npz and trace.json into `folder`. Each file appears only when it is complete."""
        arrays = dict(self.columns)
        meta = dict(self.meta)
        if self.route is not None:
            arrays |= {f"route/{name}": getattr(self.route, name) for name in ROUTE_ARRAYS}
            meta["route_name"], meta["route_closed"] = self.route.name, self.route.closed
        with replace_whole(folder / ARRAYS) as partial, partial.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
        write_text(folder / META, json.dumps(meta, indent=1))

    @staticmethod
    def load(folder: Path) -> Trace:
        """Read what `save` wrote. Raises UserError where it is missing or broken."""
        folder = Path(folder)
        try:
            meta = json.loads((folder / META).read_text(encoding="utf-8"))
            with (folder / ARRAYS).open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
        except FileNotFoundError as error:
            raise UserError(
                f"{folder} holds no drive: {error.filename} is missing; give a folder that an evaluation wrote, EVAL/routes/NAME"
            ) from error
        except (ValueError, OSError, zipfile.BadZipFile, EOFError) as error:
            raise UserError(f"the drive in {folder} cannot be read ({error}): evaluate again") from error
        parts = {name.removeprefix("route/"): arrays.pop(name) for name in list(arrays) if name.startswith("route/")}
        if parts and set(parts) != set(ROUTE_ARRAYS):
            raise UserError(f"the drive in {folder} is of another version: its route lacks {sorted(set(ROUTE_ARRAYS) - set(parts))}; evaluate again")
        route = Route(meta.get("route_name", ""), **parts, closed=meta.get("route_closed", False)) if parts else None
        return Trace(arrays, meta, route)


class TraceRecorder:
    """A listener that collects a drive's columns."""

    def __init__(self) -> None:
        self._rows: list[tuple[float, ...]] = []
        self._states: list[np.ndarray] = []
        self._features: list[np.ndarray] = []

    def on_tick(self, tick: Tick) -> None:
        """Add one row."""
        self._rows.append(tuple(column.value(tick) for column in COLUMNS.values()))
        if tick.action.neuron_state is not None:
            self._states.append(tick.action.neuron_state)
        if tick.action.features is not None:
            self._features.append(tick.action.features)

    def columns(self, tau_s_TH: np.ndarray | None) -> dict[str, np.ndarray]:
        """Return the columns of the ticks so far: those of `COLUMNS` (T,) and, where every tick had them, the network's (T, H) and (T, I).

        `tau_s_TH` are the driver's time constants.
        """
        values = zip(*self._rows, strict=True) if self._rows else [()] * len(COLUMNS)
        columns: dict[str, np.ndarray] = {name: np.array(column, dtype=COLUMNS[name].dtype) for name, column in zip(COLUMNS, values, strict=True)}
        for name, rows in (("neuron_state", self._states), ("features", self._features), ("neuron_tau_s", tau_s_TH)):
            if rows is not None and len(rows) == len(self._rows) > 0:
                columns[name] = np.asarray(rows)
        return columns
