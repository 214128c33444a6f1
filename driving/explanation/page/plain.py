"""Results as plain values for explain.json."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from torch import nn


def make_plain(value: Any) -> Any:
    """Return a result as values for JSON: records become objects, arrays become lists, and what is not a number becomes null."""
    if isinstance(value, np.ndarray):
        return make_plain(value.tolist())
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    if is_dataclass(value) and not isinstance(value, type):
        parts = {field.name: getattr(value, field.name) for field in fields(value)}
        return {name: make_plain(part) for name, part in parts.items() if not isinstance(part, nn.Module)}
    if isinstance(value, dict):
        return {str(key): make_plain(one) for key, one in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return make_plain(value._asdict())
    if isinstance(value, list | tuple):
        return [make_plain(one) for one in value]
    return value
