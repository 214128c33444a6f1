"""How smoothly the neurons move, and how few directions their activity has, as in the study of neural circuit policies (Lechner et al. 2020).

Shapes: T ticks, H neurons, F frequencies, D drives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import signal

from driving.evaluation.statistics.bootstrap import bootstrap_mean
from driving.evaluation.statistics.interval import Interval
from driving.explanation.watched import WatchedDrive
from driving.viewer.activity import find_components

SEGMENT_S = 6.4  # of a drive, for its spectrum
FAST_HZ = 1.0
SHOWN_COMPONENTS = 3


@dataclass(frozen=True)
class Activity:
    """The figures of one policy over its drives; shares have intervals over drives."""

    largest_change_H: np.ndarray  # of each neuron from one tick to the next, over all drives
    frequency_hz_F: np.ndarray
    power_F: np.ndarray  # the share of the neurons' power at each frequency, mean over drives
    fast_share: float  # of the power above FAST_HZ
    fast_interval: Interval
    component_shares: list[float]  # of the variance of the neurons before the motor, mean over drives
    component_intervals: list[Interval]


def measure_activity(drives: Sequence[WatchedDrive], roles: Sequence[str]) -> Activity:
    """Return the figures of some drives. The jump where a car is put back does not come from the network and does not count."""
    hidden = [h for h, role in enumerate(roles) if role != "motor"]
    changes = [np.abs(np.diff(drive.state_TH[ticks], axis=0)).max(0, initial=0.0) for drive in drives for ticks in drive.stretches]
    frequency, powers = _find_spectra(drives)
    fast = powers[:, frequency > FAST_HZ].sum(1)
    shares = [find_components(drive.state_TH[:, hidden]).shares[:SHOWN_COMPONENTS] for drive in drives]
    shares = [np.pad(one, (0, SHOWN_COMPONENTS - len(one))) for one in shares]
    return Activity(
        largest_change_H=np.max(changes, axis=0),
        frequency_hz_F=frequency,
        power_F=powers.mean(0),
        fast_share=float(fast.mean()),
        fast_interval=bootstrap_mean(fast),
        component_shares=[float(one) for one in np.mean(shares, axis=0)],
        component_intervals=[bootstrap_mean(np.array(one)) for one in zip(*shares, strict=True)],
    )


def _find_spectra(drives: Sequence[WatchedDrive]) -> tuple[np.ndarray, np.ndarray]:
    """Return frequencies (F,) and each drive's shares of power (D, F): Welch's method for each neuron, added over the neurons."""
    step_s = float(np.mean(np.concatenate([drive.dt_s_T for drive in drives])))
    segment = round(SEGMENT_S / step_s)
    frequency, spectra = np.zeros(0), []
    for drive in drives:
        padded = np.pad(drive.state_TH, ((0, max(0, segment - len(drive.state_TH))), (0, 0)), mode="edge")
        frequency, power_FH = signal.welch(padded, 1.0 / step_s, nperseg=segment, axis=0)
        power = power_FH.sum(1)
        spectra.append(power / max(float(power.sum()), np.finfo(float).tiny))
    return frequency, np.array(spectra)
