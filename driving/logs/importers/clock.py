"""Whether a source's clock can be that of its camera, and what to count time by where it cannot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from driving.logs.features import LogError

SLOWEST_HZ, FASTEST_HZ = 1.0, 130.0
TOLERATED_SHARE = 0.01


def fault(times_s: Sequence[float]) -> str | None:
    """Why these times (s) of successive frames cannot be a camera's; None where they can."""
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
        return f"it says {rate_hz:.3g} frames a second ({len(known)} frames in {known[-1] - known[0]:.3g} s), which no camera made"
    return None


def settle(times_s: Sequence[float], rate_hz: float | None, default_hz: float, notes: list[str]) -> float | None:
    """The rate to count time by instead of the clock, or None to trust the clock; says which in `notes`.

    A stated `rate_hz` always wins; `default_hz` stands in for an impossible clock. Raises LogError on an impossible rate.
    """
    if rate_hz is not None:
        checked_rate(rate_hz)
        notes.append(f"times are counted at {rate_hz:g} Hz, as asked; the source's own clock is not used")
        return rate_hz
    why = fault(times_s)
    if why is None:
        return None
    notes.append(f"the source's clock is impossible: {why}. Times are counted at {default_hz:g} Hz; if that is not the car's rate, give rate_hz")
    return default_hz


def nominal_rate(times_s: Sequence[float]) -> float:
    """A trusted clock's frame rate (Hz), to three digits."""
    return float(f"{1.0 / float(np.nanmedian(np.diff(np.asarray(times_s, dtype=np.float64)))):.3g}")


def checked_rate(rate_hz: float) -> None:
    """Raises LogError where no camera has this rate."""
    if not SLOWEST_HZ <= rate_hz <= FASTEST_HZ:
        raise LogError(f"rate_hz is {rate_hz:g}, expected {SLOWEST_HZ:g} to {FASTEST_HZ:g} frames a second")
