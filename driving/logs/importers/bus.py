"""Signals of a car's bus (CAN) or of its inertial sensor at the times of camera frames: cleaned, then interpolated across short gaps only.

A sample that is not finite, far outside its range or a spike is left out and counted, and so is one whose time does not grow. Frames in a gap
between samples longer than MOST_GAP_S have no value. Shapes: S samples, T frames.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from driving.logs.features import LogError
from driving.logs.importers.scales import Scale, bring_to_our_units
from driving.logs.importers.tally import Deed, Tally

MOST_GAP_S = 0.2  # a longer gap is not bridged
TOLD_GAP_S = 0.05  # a longer gap is told, one frame of a camera at 20 Hz
OUTSIDE_S = 0.05  # the first and the last sample hold for this time before and after
SPIKE_SAMPLES = 7  # the window whose median a sample is compared with
TOLERATED_SHARE = 0.01  # of the samples that may be left out


@dataclass(frozen=True)
class Signal:
    """A signal of the bus.

    Args:
        scale: how it becomes ours.
        most_jump: how far a sample may be from its neighbours' median, in the source's unit; one further off is a spike.
    """

    scale: Scale
    most_jump: float


def sample_at(signal: Signal, at_S: np.ndarray, values_S: np.ndarray, times_T: np.ndarray, tally: Tally) -> np.ndarray:
    """Return a signal in our unit at the frames' times (T,); NaN where it was not measured.

    Args:
        signal: the signal.
        at_S: the samples' times (s).
        values_S: the samples, in the source's unit.
        times_T: the frames' times (s).
        tally: counts the samples that are left out, and the frames that lie in bridged gaps.

    Raises LogError where more than a small share of the samples is useless.
    """
    name = signal.scale.source
    unit = f"samples of {name}"
    tally.totals[unit] += len(at_S)
    usable = np.isfinite(at_S) & np.isfinite(values_S)
    _leave_out(tally, Deed("left out", unit, "not finite"), ~usable, at_S)
    at, values = at_S[usable], values_S[usable]
    grows = at > np.concatenate([[-np.inf], np.maximum.accumulate(at)[:-1]])
    _leave_out(tally, Deed("left out", unit, "the time does not grow"), ~grows, at)
    at, values = at[grows], values[grows]
    ours = bring_to_our_units([signal.scale], values[:, None], [f"{time:.3f} s" for time in at], tally, unit)[:, 0]
    spike = np.isfinite(ours) & (_distance_from_neighbours(values) > signal.most_jump)
    _leave_out(tally, Deed("left out", unit, f"a spike, more than {signal.most_jump:g} off the samples around it"), spike, at)
    kept = np.isfinite(ours) & ~spike
    if kept.sum() < (1.0 - TOLERATED_SHARE) * usable.sum() - 1.0 or kept.sum() < 2:
        raise LogError(f"{name} has {int(kept.sum()):,} usable samples of {len(at_S):,}: {'; '.join(tally.lines())}; fetch the source again")
    return _interpolate(name, at[kept], ours[kept], times_T, tally)


def _distance_from_neighbours(values_S: np.ndarray) -> np.ndarray:
    """Return how far each sample is from the median of the samples around it."""
    around = np.lib.stride_tricks.sliding_window_view(np.pad(values_S, SPIKE_SAMPLES // 2, mode="edge"), SPIKE_SAMPLES)
    return np.abs(values_S - np.median(around, axis=1))


def _interpolate(name: str, at_S: np.ndarray, values_S: np.ndarray, times_T: np.ndarray, tally: Tally) -> np.ndarray:
    """Return the values at the frames' times (T,), NaN in long gaps and outside; count the frames in gaps that are bridged."""
    after = np.clip(np.searchsorted(at_S, times_T), 1, len(at_S) - 1)
    gap_s = at_S[after] - at_S[after - 1]
    inside = (times_T >= at_S[0] - OUTSIDE_S) & (times_T <= at_S[-1] + OUTSIDE_S)
    known = inside & ((gap_s <= MOST_GAP_S) | np.isin(times_T, at_S))
    bridged = known & (gap_s > TOLD_GAP_S)
    if bridged.any():
        deed = Deed("bridged", "frames", f"{name} is interpolated across a gap of {TOLD_GAP_S:g} to {MOST_GAP_S:g} s")
        tally.add(deed, f"{times_T[np.argmax(bridged)]:.3f} s", int(bridged.sum()))
    return np.where(known, np.interp(times_T, at_S, values_S), np.nan)


def _leave_out(tally: Tally, deed: Deed, samples: np.ndarray, at_S: np.ndarray) -> None:
    if samples.any():
        tally.add(deed, f"{at_S[np.argmax(samples)]:.3f} s", int(samples.sum()))
