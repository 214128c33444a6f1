"""Windows of consecutive frames: what one training step sees, with true time steps, drawn from mapped images.

An episode is cut where its clock jumps; a window never reaches over a cut, over the end of an episode, or from one part of the split to another.
Shapes: B windows, T time, Y rows, X columns, C channels (RGB).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from perception.augmentation import Augmentation

EPOCH_STRIDE = 1_000_003  # keeps the seeds of neighbouring epochs and runs apart


class Batch(NamedTuple):
    """Images uint8 as `to_model` gives them, time steps in s, labels, and the label's weight: 0 where there is none."""

    images_BTYXC: Tensor
    dt_BT: Tensor
    target_BT: Tensor
    weight_BT: Tensor


@dataclass(frozen=True)
class EpisodeArrays:
    """One episode: images (T, Y, X, C) uint8, usually mapped; time steps (T,) in s; labels (T,), NaN where there is none."""

    images: np.ndarray
    dt_s: np.ndarray
    target: np.ndarray


class Span(NamedTuple):
    """Frames `first` to `stop` (exclusive) of an episode."""

    episode: int
    first: int
    stop: int


class Draw(NamedTuple):
    """One window to read: where it starts, and the seed of its augmentation."""

    episode: int
    start: int
    seed: int


def cut_at_gaps(span: Span, dt_s: np.ndarray, max_gap_s: float) -> list[Span]:
    """The span in pieces, cut before every frame that comes more than `max_gap_s` after the one before."""
    cuts = [span.first + 1 + int(at) for at in np.flatnonzero(dt_s[span.first + 1 : span.stop] > max_gap_s)]
    edges = [span.first, *cuts, span.stop]
    return [Span(span.episode, first, stop) for first, stop in itertools.pairwise(edges)]


class WindowDataset(Dataset[Batch]):
    """Reads windows of `window` frames out of episodes, a whole batch at once; augments them where it is told to."""

    def __init__(self, episodes: Sequence[EpisodeArrays], window: int, augmentation: Augmentation | None = None) -> None:
        self._episodes, self._window, self._augmentation = episodes, window, augmentation

    def __getitems__(self, draws: Sequence[Draw]) -> Batch:
        """The windows of the draws as one batch."""
        pieces = [(self._episodes[draw.episode], slice(draw.start, draw.start + self._window)) for draw in draws]
        images = torch.from_numpy(np.stack([episode.images[rows] for episode, rows in pieces]))
        if self._augmentation is not None:
            images = self._augmentation(images, torch.Generator().manual_seed(draws[0].seed))
        target = np.stack([episode.target[rows] for episode, rows in pieces])
        known = np.isfinite(target)
        dt = np.stack([_steps(episode.dt_s, rows) for episode, rows in pieces])
        values = [torch.from_numpy(array.astype(np.float32)) for array in (dt, np.where(known, target, 0.0), known)]
        return Batch(images, *values)

    def __getitem__(self, draw: Draw) -> Batch:
        return self.__getitems__([draw])


def _steps(dt_s: np.ndarray, rows: slice) -> np.ndarray:
    """The time steps of a window. Its first stands for no gap before it: it is the second, as the state starts there anyway."""
    steps = dt_s[rows].copy()
    if len(steps) > 1:
        steps[0] = min(steps[0], steps[1])
    return steps


class WindowSampler(Sampler[Draw]):
    """Every window once an epoch. When `shuffled`, in an order, at a shift below the stride and with augmentation seeds
    that depend on nothing but (seed, epoch), so that a resumed run draws what the unbroken one would have."""

    def __init__(self, spans: Sequence[Span], window: int, stride: int, shuffled: bool, seed: int = 0) -> None:
        self._bases = [
            (span.episode, start, min(start + stride, span.stop - window + 1))
            for span in spans
            for start in range(span.first, span.stop - window + 1, stride)
        ]
        self._shuffled, self._seed, self._epoch = shuffled, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Which epoch's order comes next."""
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._bases)

    def __iter__(self) -> Iterator[Draw]:
        if not self._shuffled:
            yield from (Draw(episode, start, 0) for episode, start, _ in self._bases)
            return
        generator = torch.Generator().manual_seed(self._seed * EPOCH_STRIDE + self._epoch)
        order = torch.randperm(len(self._bases), generator=generator).tolist()
        shares = torch.rand(len(self._bases), generator=generator).tolist()
        seeds = torch.randint(2**31, (len(self._bases),), generator=generator).tolist()
        for index, share, seed in zip(order, shares, seeds, strict=True):
            episode, start, stop = self._bases[index]
            yield Draw(episode, start + int(share * (stop - start)), seed)
