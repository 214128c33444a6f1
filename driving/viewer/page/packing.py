"""Numbers as text for the page: compact with 16 bits, or exact with 32."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

HIGHEST_LEVEL = 65535  # the largest 16-bit number


def pack(values: np.ndarray) -> dict[str, Any]:
    """Return numbers (T, K) as base64 of 16-bit levels, with each column's lowest and highest value.

    Values that are not finite count as the lowest.
    """
    values = np.asarray(values, dtype=np.float64)
    known = np.where(np.isfinite(values), values, np.nan)
    empty = ~np.isfinite(known).any(axis=0)
    known[:, empty] = 0.0
    low, high = np.nanmin(known, axis=0), np.nanmax(known, axis=0)
    levels = np.round((np.nan_to_num(known - low)) / np.where(high > low, high - low, 1.0) * HIGHEST_LEVEL).astype("<u2")
    return {"low": low.tolist(), "high": high.tolist(), "levels": base64.b64encode(levels.tobytes()).decode("ascii")}


def pack_exactly(values: np.ndarray) -> str:
    """Return numbers as base64 of their float32 values, row by row."""
    return base64.b64encode(np.asarray(values, dtype="<f4").tobytes()).decode("ascii")
