"""What each neuron responds to: correlation and mutual information with each signal, with intervals and with what chance gives.

The mutual information is that of eight levels each, which hold equally many frames. It is never negative and grows with any dependence, so chance
alone gives some. How much is seen when the signals are shifted in time against the states, drive by drive: that keeps how slowly each of them
changes, and takes away what they have to do with each other. The p-value is that of a gamma distribution with the mean and variance of these.
Shapes: T ticks, H neurons, K signals, L levels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from driving.evaluation.statistics.interval import Interval
from driving.evaluation.statistics.multiplicity import adjust_p_values
from driving.explanation.blocks import Blocks
from driving.explanation.watched import SIGNALS, WatchedDrive

LEVELS = 8
CELLS = LEVELS * LEVELS
SHIFTS = 200
LEAST_SHIFT_S = 5.0
LEAST_STD = 1e-9  # a neuron or signal that varies less does not vary


@dataclass(frozen=True)
class Response:
    """How one neuron goes with one signal."""

    neuron: str
    signal: str
    correlation: float  # -1 to 1; NaN where one of both does not vary
    correlation_interval: Interval
    information_bits: float
    information_interval: Interval
    chance_bits: float  # 95 of 100 shifted drives give less
    adjusted_p: float  # that chance gives as much, after Benjamini and Hochberg over all neurons and signals


def measure_responses(drives: Sequence[WatchedDrive], names: Sequence[str], seed: int = 0) -> list[Response]:
    """Return the responses of all neurons to all signals."""
    blocks, random = Blocks([drive.dt_s_T for drive in drives], seed), np.random.default_rng(seed)
    states = [_find_levels([drive.state_TH[:, h] for drive in drives]) for h in range(len(names))]
    signals = [_find_levels([drive.signals_TK[:, k] for drive in drives]) for k in range(len(SIGNALS))]
    correlations = [_correlate(drives, h, k, blocks) for h in range(len(names)) for k in range(len(SIGNALS))]
    places = [_draw_shifts(drive.dt_s_T, random) for drive in drives]
    shifted = [[levels[place_NT] for levels, place_NT in zip(signal, places, strict=True)] for signal in signals]
    informed = [_inform(state, signal, apart, blocks) for state in states for signal, apart in zip(signals, shifted, strict=True)]
    keys = [(name, signal) for name in names for signal in SIGNALS]
    adjusted = adjust_p_values({f"{name}/{signal}": p for (name, signal), (*_, p) in zip(keys, informed, strict=True)})
    return [
        Response(name, signal, *correlation, bits, interval, chance, adjusted[f"{name}/{signal}"])
        for (name, signal), correlation, (bits, interval, chance, _) in zip(keys, correlations, informed, strict=True)
    ]


def _draw_shifts(dt_s_T: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return SHIFTS orders (N, T) of a drive's ticks: shifted around its end by LEAST_SHIFT_S or more, in a short drive by a third or more."""
    ticks = len(dt_s_T)
    least = min(round(LEAST_SHIFT_S / float(np.mean(dt_s_T))), ticks // 3)
    return (np.arange(ticks) + random.integers(least, ticks - least + 1, size=(SHIFTS, 1))) % ticks


def _correlate(drives: Sequence[WatchedDrive], h: int, k: int, blocks: Blocks) -> tuple[float, Interval]:
    """Return the correlation over all frames, and its interval."""
    shift_x, shift_y = (np.mean(np.concatenate(part)) for part in ([d.state_TH[:, h] for d in drives], [d.signals_TK[:, k] for d in drives]))
    moments = []
    for drive in drives:
        x, y = drive.state_TH[:, h] - shift_x, drive.signals_TK[:, k] - shift_y
        moments.append(np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1))
    value = float(_correlation_of(np.concatenate(moments).sum(0)[None])[0, 0])
    return value, blocks.interval(moments, _correlation_of)[0]


def _correlation_of(sums_D6: np.ndarray) -> np.ndarray:
    """Return the correlation (D, 1) from sums of 1, x, y, x^2, y^2 and x y."""
    n, x, y, xx, yy, xy = sums_D6.T
    spread = np.sqrt(np.maximum(xx / n - (x / n) ** 2, 0.0) * np.maximum(yy / n - (y / n) ** 2, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(spread > LEAST_STD**2, (xy / n - x * y / n**2) / spread, np.nan)[:, None]


def _find_levels(values: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return the level, 0 to LEVELS - 1, of each value per drive; all 0 where nothing varies."""
    edges = np.quantile(np.concatenate(values), np.linspace(0.0, 1.0, LEVELS + 1)[1:-1])
    return [np.searchsorted(edges, one, side="right") for one in values]


def _inform(states: list[np.ndarray], signals: list[np.ndarray], shifted: list[np.ndarray], blocks: Blocks) -> tuple[float, Interval, float, float]:
    """Return the mutual information in bits, its interval, what chance gives, and the p-value. `shifted` are the signals (N, T) per drive."""
    one_hot = [np.eye(CELLS)[state * LEVELS + signal] for state, signal in zip(states, signals, strict=True)]
    value = float(_information_of(np.concatenate(one_hot).sum(0)[None])[0, 0])
    first_N1 = CELLS * np.arange(SHIFTS)[:, None]  # where the counts of each shift begin
    counts = [
        np.bincount((first_N1 + state * LEVELS + apart).ravel(), minlength=SHIFTS * CELLS) for state, apart in zip(states, shifted, strict=True)
    ]
    chance = _information_of(np.sum(counts, axis=0).reshape(SHIFTS, CELLS))[:, 0]
    mean, variance = float(chance.mean()), float(chance.var())
    p_value = float(stats.gamma.sf(value, mean**2 / variance, scale=variance / mean)) if variance > 0.0 else 1.0
    drawn = blocks.interval(one_hot, _information_of)[0]
    # Reflected at the value, because a draw holds blocks twice and so has more information than the frames.
    interval = Interval(max(0.0, 2.0 * value - drawn.high), max(0.0, 2.0 * value - drawn.low), drawn.basis)
    return value, interval, float(np.quantile(chance, 0.95)), p_value


def _information_of(counts_DLL: np.ndarray) -> np.ndarray:
    """Return the mutual information (D, 1) in bits of counts per pair of levels (D, L L)."""
    joint = counts_DLL.reshape(-1, LEVELS, LEVELS) / counts_DLL.sum(-1)[:, None, None]
    independent = joint.sum(2, keepdims=True) * joint.sum(1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(joint > 0.0, joint * np.log2(joint / independent), 0.0)
    return terms.sum((1, 2))[:, None]
