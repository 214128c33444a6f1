"""Drives made from a seed, with slow signals as a road gives them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.signal import lfilter

from driving.explanation.watched import SIGNALS, WatchedDrive

DT_S = 0.1


def wander(ticks: int, memory_s: float, random: np.random.Generator) -> np.ndarray:
    """A slow signal (T,) of variance 1 that forgets within `memory_s`."""
    keep = np.exp(-DT_S / memory_s)
    return lfilter([np.sqrt(1 - keep**2)], [1.0, -keep], random.normal(size=ticks + 200))[200:]


def make_drive(number: int, neurons: Sequence[Callable[[np.ndarray, np.random.Generator], np.ndarray]], ticks: int = 500) -> WatchedDrive:
    """A drive whose neurons are functions of its signals (T, K)."""
    random = np.random.default_rng(number)
    signals = np.stack([wander(ticks, 2.0, random) for _ in SIGNALS], axis=1)
    return WatchedDrive(
        name=f"drive_{number}",
        state_TH=np.stack([neuron(signals, random) for neuron in neurons], axis=1),
        tau_s_TH=None,
        features_TI=np.zeros((ticks, 1), np.float32),
        signals_TK=signals,
        dt_s_T=np.full(ticks, DT_S),
        stretches=[slice(0, ticks)],
    )
