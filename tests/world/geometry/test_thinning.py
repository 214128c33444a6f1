"""Thinned lines stay close to the lines that they were made from, and straight parts need few points."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from driving.world.geometry.polylines import resample, stations
from driving.world.geometry.thinning import keep_bends, keep_joints

Keep = Callable[[np.ndarray, float, float], np.ndarray]


def _bends(line: np.ndarray, error_m: float, longest_m: float) -> np.ndarray:
    return keep_bends([line], error_m, longest_m)


def _wave() -> np.ndarray:
    """A winding line (K, 3) over hills."""
    t = np.linspace(0.0, 60.0, 241)
    return np.stack([t, 4.0 * np.sin(t / 9.0), 0.5 * np.cos(t / 7.0)], axis=1)


@pytest.mark.parametrize("keep", [_bends, keep_joints])
def test_a_straight_line_keeps_its_ends_and_what_the_longest_chord_asks_for(keep: Keep) -> None:
    line = np.linspace([0.0, 0.0, 0.0], [30.0, 0.0, 3.0], 31)
    assert keep(line, 0.01, 100.0).tolist() == [0, 30]
    assert keep(line, 0.01, 10.5).tolist() == [0, 10, 20, 30]


@pytest.mark.parametrize("keep", [_bends, keep_joints])
def test_a_thinned_line_has_fewer_points_and_errs_by_little(keep: Keep) -> None:
    line = _wave()
    kept = keep(line, 0.05, 100.0)
    assert (kept[0], kept[-1]) == (0, len(line) - 1)
    assert 5 < len(kept) < len(line) / 4
    s = stations(line)
    assert np.abs(resample(s, s[kept], line[kept]) - line).max() < 0.15


def test_lines_side_by_side_keep_the_points_that_any_of_them_needs() -> None:
    straight = np.stack([_wave()[:, 0], np.zeros(241), np.zeros(241)], axis=1)
    assert len(keep_bends([straight], 0.05, 100.0)) == 2
    assert len(keep_bends([straight, _wave()], 0.05, 100.0)) > 5
