"""Windows have consecutive frames and true time steps and do not reach over a cut; draws depend on the seed and the epoch only."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from driving.logs.reader import Log
from driving.quantities import UserError
from driving.training.balance import weigh_frames
from driving.training.data import DataConfig, split_frames
from driving.training.dataset import Batch, Draw, EpisodeArrays, Span, WindowDataset, WindowSampler, cut_at_gaps
from driving.training.labels import read_time_steps
from perception.augmentation import Augmentation, AugmentationConfig
from perception.transform import CameraTransform
from tests.training.logs import steers, write_log
from tests.training.runs import TRANSFORM, data


def make_numbered_episode(length: int, seed: int = 0) -> EpisodeArrays:
    """Return an episode whose images and labels show the frame's number."""
    rng = np.random.default_rng(seed)
    frames = np.arange(length)
    images = np.broadcast_to(frames.astype(np.uint8)[:, None, None, None], (length, 8, 12, 3))
    return EpisodeArrays(images, rng.uniform(0.02, 0.2, length), frames / 100.0)


def test_a_window_holds_consecutive_frames_with_their_own_labels_and_time_steps() -> None:
    episodes = [make_numbered_episode(40), make_numbered_episode(50, seed=1)]
    batch = WindowDataset(episodes, window=16).__getitems__([Draw(1, 7, 0), Draw(0, 24, 0)])
    assert batch.images_BTYXC.shape == (2, 16, 8, 12, 3)
    assert batch.images_BTYXC[:, :, 0, 0, 0].tolist() == [list(range(7, 23)), list(range(24, 40))]
    np.testing.assert_allclose(batch.target_BT[0], np.arange(7, 23) / 100.0, rtol=1e-6)
    np.testing.assert_allclose(batch.dt_BT[0, 1:], episodes[1].dt_s[8:23], rtol=1e-6)
    assert (batch.weight_BT == 1).all()


def test_frames_without_a_label_weigh_nothing() -> None:
    episode = make_numbered_episode(20)
    target = episode.target.copy()
    target[5] = np.nan
    batch = WindowDataset([EpisodeArrays(episode.images, episode.dt_s, target)], 8).__getitems__([Draw(0, 2, 0)])
    assert batch.weight_BT[0].tolist() == [1, 1, 1, 0, 1, 1, 1, 1]
    assert batch.target_BT.isfinite().all()


