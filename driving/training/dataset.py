"""Windows of consecutive frames with their true time steps, read from memory-mapped images: what one training step sees.

An episode is cut where its clock jumps. A window lies within one piece, one episode, and one part of the split.
Shapes: B windows, T time, Y rows, X columns, C channels (RGB), A targets of `road_ahead`.
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

from driving.training.road_ahead import TARGETS
from perception.augmentation import Augmentation

EPOCH_STRIDE = 1_000_003  # the seed of an epoch is the training seed times this, plus the epoch, so that no two epochs have the same seed


class Batch(NamedTuple):
    """The windows of one training step."""

    images_BTYXC: Tensor  # uint8, as `to_model` returns them
    dt_BT: Tensor  # s since the frame before
    target_BT: Tensor  # labels in the target's unit; 0 where a frame has none
    weight_BT: Tensor  # 1 where a frame has a label, else 0
    command_BT: Tensor  # int64, numbers of `Command`
    ahead_BTA: Tensor  # where the lane goes, see `road_ahead`; NaN where a frame does not know it


@dataclass(frozen=True)
class EpisodeArrays:
    """One episode, in memory or memory-mapped."""

    images: np.ndarray  # (T, Y, X, C) uint8
    dt_s: np.ndarray  # (T,) s since the frame before
    target: np.ndarray  # (T,) labels in the target's unit; NaN where a frame has none
    lateral_m: np.ndarray | None = None  # (T,) distance from the centre line (m), right positive; None where the log does not know it
    task: str = ""  # what the log says that is driven
    command: np.ndarray | None = None  # (T,) int64, numbers of `Command`; None where the log has none
    ahead: np.ndarray | None = None  # (T, A) where the lane goes, see `road_ahead`; None where the log does not know it


class Span(NamedTuple):
    """Frames `first` to `stop` (exclusive) of an episode."""

    episode: int  # the position among the episodes of all logs, not the episode's number in its log
    first: int
    stop: int


class Draw(NamedTuple):
    """One window to read."""

    episode: int
    start: int  # its first frame
    seed: int  # of its augmentation


class Slot(NamedTuple):
    """The frames at which one window of an epoch may start: `first` to `stop` (exclusive)."""

    episode: int
    first: int
    stop: int


def cut_at_gaps(span: Span, dt_s: np.ndarray, max_gap_s: float) -> list[Span]:
    """Return the span in pieces, cut before every frame that comes more than `max_gap_s` after the frame before it."""
    cuts = [span.first + 1 + int(at) for at in np.flatnonzero(dt_s[span.first + 1 : span.stop] > max_gap_s)]
    edges = [span.first, *cuts, span.stop]
    return [Span(span.episode, first, stop) for first, stop in itertools.pairwise(edges)]


class WindowDataset(Dataset[Batch]):
    """Windows of `window` frames from episodes, read a whole batch at once, and augmented if an `augmentation` is given."""

    def __init__(self, episodes: Sequence[EpisodeArrays], window: int, augmentation: Augmentation | None = None) -> None:
        self._episodes, self._window, self._augmentation = episodes, window, augmentation

    def __getitems__(self, draws: Sequence[Draw]) -> Batch:
        """Return the windows of the draws as one batch. The first draw's seed decides the augmentation of all."""
        pieces = [(self._episodes[draw.episode], slice(draw.start, draw.start + self._window)) for draw in draws]
        images = torch.from_numpy(np.stack([episode.images[rows] for episode, rows in pieces]))
        if self._augmentation is not None:
            images = self._augmentation(images, torch.Generator().manual_seed(draws[0].seed))
        target = np.stack([episode.target[rows] for episode, rows in pieces])
        known = np.isfinite(target)
        dt = np.stack([_steps(episode.dt_s, rows) for episode, rows in pieces])
        command = np.stack([np.zeros(self._window, np.int64) if episode.command is None else episode.command[rows] for episode, rows in pieces])
        dt_BT, target_BT, weight_BT = (torch.from_numpy(array.astype(np.float32)) for array in (dt, np.where(known, target, 0.0), known))
        ahead = np.stack([np.full((self._window, TARGETS), np.nan) if episode.ahead is None else episode.ahead[rows] for episode, rows in pieces])
        return Batch(images, dt_BT, target_BT, weight_BT, torch.from_numpy(command), torch.from_numpy(ahead.astype(np.float32)))

    def __getitem__(self, draw: Draw) -> Batch:
        """Return one window as a batch of one."""
        return self.__getitems__([draw])


def _steps(dt_s: np.ndarray, rows: slice) -> np.ndarray:
    """Return the time steps of a window. The state starts with the window, so its first step is cut to the length of its second."""
    steps = dt_s[rows].copy()
    if len(steps) > 1:
        steps[0] = min(steps[0], steps[1])
    return steps


class WindowSampler(Sampler[Draw]):
    """A sampler that draws every window once per epoch, one window per `stride` frames.

    When `shuffled`, the order, a shift of each window below the stride, and the augmentation's seeds are random. They depend on `seed` and the
    epoch only, so that a resumed run draws the same windows as an uninterrupted one.

    With `weights`, one for each frame of each episode, a shuffled epoch has the same number of windows, but it draws a window as often as the
    mean weight of its frames says, relative to the other windows. The number of draws differs from that by less than one (systematic sampling).
    """

    def __init__(
        self, spans: Sequence[Span], window: int, stride: int, shuffled: bool, seed: int = 0, weights: Sequence[np.ndarray] | None = None
    ) -> None:
        self._slots = [
            Slot(span.episode, start, min(start + stride, span.stop - window + 1))
            for span in spans
            for start in range(span.first, span.stop - window + 1, stride)
        ]
        self._shuffled, self._seed, self._epoch = shuffled, seed, 0
        self._weights: Tensor | None = None
        if weights is not None:
            self._weights = torch.tensor([weights[slot.episode][slot.first : slot.stop + window - 1].mean() for slot in self._slots])

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch whose windows are drawn next."""
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._slots)

    def __iter__(self) -> Iterator[Draw]:
        if not self._shuffled:
            yield from (Draw(slot.episode, slot.first, 0) for slot in self._slots)
            return
        generator = torch.Generator().manual_seed(self._seed * EPOCH_STRIDE + self._epoch)
        order = torch.randperm(len(self._slots), generator=generator)
        if self._weights is not None:
            expected = len(self._slots) * self._weights / self._weights.sum()
            draws = torch.arange(len(self._slots)) + torch.rand(1, dtype=torch.float64, generator=generator)
            order = torch.searchsorted(expected.cumsum(0), draws, right=True).clamp_max(len(self._slots) - 1)[order]
        shares = torch.rand(len(self._slots), generator=generator).tolist()
        seeds = torch.randint(2**31, (len(self._slots),), generator=generator).tolist()
        for index, share, seed in zip(order.tolist(), shares, seeds, strict=True):
            slot = self._slots[index]
            yield Draw(slot.episode, slot.first + int(share * (slot.stop - slot.first)), seed)
