"""Evaluations as scripts/evaluate.py writes them, with drives made by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

RULE = "more than 2 m from the centre line"
CAMERA = {"width_px": 320, "height_px": 180}


def make_row(number: int, departures: int = 0, lateral_m: float = 0.1, **changed: Any) -> dict[str, Any]:
    """Return a drive of 1 km on route `number`."""
    route = {"road": number, "lane": -1, "start_m": 0.0, "length_m": 1000.0}
    key = {"map": "Town01", "route": route, "weather": "ClearNoon", "disturbance": "none", "severity": 0.0, "seed": 0}
    measures = {
        "departures": departures,
        "departures_per_km": float(departures),
        "completion": 1.0 - 0.01 * departures,
        "mean_abs_lateral_m": lateral_m,
    }
    others = {"mean_abs_heading_error_rad": 0.02, "steering_smoothness": 0.3, "driving_score": 100.0 - departures, "comfortable_share": 0.9}
    return {"name": f"route_{number}", **key, "km": 1.0, "length_m": 1000.0, "ticks": 1000, **measures, **others, **changed}


def make_rows(departures: Sequence[int], lateral_m: Sequence[float] | None = None) -> list[dict[str, Any]]:
    """Return one drive per number of departures."""
    lateral = np.full(len(departures), 0.1) if lateral_m is None else lateral_m
    return [make_row(number, int(count), float(off)) for number, (count, off) in enumerate(zip(departures, lateral, strict=True))]


def write_evaluation(folder: Path, rows: Sequence[dict[str, Any]], policy: str = "", **changed: Any) -> Path:
    """Write an evaluation's summary.json. `changed` are values of the summary, or of its identity where that has them."""
    identity = {"suite_digest": "5ce7", "policy_digest": policy or folder.name, "camera": CAMERA}
    identity |= {name: changed.pop(name) for name in list(changed) if name in identity}
    summary = {"suite": "towns", "seed": 0, "driver": "ltc", "departure_rule": RULE, "identity": identity, "drives": len(rows)}
    folder.mkdir(parents=True)
    (folder / "summary.json").write_text(json.dumps(summary | {"not_driven": [], "routes": list(rows)} | changed))
    return folder
