"""How often each window is drawn, so that what is rare in a log is learned as well: a road's family, sharp bends, places beside the centre line.

Frames fall into cells by the episode's task (recordings name the family of the road in it), the size of the label, and the distance from the
centre line where the log knows it. The balance b in [0, 1] gives a frame of a cell with n frames the weight n^-b: 0 draws all frames alike, 1 all
cells alike. Shapes: T frames.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from driving.training.dataset import EpisodeArrays

LABEL_QUANTILES = (0.5, 0.8, 0.95)  # of all labels' sizes; the last twentieth holds the sharp bends and the hard corrections
OFFSETS_M = (0.3, 0.8)  # bounds of "on the centre line", "beside it", "nearly out of the lane"


def weigh_frames(episodes: Sequence[EpisodeArrays], balance: float) -> list[np.ndarray]:
    """Return the weight (T,) of each frame of each episode; the mean over all frames is 1."""
    sizes = [np.abs(np.nan_to_num(episode.target)) for episode in episodes]
    bounds = np.quantile(np.concatenate(sizes), LABEL_QUANTILES)
    tasks = sorted({episode.task for episode in episodes})
    cells = [
        (tasks.index(episode.task) * 4 + np.searchsorted(bounds, size)) * 3 + np.searchsorted(OFFSETS_M, _offsets_m(episode))
        for episode, size in zip(episodes, sizes, strict=True)
    ]
    counts = np.bincount(np.concatenate(cells))
    weights = np.maximum(counts, 1).astype(np.float64) ** -balance
    mean = float((weights * counts).sum() / counts.sum())
    return [weights[cell] / mean for cell in cells]


def _offsets_m(episode: EpisodeArrays) -> np.ndarray:
    """Return the distances (T,) from the centre line (m), 0 where the log does not know them."""
    return np.zeros(len(episode.target)) if episode.lateral_m is None else np.abs(np.nan_to_num(episode.lateral_m))
