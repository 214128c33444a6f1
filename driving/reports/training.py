"""The learning part of a report: what the log holds, and the curves of metrics.csv as Lightning's CSV logger writes it."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import numpy as np

from driving.logs.keys import LANE, STATE
from driving.logs.reader import Log
from driving.quantities import UserError
from driving.reports import figures
from driving.reports.document import Gallery, Picture, Table
from driving.training.labels import read_steer_labels

NOT_CURVES = ("epoch", "step")
SPLITS = ("train", "val", "test", "closed_loop")


class MetricName(NamedTuple):
    """The parts of a metric's name."""

    split: str  # one of SPLITS, or empty
    measure: str


def describe_log(root: Path) -> tuple[Table, Gallery]:
    """Return what the log holds, and the distributions of its steering labels and lane offsets. Raises LogError when it cannot be read."""
    log = Log(root)
    steers, laterals, seconds, metres = [], [], 0.0, 0.0
    for index in log.numbers:
        times = log.timestamps(index)
        seconds += float(times[-1] - times[0]) if len(times) > 1 else 0.0
        steers.append(read_steer_labels(log, index))
        lateral, speed = log.signals(index, LANE).get("lateral_m"), log.signals(index, STATE).get("speed_mps")
        if lateral is not None:
            laterals.append(lateral.astype(float))
        if speed is not None:
            metres += float((speed.astype(float)[1:] * np.diff(times)).sum())
    rows = [["episodes", str(len(log.episodes))], ["frames", f"{sum(map(len, steers)):,}"], ["duration", f"{seconds / 60:.1f} min"]]
    rows += [["rate", f"{log.fps:g} Hz"], *([["distance", f"{metres / 1000:.2f} km"]] if metres else []), ["cameras", ", ".join(log.image_keys)]]
    chart = figures.draw_histogram(np.concatenate(steers), "steer")
    pictures = [Picture("log_steer", "the log's steering labels; counts on a logarithmic scale", svg=chart)]
    if laterals:
        chart = figures.draw_histogram(np.concatenate(laterals), "off centre (m)")
        pictures.append(Picture("log_lateral", "the log's distances from the centre: recoveries are in the tails", svg=chart))
    return Table(["log", ""], rows, textual=True), Gallery(pictures)


def draw_training_curves(metrics_csv: Path) -> Gallery:
    """Draw one chart per measure over the epochs, training and validation together. Raises UserError when the file cannot be read."""
    lines: dict[str, dict[str, figures.Line]] = defaultdict(dict)
    for name, line in read_metrics(metrics_csv).items():
        split, measure = split_name(name)
        if "/" not in measure:  # else it is one family's; the curve of the worst ones shows what decided
            lines[measure][split or measure] = line
    charts = {measure: figures.draw_curves(named, "epoch") for measure, named in lines.items()}
    return Gallery([Picture(f"curve_{measure.replace('/', '_')}", measure.replace("_", " "), svg=chart) for measure, chart in charts.items()])


def read_metrics(path: Path) -> dict[str, figures.Line]:
    """Return the (epochs, values) of each metric: the mean of what was logged in each epoch, without epochs whose mean is not finite.

    Raises UserError when the file cannot be read as a metrics.csv.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        logged: dict[str, dict[float, list[float]]] = defaultdict(lambda: defaultdict(list))
        for row in rows:
            for name, cell in row.items():
                if name not in NOT_CURVES and cell and row.get("epoch"):
                    logged[name][float(row["epoch"])].append(float(cell))
    except (OSError, ValueError) as error:
        raise UserError(f"training metrics {path} cannot be read ({error}): expected the metrics.csv of a training run") from error
    metrics = {}
    for name, by_epoch in logged.items():
        epochs = np.array(sorted(by_epoch))
        values = np.array([np.mean(by_epoch[epoch]) for epoch in epochs])
        known = np.isfinite(values)
        if known.any():
            metrics[name] = (epochs[known], values[known])
    return metrics


def split_name(name: str) -> MetricName:
    """Split `train/loss`, `train_loss` or `loss_train` into ("train", "loss"); a name without a split gives ("", name)."""
    for split in SPLITS:
        for joint in "/_":
            if name.startswith(split + joint):
                return MetricName(split, name[len(split) + 1 :].removesuffix("_epoch"))
            if name.endswith(joint + split):
                return MetricName(split, name[: -len(split) - 1])
    return MetricName("", name)
