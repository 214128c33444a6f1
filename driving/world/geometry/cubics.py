"""Piecewise cubic polynomials as OpenDRIVE writes them: a + b ds + c ds^2 + d ds^3, with ds the distance (m) from the piece's start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Cubic(NamedTuple):
    """One piece: it holds from station `s_m` to the start of the next piece."""

    s_m: float
    a: float
    b: float
    c: float
    d: float


def evaluate(pieces: Sequence[Cubic], s_m: np.ndarray) -> np.ndarray:
    """Return the values (N,) at stations (N,). `pieces` are in the order of their starts; before the first, its `a` holds.

    Raises ValueError without any piece.
    """
    if not pieces:
        raise ValueError("a piecewise cubic needs at least one piece, got none")
    starts = np.array([piece.s_m for piece in pieces])
    which = np.clip(np.searchsorted(starts, s_m, side="right") - 1, 0, None)
    start, a, b, c, d = np.array(pieces)[which].T
    ds = np.where(s_m < start, 0.0, s_m - start)
    return np.asarray(a + ds * (b + ds * (c + ds * d)))
