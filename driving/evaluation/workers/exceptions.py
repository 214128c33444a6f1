"""Exceptions on their way from one process to another."""

from __future__ import annotations

import pickle
import traceback
from multiprocessing.pool import ExceptionWithTraceback  # type: ignore[attr-defined]  # the stubs lack it
from typing import Any


def pack(error: Exception) -> Any:
    """Return an exception so that it keeps its traceback when it is sent; a plain one in the place of one that cannot be sent."""
    packed = ExceptionWithTraceback(error, error.__traceback__)
    try:
        pickle.loads(pickle.dumps(packed))
        return packed
    except Exception:
        return RuntimeError("".join(traceback.format_exception(error)))
