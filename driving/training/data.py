"""The data module: one log or several, cut into windows for training and for validation.

It decides which frames serve for training and which for validation. `logs` reads the logs, `cache` gives the images, `labels` gives the labels,
and `dataset` makes the windows.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

import lightning.pytorch as pl
import numpy as np
from torch.utils.data import DataLoader

from driving.bicycle import Bicycle
from driving.interrupts import end_with
from driving.logs import keys
from driving.logs.features import LogError
from driving.logs.reader import Log
from driving.quantities import UserError
from driving.training.balance import weigh_frames
from driving.training.cache import load_images
from driving.training.dataset import Batch, EpisodeArrays, Span, WindowDataset, WindowSampler, cut_at_gaps
from driving.training.labels import read_commands, read_labels, read_time_steps
from driving.training.road_ahead import read_road_ahead
from perception.augmentation import Augmentation, AugmentationConfig
from perception.transform import CameraTransformConfig
from policy.options import nearest

Split = Literal["episodes", "holdout_last"]


@dataclass(frozen=True)
class DataConfig:
    """Which logs to learn from, and how they become windows.

    Args:
        log: folder of a driving log (LeRobot v3.0), or several.
        window: frames per window.
        stride: frames from the start of one window to the start of the next.
        batch_size: windows per step.
        validation_share: share of the frames that is kept for validation; 0 for none.
        split: "episodes" keeps whole episodes for validation, "holdout_last" the last part of each.
        camera: which camera of the log, by default its first.
        max_gap_s: no window contains a pause longer than this (s).
        balance: from 0 (all frames are drawn alike) to 1 (all situations alike: families of roads, bends, distances from the centre line).
        augmentation: changes of light, colour, noise and shadows; null for none.
        bicycle: the car's wheelbase and steering, for the target "curvature".
        cache: folder for the decoded images, by default beside the log.
        workers: processes that read ahead; 0 reads in the training process, which is best on few cores.
        transform: the camera transform, taken from model.policy.
        target: what is predicted, taken from model.policy.
        command: whether the policy takes navigation commands, taken from model.policy.
        seed: decides order, shifts, augmentation and split; taken from seed_everything.
    """

    log: Path | list[Path]
    window: int = 16
    stride: int = 8
    batch_size: int = 32
    validation_share: float = 0.1
    split: Split = "episodes"
    camera: str | None = None
    max_gap_s: float = 1.0
    balance: float = 0.0
    augmentation: AugmentationConfig | None = None
    bicycle: Bicycle = Bicycle()  # noqa: RUF009 (frozen)
    cache: Path | None = None
    workers: int = 0
    transform: CameraTransformConfig | None = None
    target: str = "steer"
    command: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the values. Raises UserError where no window could be made with them."""
        if self.split not in get_args(Split):
            raise UserError(f"there is no split '{self.split}'{nearest(self.split, get_args(Split))}: give data.split {' or '.join(get_args(Split))}")
        if not 0.0 <= self.balance <= 1.0:
            raise UserError(f"data.balance is {self.balance}: give a value from 0 (as recorded) to 1 (all situations alike)")
        if self.window < 2 or self.stride < 1 or self.batch_size < 1 or not 0 <= self.validation_share < 1:
            raise UserError(
                f"window {self.window}, stride {self.stride}, batch_size {self.batch_size}, validation_share {self.validation_share}: "
                "expected at least 2, 1 and 1, and a share below 1"
            )

    @property
    def logs(self) -> list[Path]:
        """The logs' folders."""
        return [Path(one) for one in (self.log if isinstance(self.log, list) else [self.log])]


