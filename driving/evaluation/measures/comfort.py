"""How the ride felt: bounds on acceleration, jerk and yaw, and how smoothly the car was steered.

Source of the bounds: Bench2Drive (Jia et al. 2024), which takes them from nuPlan. A drive is cut into pieces of 2 s; a piece is comfortable if it
stays within every bound. As there, each signal is smoothed by a Savitzky-Golay filter of second order over 0.7 s. Unlike in its code, the yaw
acceleration is the derivative of the yaw rate, as its paper says. The rest of a stretch that does not fill 2 s is left out.
"""

from __future__ import annotations

import numpy as np
from scipy.signal import savgol_filter

from driving.evaluation.measures.stretches import Columns, split_at_put_backs

PIECE_S, SMOOTHING_S, ORDER = 2.0, 0.7, 2
LONGITUDINAL_MPS2 = (-4.05, 2.40)
LATERAL_MPS2 = 4.89
JERK_MPS3, LONGITUDINAL_JERK_MPS3 = 8.37, 4.13
YAW_RADPS2, YAW_RADPS = 1.93, 0.95


def comfortable_share(columns: Columns) -> float:
    """Return the share (0 to 1) of the pieces of 2 s that stay within Bench2Drive's bounds, NaN where there is no whole piece."""
    if len(columns["dt_s"]) == 0:
        return float("nan")
    dt_s = float(np.median(columns["dt_s"]))
    count = max(round(PIECE_S / dt_s), ORDER + 2)
    comfortable = []
    for ticks in split_at_put_backs(columns):
        speed, yaw_rate = (columns[name][ticks].astype(float) for name in ("speed_mps", "yaw_rate_radps"))
        for start in range(0, len(speed) - count + 1, count):
            comfortable.append(_is_comfortable(speed[start : start + count], yaw_rate[start : start + count], dt_s))
    return sum(comfortable) / len(comfortable) if comfortable else float("nan")


def _is_comfortable(speed_mps: np.ndarray, yaw_rate_radps: np.ndarray, dt_s: float) -> bool:
    """Return whether one piece stays within every bound."""
    window = min(max(2 * (round(SMOOTHING_S / dt_s) // 2) + 1, ORDER + 1), len(speed_mps))

    def smooth(values: np.ndarray, derivative: int = 0) -> np.ndarray:
        return np.asarray(savgol_filter(values, window, ORDER, deriv=derivative, delta=dt_s))

    along = smooth(np.gradient(speed_mps, dt_s))
    across = smooth(speed_mps * yaw_rate_radps)
    bounds = (
        (along, *LONGITUDINAL_MPS2),
        (across, -LATERAL_MPS2, LATERAL_MPS2),
        (smooth(np.hypot(along, across), 1), -JERK_MPS3, JERK_MPS3),
        (smooth(along, 1), -LONGITUDINAL_JERK_MPS3, LONGITUDINAL_JERK_MPS3),
        (smooth(yaw_rate_radps, 1), -YAW_RADPS2, YAW_RADPS2),
        (smooth(yaw_rate_radps), -YAW_RADPS, YAW_RADPS),
    )
    return all(bool(((values > low) & (values < high)).all()) for values, low, high in bounds)


def steering_smoothness(columns: Columns) -> float:
    """Return the root mean square of the applied steer's rate of change (1/s). Less is smoother."""
    return _compute_rms(_differentiate(columns, 1))


def steering_jerk(columns: Columns) -> float:
    """Return the root mean square of the second derivative of the applied steer (1/s^2): how abruptly the wheel starts and stops to turn."""
    return _compute_rms(_differentiate(columns, 2))


def _differentiate(columns: Columns, times: int) -> np.ndarray:
    """Return the steer's derivative of this order at all ticks that have one, without the jumps between stretches."""
    parts = [np.zeros(0)]
    for ticks in split_at_put_backs(columns):
        values, dt_s = columns["steer"][ticks].astype(float), columns["dt_s"][ticks].astype(float)
        for _ in range(times):
            values, dt_s = np.diff(values) / dt_s[1:], dt_s[1:]
        parts.append(values)
    return np.concatenate(parts)


def _compute_rms(values: np.ndarray) -> float:
    """Return the root mean square, NaN of no values."""
    return float(np.sqrt(np.mean(values**2))) if len(values) else float("nan")
