"""The closed-loop part of a report: tables of an evaluation's summary.json, maps of the driven tracks, key frames of the camera movies."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from driving.evaluation.estimates import choose_headline, make_estimates
from driving.evaluation.table import choose_drives
from driving.quantities import UserError
from driving.reports import figures
from driving.reports.document import Gallery, Picture, Table
from driving.rollout.trace import Trace
from driving.video import read_frames

SUMMARY = "summary.json"
MAPS_SHOWN = 6
FRAMES_SHOWN = 8
DEPARTURES_SHOWN = 3  # of one route
JPEG_QUALITY = 85


class Column(NamedTuple):
    """A measure of the summary as a column of the tables."""

    key: str
    heading: str
    digits: int
    factor: float = 1.0  # from the summary's unit to the heading's


COLUMNS = (
    Column("km", "km", 2),
    Column("departures", "departures", 0),
    Column("completion", "completed %", 1, 100.0),
    Column("mean_speed_mps", "speed m/s", 1),
    Column("mean_lateral_m", "right m", 3),
    Column("mean_abs_lateral_m", "off centre m", 3),
    Column("max_abs_lateral_m", "at most m", 2),
    Column("mean_abs_heading_error_rad", "heading mrad", 1, 1000.0),
    Column("steering_smoothness", "steering 1/s", 3),
    Column("comfortable_share", "comfortable %", 0, 100.0),
    Column("driving_score", "score", 1),
)
COLUMNS_NOTE = (
    "right: mean offset from the centre line, negative to the left; off centre, at most: mean and greatest distance from it; heading: mean absolute "
    "error; steering: root mean square of the steering's rate of change; comfortable: share of the pieces of 2 s within Bench2Drive's bounds; "
    "score: the CARLA leaderboard's driving score."
)

UNDISTURBED_NOTE = "All figures are of the undisturbed drives, where there are such drives."


@dataclass(frozen=True)
class Evaluation:
    """The folder of an evaluation and its summary."""

    folder: Path
    summary: Mapping[str, Any]
    label: str  # what the report calls its driver

    @property
    def routes(self) -> list[Mapping[str, Any]]:
        """The measures of each route, in the suite's order."""
        return list(self.summary["routes"])

    def load_trace(self, route: str) -> Trace | None:
        """Return the route's saved trace, or None when there is none. Raises UserError when it cannot be read."""
        folder = self.folder / "routes" / route
        return Trace.load(folder) if (folder / "trace.npz").is_file() else None


def read_evaluations(folders: Sequence[Path]) -> list[Evaluation]:
    """Return evaluations in order, labelled by their drivers, and by their folders as well where two drivers have one name.

    A folder may also hold several evaluations, one per policy, as `scripts/evaluate.py` writes them. Raises UserError as `read_evaluation` does.
    """
    evaluations = []
    for folder in folders:
        several = [] if (folder / SUMMARY).exists() else sorted(path.parent for path in folder.glob(f"*/{SUMMARY}"))
        evaluations += [read_evaluation(one) for one in several or [folder]]
    drivers, names = Counter(one.label for one in evaluations), Counter(one.folder.name for one in evaluations)
    told_apart = [one.folder.name if names[one.folder.name] == 1 else str(one.folder) for one in evaluations]
    return [
        one if drivers[one.label] == 1 else replace(one, label=f"{one.label} ({name})") for one, name in zip(evaluations, told_apart, strict=True)
    ]


def read_evaluation(folder: Path) -> Evaluation:
    """Return the evaluation in `folder`. Raises UserError when its summary.json is missing or lacks what `scripts/evaluate.py` writes."""
    path = folder / SUMMARY
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
        missing = {"driver", "suite", "overall", "routes", "wall_clock"} - set(summary)
    except (OSError, ValueError) as error:
        raise UserError(f"evaluation summary {path} cannot be read ({error}): run scripts/evaluate.py with --out {folder}") from error
    if missing:
        raise UserError(f"evaluation summary {path} lacks {sorted(missing)}: run scripts/evaluate.py with --out {folder}")
    return Evaluation(folder, summary, str(summary["driver"]))


def make_figures_table(evaluations: Sequence[Evaluation]) -> Table:
    """Return one row per figure and one column per evaluation, with 95 % intervals; the last column says what the first one's rest on."""
    estimates = [make_estimates(choose_headline(evaluation.routes)) for evaluation in evaluations]
    rows = [[same[0].figure.heading, *(one.text for one in same), same[0].interval.basis] for same in zip(*estimates, strict=True)]
    rows.append(
        ["image to action, ms", *(_format_latency(evaluation) for evaluation in evaluations), "median and 99 of 100 ticks, by the wall clock"]
    )
    labels = [evaluation.label for evaluation in evaluations]
    return Table(["95 % intervals in brackets", *labels, f"interval of {labels[0]}"], rows, UNDISTURBED_NOTE)