class DrivingData(pl.LightningDataModule):
    """Windows from driving logs for training and validation. `options` are the fields of `DataConfig`."""

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.config = DataConfig(**options)
        self.transform = self.config.transform or CameraTransformConfig()
        self.episodes: list[EpisodeArrays] = []
        self.training_spans: list[Span] = []
        self.validation_spans: list[Span] = []

    def setup(self, stage: str | None = None) -> None:
        """Read the labels, fill the image cache where needed, and split. Raises UserError where a log cannot serve."""
        if self.episodes:
            return
        for root in self.config.logs:
            self.episodes += self._read(Log(root))
        lengths = [len(episode.dt_s) for episode in self.episodes]
        training, validation = split_frames(lengths, self.config.validation_share, self.config.split, self.config.seed)
        self.training_spans, self.validation_spans = (self._cut(part) for part in (training, validation))
        if not len(self._sampler(training=True)):
            raise UserError(
                f"the log has episodes of {', '.join(map(str, lengths[:9]))} frames, no window of {self.config.window} for training: "
                "record longer, or lower data.window"
            )

    @property
    def step_s(self) -> float:
        """The median time between two frames (s)."""
        return float(np.median(np.concatenate([episode.dt_s for episode in self.episodes])))

    def summary(self) -> str:
        """Return in words how many windows and frames there are."""
        frames = sum(span.stop - span.first for span in self.training_spans)
        kept = sum(span.stop - span.first for span in self.validation_spans)
        windows = len(self._sampler(training=True))
        return f"{windows:,} windows of {self.config.window} from {frames:,} frames, {kept:,} frames kept for validation"

    def _read(self, log: Log) -> list[EpisodeArrays]:
        """Return the episodes of a log. Raises LogError where it has no episodes, or not the wanted camera."""
        camera = self.config.camera
        if not log.image_keys or not log.episodes:
            raise LogError(f"log {log.root} has {len(log.episodes)} episodes and {len(log.image_keys)} cameras, expected some of both: record it")
        if camera is not None and camera not in log.image_keys:
            raise LogError(f"log {log.root} has no camera '{camera}'{nearest(camera, log.image_keys)}: give one of {log.image_keys}")
        if self.config.command and keys.COMMAND not in log.features:
            raise LogError(f"log {log.root} has no {keys.COMMAND}, which model.policy.command needs: record it with --commands true")
        images = load_images(log, camera or log.image_keys[0], self.transform, self.config.cache)
        return [
            EpisodeArrays(
                images[number],
                read_time_steps(log, number),
                read_labels(log, number, self.config.target, self.config.bicycle),
                log.signals(number, keys.LANE).get("lateral_m"),
                ", ".join(log.episode(number).tasks),
                read_commands(log, number) if self.config.command else None,
                read_road_ahead(log, number),
            )
            for number in log.numbers
        ]

    def _cut(self, spans: Sequence[Span]) -> list[Span]:
        return [piece for span in spans for piece in cut_at_gaps(span, self.episodes[span.episode].dt_s, self.config.max_gap_s)]

    def _sampler(self, training: bool) -> WindowSampler:
        spans, stride = (self.training_spans, self.config.stride) if training else (self.validation_spans, self.config.window)
        weights = weigh_frames(self.episodes, self.config.balance) if training and self.config.balance else None
        return WindowSampler(spans, self.config.window, stride, training, self.config.seed, weights)

    def _loader(self, training: bool) -> DataLoader[Batch]:
        augmentation = Augmentation(self.config.augmentation) if training and self.config.augmentation is not None else None
        sampler = self._sampler(training)
        return DataLoader(
            WindowDataset(self.episodes, self.config.window, augmentation),
            batch_size=self.config.batch_size,
            sampler=sampler,
            drop_last=training and len(sampler) >= self.config.batch_size,
            num_workers=self.config.workers,
            worker_init_fn=partial(_end_with, os.getpid()),
            persistent_workers=False,  # new workers in each epoch see the order of that epoch's sampler
            collate_fn=_pass_batch,  # type: ignore[arg-type]  # the dataset gives batches, not lists of samples
        )

    def train_dataloader(self) -> DataLoader[Batch]:
        """Return the training windows, shuffled and augmented."""
        return self._loader(training=True)

    def val_dataloader(self) -> DataLoader[Batch] | list[DataLoader[Batch]]:
        """Return the validation windows in order, not augmented; nothing where no window fits."""
        return self._loader(training=False) if len(self._sampler(training=False)) else []


def _end_with(owner: int, _: int) -> None:
    """Let a worker end with the training process."""
    end_with(owner)


def _pass_batch(batch: Batch) -> Batch:
    """Return the batch as it is: it comes whole from the dataset."""
    return batch


def split_frames(lengths: Sequence[int], share: float, split: Split, seed: int) -> tuple[list[Span], list[Span]]:
    """Return the spans for training and those for validation.

    Args:
        lengths: the number of frames of each episode.
        share: the share of frames for validation, in [0, 1).
        split: how these frames are chosen, see `DataConfig`.
        seed: decides which whole episodes are kept.

    Raises UserError where there are too few episodes to keep whole ones.
    """
    whole = [Span(index, 0, length) for index, length in enumerate(lengths)]
    if share == 0:
        return whole, []
    if split == "holdout_last":
        cuts = [holdout_start(length, share) for length in lengths]
        return [Span(i, 0, cut) for i, cut in enumerate(cuts)], [Span(i, cut, lengths[i]) for i, cut in enumerate(cuts)]
    if len(lengths) < 2:
        raise UserError("the log has one episode, too few to keep whole ones for validation: give --data.split holdout_last")
    count = min(max(1, round(share * len(lengths))), len(lengths) - 1)
    kept = set(np.random.default_rng(seed).permutation(len(lengths))[:count].tolist())
    return [span for span in whole if span.episode not in kept], [span for span in whole if span.episode in kept]


def holdout_start(length: int, share: float) -> int:
    """Return the first frame of the last `share` of an episode of `length` frames."""
    return round(length * (1.0 - share))
