"""The learning part of a report: what was in the log, and the curves of metrics.csv as Lightning's CSV logger writes it."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np

from driving.logs.keys import ACTION, LANE, STATE
from driving.logs.reader import Log
from driving.quantities import UserError
from driving.reports import figures
from driving.reports.document import Gallery, Picture, Table

NOT_CURVES = ("epoch", "step")
SPLITS = ("train", "val", "test", "closed_loop")


def log_table(root: Path) -> tuple[Table, Gallery]:
    """What the log holds, and how its labels and lane offsets are spread."""
    log = Log(root)
    actions, laterals, seconds, metres = [], [], 0.0, 0.0
    for index in range(len(log.episodes)):
        columns, times = log.columns(index), log.timestamps(index)
        seconds += float(times[-1] - times[0]) if len(times) > 1 else 0.0
        actions.append(np.asarray(columns[ACTION], dtype=float)[:, 0])
        if LANE in columns:
            laterals.append(np.asarray(columns[LANE], dtype=float)[:, 0])
        if STATE in columns and len(times) > 1:
            metres += float((np.asarray(columns[STATE], dtype=float)[1:, 0] * np.diff(times)).sum())
    rows = [["episodes", str(len(log.episodes))], ["frames", f"{sum(map(len, actions)):,}"], ["duration", f"{seconds / 60:.1f} min"]]
    rows += [["rate", f"{log.fps:g} Hz"], *([["distance", f"{metres / 1000:.2f} km"]] if metres else []), ["cameras", ", ".join(log.image_keys)]]
    pictures = [
        Picture("log_steer", "the log's steering labels; counts on a logarithmic scale", svg=figures.histogram(np.concatenate(actions), "steer"))
    ]
    if laterals:
        drawing = figures.histogram(np.concatenate(laterals), "off centre (m)")
        pictures.append(Picture("log_lateral", "how far off the centre the log goes: recoveries are in the tails", svg=drawing))
    return Table(["log", ""], rows, textual=True), Gallery(pictures)


def training_curves(metrics_csv: Path) -> Gallery:
    """One drawing a measure over the epochs, with training and validation in it together. Raises UserError where the file cannot be read."""
    lines: dict[str, dict[str, tuple[np.ndarray, np.ndarray]]] = defaultdict(dict)
    for name, (x, y) in read_metrics(metrics_csv).items():
        split, measure = split_name(name)
        lines[measure][split or measure] = (x, y)
    return Gallery([Picture(f"curve_{m.replace('/', '_')}", m.replace("_", " "), svg=figures.curves(named, "epoch")) for m, named in lines.items()])


def read_metrics(path: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Each measure's (epochs, values): the mean over each epoch of what was logged in it."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        sums: dict[str, dict[float, list[float]]] = defaultdict(lambda: defaultdict(list))
        for row in rows:
            for name, cell in row.items():
                if name not in NOT_CURVES and cell and row.get("epoch"):
                    sums[name][float(row["epoch"])].append(float(cell))
    except (OSError, ValueError) as error:
        raise UserError(f"training metrics {path} cannot be read ({error}): expected the metrics.csv of a training run") from error
    measures = {}
    for name, by_epoch in sums.items():
        epochs = np.array(sorted(by_epoch))
        values = np.array([np.mean(by_epoch[epoch]) for epoch in epochs])
        known = np.isfinite(values)
        if known.any():
            measures[name] = (epochs[known], values[known])
    return measures


def split_name(name: str) -> tuple[str, str]:
    """`train/loss`, `train_loss` or `loss_train` as ("train", "loss"); without a split, ("", name)."""
    for split in SPLITS:
        for joint in "/_":
            if name.startswith(split + joint):
                return split, name[len(split) + 1 :].removesuffix("_epoch")
            if name.endswith(joint + split):
                return split, name[: -len(split) - 1]
    return "", name