def test_irregular_timestamps_reach_the_windows_as_they_were_recorded(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    times = np.concatenate([[0.0], np.cumsum(rng.uniform(0.03, 0.3, 39))])
    root = write_log(tmp_path / "log", [40], times_s=[times])
    np.testing.assert_allclose(read_time_steps(Log(root), 0)[1:], np.diff(times), atol=1e-9)
    module = data(root, split="holdout_last", validation_share=0.2, augmentation=None)
    module.setup()
    (batch,) = module.val_dataloader()
    np.testing.assert_allclose(batch.dt_BT[0, 1:], np.diff(times)[32:39], rtol=1e-6)


def test_windows_show_the_logs_images_through_the_one_transform(log: Path) -> None:
    module = data(log, validation_share=0.0, augmentation=None, stride=8)
    module.setup()
    assert isinstance(module.val_dataloader(), list)
    batch = WindowDataset(module.episodes, 8).__getitems__([Draw(1, 16, 0)])
    frames = Log(log).frames(1, "observation.images.front", 16, 24)
    expected = np.stack([CameraTransform(TRANSFORM).to_model(frame) for frame in frames])
    assert (batch.images_BTYXC[0].numpy() == expected).all()
    np.testing.assert_allclose(batch.target_BT[0], steers(60, 1)[16:24], atol=1e-6)


def test_a_pause_cuts_the_episode_and_no_window_reaches_over_it() -> None:
    dt_s = np.full(50, 0.1)
    dt_s[20] = 5.0
    pieces = cut_at_gaps(Span(0, 0, 50), dt_s, max_gap_s=1.0)
    assert pieces == [Span(0, 0, 20), Span(0, 20, 50)]
    draws = list(WindowSampler(pieces, window=16, stride=4, shuffled=True))
    assert all(draw.start + 16 <= 20 or draw.start >= 20 for draw in draws)


def test_a_window_that_starts_after_a_pause_does_not_see_it_as_a_time_step() -> None:
    episode = make_numbered_episode(30)
    dt_s = np.full(30, 0.1)
    dt_s[10] = 5.0
    batch = WindowDataset([EpisodeArrays(episode.images, dt_s, episode.target)], 8).__getitems__([Draw(0, 10, 0)])
    np.testing.assert_allclose(batch.dt_BT, 0.1, rtol=1e-6)


def test_an_epoch_draws_every_window_once_shifted_by_less_than_the_stride() -> None:
    sampler = WindowSampler([Span(0, 0, 100), Span(1, 10, 80)], window=16, stride=8, shuffled=True, seed=3)
    draws = list(sampler)
    assert len(draws) == len(sampler) == 11 + 7
    first = sorted(draw.start for draw in draws if draw.episode == 0)
    assert all(8 * index <= start < 8 * (index + 1) for index, start in enumerate(first))
    assert max(first) + 16 <= 100
    assert all(10 <= draw.start <= 80 - 16 for draw in draws if draw.episode == 1)


def test_draws_depend_on_seed_and_epoch_and_on_nothing_that_ran_before() -> None:
    spans = [Span(0, 0, 200)]
    early, late, other = (WindowSampler(spans, 16, 8, True, seed=seed) for seed in (3, 3, 4))
    for epoch in range(4):
        early.set_epoch(epoch)
        drawn = list(early)
    late.set_epoch(3)
    other.set_epoch(3)
    assert drawn == list(late)
    assert drawn != list(other)
    late.set_epoch(2)
    assert drawn != list(late)


def test_a_batch_is_augmented_by_its_draws_seed_alone() -> None:
    episodes = [make_numbered_episode(40)]
    augmented = WindowDataset(episodes, 8, Augmentation(AugmentationConfig()))
    first: Batch = augmented.__getitems__([Draw(0, 3, 11), Draw(0, 20, 12)])
    augmented.__getitems__([Draw(0, 1, 5)])
    assert torch.equal(first.images_BTYXC, augmented.__getitems__([Draw(0, 3, 11), Draw(0, 20, 12)]).images_BTYXC)
    assert not torch.equal(first.images_BTYXC, WindowDataset(episodes, 8).__getitems__([Draw(0, 3, 11), Draw(0, 20, 12)]).images_BTYXC)


def test_holdout_keeps_the_last_part_of_every_episode_and_episodes_keeps_whole_ones() -> None:
    training, validation = split_frames([100, 50], 0.2, "holdout_last", seed=0)
    assert (training, validation) == ([Span(0, 0, 80), Span(1, 0, 40)], [Span(0, 80, 100), Span(1, 40, 50)])
    training, validation = split_frames([100, 50, 70, 80], 0.25, "episodes", seed=0)
    assert len(validation) == 1
    assert {*training, *validation} == {Span(0, 0, 100), Span(1, 0, 50), Span(2, 0, 70), Span(3, 0, 80)}


def test_one_episode_cannot_be_split_by_episodes_and_the_remedy_is_named() -> None:
    with pytest.raises(UserError, match="holdout_last"):
        split_frames([100], 0.2, "episodes", seed=0)


def test_a_log_shorter_than_a_window_is_refused(tmp_path: Path) -> None:
    module = data(write_log(tmp_path / "log", [6, 6]), window=16)
    with pytest.raises(UserError, match="no window of 16"):
        module.setup()


def test_several_logs_are_learned_from_together(log: Path, tmp_path: Path) -> None:
    other = write_log(tmp_path / "other", [40], seed=9)
    module = data([log, other], validation_share=0.0)
    module.setup()
    assert [len(episode.dt_s) for episode in module.episodes] == [60, 60, 60, 40]


def test_worker_processes_read_the_same_batches(log: Path) -> None:
    batches = []
    for workers in (0, 1):
        module = data(log, validation_share=0.0, workers=workers)
        module.setup()
        batches.append(next(iter(module.train_dataloader())))
    assert torch.equal(batches[0].images_BTYXC, batches[1].images_BTYXC)
    assert torch.equal(batches[0].target_BT, batches[1].target_BT)


def test_a_balanced_epoch_draws_rare_situations_as_often_as_common_ones_and_repeats_itself() -> None:
    common, rare = make_numbered_episode(900), make_numbered_episode(90, seed=1)
    episodes = [replace(common, target=np.zeros(900), task="straight"), replace(rare, target=np.zeros(90), task="bend")]
    spans = [Span(0, 0, 900), Span(1, 0, 90)]
    even = WindowSampler(spans, 16, 4, shuffled=True, weights=weigh_frames(episodes, 1.0))
    plain = WindowSampler(spans, 16, 4, shuffled=True)
    assert len(even) == len(plain) == len(list(even))
    assert sum(draw.episode == 1 for draw in plain) / len(plain) < 0.1
    assert sum(draw.episode == 1 for draw in even) / len(even) == pytest.approx(0.46, abs=0.03)  # 19 of 241 windows, each 10 times as heavy
    assert list(even) == list(even)
    assert {draw.start for draw in even if draw.episode == 1} <= set(range(75))


def test_balance_counts_frames_beside_the_centre_line_apart_from_those_on_it() -> None:
    lateral = np.where(np.arange(100) < 90, 0.0, -1.5)
    episode = replace(make_numbered_episode(100), target=np.zeros(100), lateral_m=lateral)
    (weights,) = weigh_frames([episode], 1.0)
    assert weights[:90].sum() == pytest.approx(weights[90:].sum()) == pytest.approx(50.0)
    with pytest.raises(UserError, match=r"balance is 1\.5"):
        DataConfig(Path("log"), balance=1.5)
