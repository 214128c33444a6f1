"""The ten statistics that LeRobot keeps of each feature, per episode and over all episodes.

They are min, max, mean, std (of the population), count, and five quantiles. Over several episodes LeRobot averages the quantiles, weighted by
count. This is an approximation, but tools compare the values, so it is the same here.
Shapes: (n,) for a vector of n, (1,) for a scalar, (3, 1, 1) for an image, whose values are in [0, 1].
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

Statistics = dict[str, np.ndarray]

QUANTILES = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}
NAMES = ("min", "max", "mean", "std", "count", *QUANTILES)
LEVELS = 256


def of_column(values: np.ndarray) -> Statistics:
    """Return the statistics of a column (T,) or (T, n) of numbers, T > 0."""
    table = values.reshape(len(values), -1)
    wide = table.astype(np.float64)
    quantiles = np.quantile(wide, list(QUANTILES.values()), axis=0)
    return {
        "min": table.min(axis=0),
        "max": table.max(axis=0),
        "mean": wide.mean(axis=0),
        "std": wide.std(axis=0),
        "count": np.array([len(table)]),
        **dict(zip(QUANTILES, quantiles, strict=True)),
    }


class PixelStatistics:
    """The statistics of an episode's images, from a histogram of every `every`-th frame and every `stride`-th row and column."""

    def __init__(self, every: int = 5, stride: int = 4) -> None:
        self._every, self._stride = every, stride
        self._seen = 0
        self._histogram = np.zeros((3, LEVELS), dtype=np.int64)

    def add(self, image: np.ndarray) -> None:
        """Count the next image (Y, X, 3) uint8."""
        if self._seen % self._every == 0:
            sample = image[:: self._stride, :: self._stride]
            for channel in range(3):
                self._histogram[channel] += np.bincount(sample[..., channel].ravel(), minlength=LEVELS)
        self._seen += 1

    def result(self) -> Statistics:
        """Return the statistics of the images so far, at least one."""
        levels = np.arange(LEVELS) / (LEVELS - 1)
        weight = self._histogram / self._histogram.sum(axis=1, keepdims=True)
        cumulated = np.cumsum(self._histogram, axis=1)
        mean = weight @ levels
        present = self._histogram > 0
        result = {
            "min": levels[present.argmax(axis=1)],
            "max": levels[LEVELS - 1 - present[:, ::-1].argmax(axis=1)],
            "mean": mean,
            "std": np.sqrt(np.maximum(weight @ levels**2 - mean**2, 0.0)),
        }
        for name, q in QUANTILES.items():
            result[name] = levels[(cumulated >= q * cumulated[:, -1:]).argmax(axis=1)]
        shaped = {name: value.reshape(3, 1, 1) for name, value in result.items()}
        return {**shaped, "count": np.array([-(-self._seen // self._every)])}


def merge(one: Statistics, other: Statistics) -> Statistics:
    """Return the statistics of two sets of frames together (quantiles: averaged, weighted by count)."""
    count = one["count"] + other["count"]
    share = other["count"] / count
    mean = one["mean"] + (other["mean"] - one["mean"]) * share
    spread = [part["std"] ** 2 + (part["mean"] - mean) ** 2 for part in (one, other)]
    return {
        "min": np.minimum(one["min"], other["min"]),
        "max": np.maximum(one["max"], other["max"]),
        "mean": mean,
        "std": np.sqrt(spread[0] * (1.0 - share) + spread[1] * share),
        "count": count,
        **{name: one[name] * (1.0 - share) + other[name] * share for name in QUANTILES},
    }


def merge_all(total: Mapping[str, Statistics], episode: Mapping[str, Statistics]) -> dict[str, Statistics]:
    """Apply `merge` to every feature of `episode`. A feature that `total` lacks is taken from `episode`."""
    return {key: merge(total[key], stats) if key in total else stats for key, stats in episode.items()}
