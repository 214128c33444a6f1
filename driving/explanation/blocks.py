"""The moving-block bootstrap over drives: what is resampled are pieces of driving that are longer than the memory of what is measured.

Frames depend on each other, so they are not resampled one by one. Each drive gives a block of BLOCK_S of driving from each of its ticks on. At the
drive's end a block goes on at its beginning, so that all ticks are drawn equally often. A draw takes as many blocks, from all drives, as there is
driving. A statistic that is a function of sums is then computed from the blocks' sums.
Shapes: T ticks, B blocks, D draws.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from driving.evaluation.statistics.bootstrap import percentile_ends
from driving.evaluation.statistics.interval import Interval

BLOCK_S = 5.0
DRAWS = 1000


class Blocks:
    """The blocks of some drives, given by their ticks' lengths (s), and one fixed set of draws of them."""

    def __init__(self, dt_s_by_drive: Sequence[np.ndarray], seed: int = 0) -> None:
        step_s = float(np.mean(np.concatenate(dt_s_by_drive)))
        self.drives = len(dt_s_by_drive)
        self._length = max(1, round(BLOCK_S / step_s))
        self._ticks = [len(dt_s_T) for dt_s_T in dt_s_by_drive]
        blocks, drawn = sum(self._ticks), max(1, round(sum(self._ticks) / self._length))
        self._picks_DB = np.random.default_rng(seed).integers(blocks, size=(DRAWS, drawn))
        self.basis = f"blocks of {BLOCK_S:g} s of {self.drives} drive{'s' * (self.drives != 1)}, {sum(self._ticks) * step_s / 60.0:.1f} min"

    def draw_sums(self, values_by_drive: Sequence[np.ndarray]) -> np.ndarray:
        """Return the sums (D, ...) over each draw's ticks of values (T, ...) per drive."""
        sums = []
        for values in values_by_drive:
            twice = np.concatenate([values, values[: self._length]])
            total = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(twice, axis=0, dtype=float)])
            length = len(total) - 1 - len(values)
            sums.append((total[length:] - total[:-length])[: len(values)])
        blocks = np.concatenate(sums)
        return np.stack([blocks[picks].sum(0) for picks in self._picks_DB])

    def interval(self, values_by_drive: Sequence[np.ndarray], statistic: Callable[[np.ndarray], np.ndarray]) -> list[Interval]:
        """Return the percentile interval of each entry of `statistic(sums)`, where `sums` are (D, ...) and the result is (D, K)."""
        return [Interval(*percentile_ends(drawn_D), self.basis) for drawn_D in statistic(self.draw_sums(values_by_drive)).T]
