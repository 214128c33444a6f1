"""Piecewise cubics take the piece that begins last before a station."""

from __future__ import annotations

import numpy as np
import pytest

from driving.world.geometry.cubics import Cubic, evaluate

PIECES = [Cubic(10.0, 1.0, 2.0, 3.0, 4.0), Cubic(20.0, -1.0, 0.0, 0.0, 0.5)]


def test_each_piece_counts_from_its_own_start_and_the_first_value_holds_before_it() -> None:
    np.testing.assert_allclose(evaluate(PIECES, np.array([0.0, 10.0, 12.0, 20.0, 22.0])), [1.0, 1.0, 1.0 + 4.0 + 12.0 + 32.0, -1.0, 3.0])


def test_no_piece_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one piece"):
        evaluate([], np.zeros(1))
