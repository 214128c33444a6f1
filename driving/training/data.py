"""The data module: one log or several, cut into training and validation windows.

Leaves reading to `logs`, images to `cache`, labels to `labels`, windows to `dataset`; it decides which frames are for what.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import lightning.pytorch as pl
import numpy as np
from torch.utils.data import DataLoader

from driving.bicycle import Bicycle
from driving.logs.features import LogError
from driving.logs.reader import Log
from driving.quantities import UserError
from driving.training.cache import model_images
from driving.training.dataset import Batch, EpisodeArrays, Span, WindowDataset, WindowSampler, cut_at_gaps
from driving.training.labels import target_labels, time_steps
from perception.augmentation import Augmentation, AugmentationConfig
from perception.transform import CameraTransformConfig
from policy.options import nearest

SPLITS = ("episodes", "holdout_last")


class DrivingData(pl.LightningDataModule):
    """Windows from driving logs for training and validation.

    Args:
        log: folder of a driving log (LeRobot v3.0), or several.
        window: frames a window.
        stride: frames from one window's start to the next one's.
        batch_size: windows a step.
        validation_share: share of the frames that is kept for validation; 0 for none.
        split: "episodes" keeps whole episodes for validation, "holdout_last" the last part of each.
        camera: which camera of the log, by default its first.
        max_gap_s: windows do not reach over a pause longer than this (s).
        augmentation: changes of light, colour, noise and shadows; null for none.
        bicycle: the car's wheelbase and steering, for the target "curvature".
        cache: folder for the decoded images, by default beside the log.
        workers: processes that read ahead; 0 reads in the training process, best on few cores.
        transform: the camera transform, taken from model.policy.
        target: what is predicted, taken from model.policy.
        seed: decides order, shifts, augmentation and split; taken from seed_everything.
    """

    def __init__(
        self,
        log: Path | list[Path],
        window: int = 16,
        stride: int = 8,
        batch_size: int = 32,
        validation_share: float = 0.1,
        split: str = "episodes",
        camera: str | None = None,
        max_gap_s: float = 1.0,
        augmentation: AugmentationConfig | None = None,
        bicycle: Bicycle = Bicycle(),  # noqa: B008 (frozen)
        cache: Path | None = None,
        workers: int = 0,
        transform: CameraTransformConfig | None = None,
        target: str = "steer",
        seed: int = 0,
    ) -> None:
        super().__init__()
        if split not in SPLITS:
            raise UserError(f"there is no split '{split}'{nearest(split, SPLITS)}: give data.split {' or '.join(SPLITS)}")
        if window < 2 or stride < 1 or batch_size < 1 or not 0 <= validation_share < 1:
            raise UserError(
                f"window {window}, stride {stride}, batch_size {batch_size}, validation_share {validation_share}: "
                "expected at least 2, 1 and 1, and a share below 1"
            )
        self.logs = [Path(one) for one in (log if isinstance(log, list) else [log])]
        self.window, self.stride, self.batch_size = window, stride, batch_size
        self.validation_share, self.split, self.camera, self.max_gap_s = validation_share, split, camera, max_gap_s
        self.augmentation, self.bicycle, self.cache, self.workers = augmentation, bicycle, cache, workers
        self.transform, self.target, self.seed = transform or CameraTransformConfig(), target, seed
        self.episodes: list[EpisodeArrays] = []
        self.training_spans: list[Span] = []
        self.validation_spans: list[Span] = []

    def setup(self, stage: str | None = None) -> None:
        """Reads labels, fills the image cache where needed, and splits. Raises UserError where a log cannot serve."""
        if self.episodes:
            return
        for root in self.logs:
            self.episodes += self._read(Log(root))
        lengths = [len(episode.dt_s) for episode in self.episodes]
        training, validation = split_frames(lengths, self.validation_share, self.split, self.seed)
        self.training_spans, self.validation_spans = (self._cut(part) for part in (training, validation))
        if not len(self._sampler(training=True)):
            raise UserError(
                f"the log has episodes of {', '.join(map(str, lengths[:9]))} frames, no window of {self.window} for training: "
                "record longer, or lower data.window"
            )

    @property
    def step_s(self) -> float:
        """The usual time between two frames (s)."""
        return float(np.median(np.concatenate([episode.dt_s for episode in self.episodes])))

    def summary(self) -> str:
        """What there is to learn from, in words."""
        frames = sum(span.stop - span.first for span in self.training_spans)
        kept = sum(span.stop - span.first for span in self.validation_spans)
        windows = len(self._sampler(training=True))
        return f"{windows:,} windows of {self.window} from {frames:,} frames, {kept:,} frames kept for validation"

    def _read(self, log: Log) -> list[EpisodeArrays]:
        if not log.image_keys or not log.episodes:
            raise LogError(f"log {log.root} has {len(log.episodes)} episodes and {len(log.image_keys)} cameras, expected some of both: record it")
        if self.camera is not None and self.camera not in log.image_keys:
            raise LogError(f"log {log.root} has no camera '{self.camera}'{nearest(self.camera, log.image_keys)}: give one of {log.image_keys}")
        images = model_images(log, self.camera or log.image_keys[0], self.transform, self.cache)
        return [
            EpisodeArrays(images[index], time_steps(log, index), target_labels(log, index, self.target, self.bicycle))
            for index in range(len(log.episodes))
        ]

    def _cut(self, spans: Sequence[Span]) -> list[Span]:
        return [piece for span in spans for piece in cut_at_gaps(span, self.episodes[span.episode].dt_s, self.max_gap_s)]

    def _sampler(self, training: bool) -> WindowSampler:
        spans, stride = (self.training_spans, self.stride) if training else (self.validation_spans, self.window)
        return WindowSampler(spans, self.window, stride, shuffled=training, seed=self.seed)

    def _loader(self, training: bool) -> DataLoader[Batch]:
        augmentation = Augmentation(self.augmentation) if training and self.augmentation is not None else None
        sampler = self._sampler(training)
        return DataLoader(
            WindowDataset(self.episodes, self.window, augmentation),
            batch_size=self.batch_size,
            sampler=sampler,
            drop_last=training and len(sampler) >= self.batch_size,
            num_workers=self.workers,
            persistent_workers=False,  # workers of their own an epoch see its sampler's order
            collate_fn=_whole,  # type: ignore[arg-type]  # the dataset gives batches, not lists of samples
        )

    def train_dataloader(self) -> DataLoader[Batch]:
        """Shuffled, augmented windows."""
        return self._loader(training=True)

    def val_dataloader(self) -> DataLoader[Batch] | list[DataLoader[Batch]]:
        """The kept-back windows in order, as they are; nothing where none fits."""
        return self._loader(training=False) if len(self._sampler(training=False)) else []


def _whole(batch: Batch) -> Batch:
    """Batches come whole from the dataset."""
    return batch


def split_frames(lengths: Sequence[int], share: float, split: str, seed: int) -> tuple[list[Span], list[Span]]:
    """The spans for training and for validation of episodes of these lengths. Raises UserError where whole episodes cannot be split."""
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
    """The first frame of an episode's last `share`."""
    return round(length * (1.0 - share))
