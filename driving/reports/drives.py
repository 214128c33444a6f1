"""The closed-loop part of a report: tables of `evaluation/summary.json`, maps of the driven tracks, key frames out of the camera movies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from driving.quantities import UserError
from driving.reports import figures
from driving.reports.document import Gallery, Picture, Table
from driving.rollout.trace import Trace
from driving.video import read_frames

MAPS_SHOWN = 6
FRAMES_SHOWN = 8
JPEG_QUALITY = 85

# (key in the summary, heading, factor, digits)
COLUMNS = (
    ("km", "km", 1.0, 2),
    ("departures", "departures", 1.0, 0),
    ("completion", "completed %", 100.0, 1),
    ("mean_speed_mps", "speed m/s", 1.0, 1),
    ("mean_abs_lateral_m", "off centre m", 1.0, 3),
    ("max_abs_lateral_m", "at most m", 1.0, 2),
    ("mean_abs_heading_error_rad", "heading mrad", 1000.0, 1),
    ("steering_smoothness", "steering 1/s", 1.0, 3),
    ("latency_p50_ms", "p50 ms", 1.0, 2),
    ("latency_p99_ms", "p99 ms", 1.0, 2),
)
COLUMNS_NOTE = (
    "off centre: mean and greatest distance from the centre line; heading: mean absolute error; steering: root mean square of the "
    "steering's rate of change; p50, p99: the driver's wall time a tick."
)


@dataclass(frozen=True)
class Evaluation:
    """An evaluation's folder and its summary."""

    folder: Path
    summary: Mapping[str, Any]

    @property
    def driver(self) -> str:
        """The driver's name."""
        return str(self.summary.get("driver", "policy"))

    @property
    def routes(self) -> list[Mapping[str, Any]]:
        """The routes' figures in order."""
        return list(self.summary["routes"])

    def trace(self, route: str) -> Trace | None:
        """The route's saved trace, where there is one."""
        folder = self.folder / "routes" / route
        return Trace.load(folder) if (folder / "trace.npz").is_file() else None


def read_evaluation(folder: Path) -> Evaluation:
    """Reads `folder`/summary.json. Raises UserError where it is missing or not what `scripts/evaluate.py` writes."""
    path = folder / "summary.json"
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
        missing = {"overall", "routes"} - set(summary)
    except (OSError, ValueError) as error:
        raise UserError(f"evaluation summary {path} cannot be read ({error}): run scripts/evaluate.py with --out {folder}") from error
    if missing:
        raise UserError(f"evaluation summary {path} lacks {sorted(missing)}: run scripts/evaluate.py with --out {folder}")
    return Evaluation(folder, summary)


def overall_table(evaluations: list[Evaluation]) -> Table:
    """One row a driver over all of its routes."""
    rows = [[evaluation.driver, *_figures(evaluation.summary["overall"])] for evaluation in evaluations]
    return Table(["driver", *(heading for _, heading, *_ in COLUMNS)], rows, COLUMNS_NOTE, strong_rows=(0,))


def routes_table(policy: Evaluation, expert: Evaluation | None) -> Table:
    """One row a route, with the expert's distance from the centre on the same route beside it."""
    experts = {} if expert is None else {str(route["name"]): route for route in expert.routes}
    header = ["route", "weather", *(heading for _, heading, *_ in COLUMNS), *(["expert off centre m"] if expert else []), "ended"]
    rows = []
    for route in policy.routes:
        name = str(route["name"])
        beside = [_number(experts.get(name, {}).get("mean_abs_lateral_m"), 1.0, 3)] if expert else []
        rows.append([name, _weather(route.get("weather")), *_figures(route), *beside, str(route.get("end_reason", "–"))])
    return Table(header, rows)


def maps(evaluation: Evaluation) -> Gallery:
    """The tracks from above, those with departures and the worst ones first."""
    order = sorted(evaluation.routes, key=lambda route: (-_plain(route.get("departures")), -_plain(route.get("max_abs_lateral_m"))))
    pictures = []
    for route in order[:MAPS_SHOWN]:
        trace = evaluation.trace(str(route["name"]))
        if trace is not None and len(trace.columns["x_m"]) > 1:
            pictures.append(_map(str(route["name"]), trace, route))
    return Gallery(pictures)


def key_frames(evaluation: Evaluation) -> Gallery:
    """Camera images where it matters: each route's departures and the place where it was farthest off the centre."""
    pictures: list[Picture] = []
    for route in evaluation.routes:
        trace = evaluation.trace(str(route["name"]))
        if trace is None or not (evaluation.folder / "routes" / str(route["name"]) / "camera.mp4").is_file():
            continue
        pictures.extend(_frames(str(route["name"]), evaluation.folder / "routes" / str(route["name"]) / "camera.mp4", trace))
    pictures.sort(key=lambda picture: "departed" not in picture.caption)
    return Gallery(pictures[:FRAMES_SHOWN])


def _frames(name: str, movie: Path, trace: Trace) -> list[Picture]:
    lateral, time = trace.columns["lateral_m"], trace.columns["time_s"]
    departed = np.flatnonzero(trace.columns["departed"])[:3].tolist()
    chosen = sorted({*departed, int(np.argmax(np.abs(lateral)))})
    pictures = []
    for tick, image in frames_at(movie, chosen).items():
        what = "departed" if tick in departed else "farthest off centre"
        place = f"{lateral[tick]:+.2f} m".replace("-", "−")
        caption = f"{name}: {what}, {place} at {float(time[tick] - time[0]):.1f} s, {float(trace.columns['speed_mps'][tick]):.1f} m/s"
        data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
        pictures.append(Picture(f"frame_{name}_{tick}", caption, jpeg=data))
    return pictures


def frames_at(movie: Path, ticks: list[int]) -> dict[int, np.ndarray]:
    """Return the movie's frames (Y, X, 3) RGB at the given ticks. Raises VideoError where the movie cannot be read."""
    return {tick: frame for tick, frame in enumerate(islice(read_frames(movie), max(ticks) + 1)) if tick in ticks}


def _map(name: str, trace: Trace, route: Mapping[str, Any]) -> Picture:
    columns, centre = trace.columns, None
    if trace.route is not None:
        centre = np.stack([trace.route.x_m, trace.route.y_m], axis=1)
    path = np.stack([columns["x_m"], columns["y_m"]], axis=1)
    drawing = figures.track_map(path, columns["lateral_m"], columns["departed"], centre)
    count = _number(route.get("departures"), 1.0, 0)
    caption = f"{name}: {_number(route.get('km'), 1.0, 2)} km, {count} departure{'' if count == '1' else 's'}"
    return Picture(f"map_{name}", f"{caption}, mean {_number(route.get('mean_abs_lateral_m'), 1.0, 3)} m off centre", svg=drawing)


def _figures(measures: Mapping[str, Any]) -> list[str]:
    return [_number(measures.get(key), factor, digits) for key, _, factor, digits in COLUMNS]


def _number(value: Any, factor: float, digits: int) -> str:
    return "–" if value is None else f"{float(value) * factor:.{digits}f}"


def _plain(value: Any) -> float:
    return 0.0 if value is None else float(value)


def _weather(value: Any) -> str:
    return str(value.get("name", "–")) if isinstance(value, Mapping) else str(value or "–")