def _format_latency(evaluation: Evaluation) -> str:
    wall_clock = evaluation.summary.get("wall_clock", {})
    return ", ".join(_format_number(wall_clock.get(name), 2) for name in ("latency_p50_ms", "latency_p99_ms"))


def make_routes_table(policy: Evaluation, expert: Evaluation | None) -> Table:
    """Return one row per drive, and of many drives the worst. The expert's distance from the centre in the same drive stands beside the policy's."""
    experts = {} if expert is None else {str(route["name"]): route for route in expert.routes}
    header = ["drive", "weather", *(column.heading for column in COLUMNS), *(["expert off centre m"] if expert else []), "ended"]
    rows, shown = [], choose_drives(policy.routes)
    for route in shown:
        name = str(route["name"])
        beside = [_format_number(experts.get(name, {}).get("mean_abs_lateral_m"), 3)] if expert else []
        rows.append([name, str(route["weather"]), *_format_measures(route), *beside, str(route.get("end_reason", "–"))])
    left_out = f" The {len(shown)} worst of {len(policy.routes)} drives." if len(shown) < len(policy.routes) else ""
    return Table(header, rows, COLUMNS_NOTE + left_out)


def draw_maps(evaluation: Evaluation) -> Gallery:
    """Draw the tracks from above. Routes with departures and large distances come first."""
    order = sorted(evaluation.routes, key=lambda route: (-_to_float(route.get("departures")), -_to_float(route.get("max_abs_lateral_m"))))
    pictures = []
    for route in order[:MAPS_SHOWN]:
        trace = evaluation.load_trace(str(route["name"]))
        if trace is not None and len(trace.columns["x_m"]) > 1:
            pictures.append(_draw_map(str(route["name"]), trace, route))
    return Gallery(pictures)


def pick_key_frames(evaluation: Evaluation) -> Gallery:
    """Return camera images of each route's departures and of its greatest distance from the centre; departures come first."""
    pictures: list[Picture] = []
    for route in evaluation.routes:
        trace = evaluation.load_trace(str(route["name"]))
        movie = evaluation.folder / "routes" / str(route["name"]) / "camera.mp4"
        if trace is not None and movie.is_file():
            pictures.extend(_pick_frames(str(route["name"]), movie, trace))
    pictures.sort(key=lambda picture: "departed" not in picture.caption)
    return Gallery(pictures[:FRAMES_SHOWN])


def _pick_frames(name: str, movie: Path, trace: Trace) -> list[Picture]:
    lateral, time = trace.columns["lateral_m"], trace.columns["time_s"]
    departed = np.flatnonzero(trace.columns["departed"])[:DEPARTURES_SHOWN].tolist()
    chosen = sorted({*departed, int(np.argmax(np.abs(lateral)))})
    pictures = []
    for tick, image in read_frames_at(movie, chosen).items():
        event = "departed" if tick in departed else "farthest off centre"
        place = f"{lateral[tick]:+.2f} m".replace("-", "−")
        caption = f"{name}: {event}, {place} at {float(time[tick] - time[0]):.1f} s, {float(trace.columns['speed_mps'][tick]):.1f} m/s"
        data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
        pictures.append(Picture(f"frame_{name}_{tick}", caption, jpeg=data))
    return pictures


def read_frames_at(movie: Path, ticks: list[int]) -> dict[int, np.ndarray]:
    """Return the movie's frames (Y, X, 3) RGB at the given ticks. Raises VideoError when the movie cannot be read."""
    return {tick: frame for tick, frame in enumerate(islice(read_frames(movie), max(ticks) + 1)) if tick in ticks}


def _draw_map(name: str, trace: Trace, route: Mapping[str, Any]) -> Picture:
    columns = trace.columns
    centre = None if trace.route is None else np.stack([trace.route.x_m, trace.route.y_m], axis=1)
    path = np.stack([columns["x_m"], columns["y_m"]], axis=1)
    drawing = figures.draw_track_map(path, columns["lateral_m"], columns["departed"], centre)
    count = _format_number(route.get("departures"), 0)
    caption = f"{name}: {_format_number(route.get('km'), 2)} km, {count} departure{'' if count == '1' else 's'}"
    return Picture(f"map_{name}", f"{caption}, mean {_format_number(route.get('mean_abs_lateral_m'), 3)} m off centre", svg=drawing)


def _format_measures(measures: Mapping[str, Any]) -> list[str]:
    return [_format_number(measures.get(column.key), column.digits, column.factor) for column in COLUMNS]


def _format_number(value: Any, digits: int, factor: float = 1.0) -> str:
    return "–" if value is None else f"{float(value) * factor:.{digits}f}"


def _to_float(value: Any) -> float:
    return 0.0 if value is None else float(value)
