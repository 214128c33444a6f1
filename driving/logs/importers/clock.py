"""Check whether a source's times can be those of its camera, and choose a rate to count time by where they cannot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from driving.logs.features import LogError

SLOWEST_HZ, FASTEST_HZ = 1.0, 130.0
TOLERATED_SHARE = 0.01


def find_fault(times_s: Sequence[float]) -> str | None:
    """Return why these times (s) of successive frames cannot be a camera's; None where they can."""
    if len(times_s) < 2:
        return "it has fewer than two frames"
    times = np.asarray(times_s, dtype=np.float64)
    known = times[np.isfinite(times)]
    if len(known) < 2 or len(known) < (1.0 - TOLERATED_SHARE) * len(times):
        return f"{len(times) - len(known)} of {len(times)} frames have no time"
    steps = np.diff(known)
    backwards = int((steps <= 0.0).sum())
    if backwards > max(1.0, TOLERATED_SHARE * len(steps)):
        return f"{backwards} of its {len(steps)} steps stand still or go back"
    rate_hz = 1.0 / float(np.median(steps))
    if not SLOWEST_HZ <= rate_hz <= FASTEST_HZ:
        return f"it gives {rate_hz:.3g} frames per second ({len(known)} frames in {known[-1] - known[0]:.3g} s), which is not the rate of a camera"
    return None


def choose_rate(times_s: Sequence[float], rate_hz: float | None, default_hz: float, notes: list[str]) -> float | None:
    """Return the rate (Hz) to count time by instead of the clock; None to use the clock. A line in `notes` tells the user.

    A given `rate_hz` always counts. `default_hz` replaces an impossible clock. Raises LogError for an impossible `rate_hz`.
    """
    if rate_hz is not None:
        check_rate(rate_hz)
        notes.append(f"times are counted at {rate_hz:g} Hz, as asked; the source's own clock is not used")
        return rate_hz
    why = find_fault(times_s)
    if why is None:
        return None
    notes.append(f"the source's clock is impossible: {why}. Times are counted at {default_hz:g} Hz; if that is not the car's rate, give rate_hz")
    return default_hz


def nominal_rate(times_s: Sequence[float]) -> float:
    """Return the frame rate (Hz) of a trusted clock, to three digits."""
    return float(f"{1.0 / float(np.nanmedian(np.diff(np.asarray(times_s, dtype=np.float64)))):.3g}")


def check_rate(rate_hz: float) -> None:
    """Check a frame rate. Raises LogError where it is not the rate of a camera."""
    if not SLOWEST_HZ <= rate_hz <= FASTEST_HZ:
        raise LogError(f"rate_hz is {rate_hz:g}, expected {SLOWEST_HZ:g} to {FASTEST_HZ:g} frames per second")
